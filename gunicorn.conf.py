"""How `gunicorn sufrah.wsgi` serves pages, API and webhooks. Options on the command line come before these."""

import os
import sys
from pathlib import Path

# The `gunicorn` script starts in its own folder, not in this one.
sys.path.insert(0, str(Path(__file__).resolve().parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")

from django.conf import settings

bind = f"127.0.0.1:{settings.PORT}"
worker_class = "sufrah.gunicorn_http.PatientWorker"
workers = settings.HTTP_WORKERS
threads = settings.HTTP_THREADS
worker_connections = 2000

# A worker whose main loop hangs is replaced; a slow request is no reason. Twilio waits 15 seconds for an answer.
timeout = 30
graceful_timeout = 30
# Longer than a proxy keeps its connections to us: else it would sometimes write into one that we are closing.
keepalive = 75
# Fresh processes now and then, not all at the same moment.
max_requests = 50_000
max_requests_jitter = 10_000
# Heartbeats are files: on a disk that is busy they would make a healthy worker look dead.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

limit_request_line = 4094
limit_request_fields = 100
limit_request_field_size = 8190

# Who may say by X-Forwarded-Proto that a request came by https: the proxy on this machine. A proxy elsewhere is named
# by its address (`--forwarded-allow-ips 10.0.0.5`), never by "*", unless nobody else can reach this port. What address
# a visitor has is another question: TRUSTED_PROXIES.
forwarded_allow_ips = "127.0.0.1,::1"

# Each request has one line, written by the house itself. `--access-logfile -` adds gunicorn's own.
logger_class = "sufrah.gunicorn_http.Lines"
accesslog = None
errorlog = "-"
access_log_format = "%(m)s %(U)s %(s)s in %(M)s ms"
