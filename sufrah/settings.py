"""The only reader of the environment. Every name is in docs/settings.md; all are optional on a laptop."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.translation import gettext_lazy as _
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

import sufrah
from bots.gaps import gaps
from core.database.options import CONNECTION
from sufrah import api_docs, environment, folder, keys, policy_words

BASE_DIR = Path(__file__).resolve().parent.parent
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")
env = environ.Env()
# Empty means the default; a variable that is there and empty also keeps the file's from being read.
env.ENVIRON = {name: value for name, value in os.environ.items() if value.strip()}

SUFRAH_ENV: str = environment.known(env.str("SUFRAH_ENV", default="local"))
IS_PRODUCTION = SUFRAH_ENV == "production"
DEBUG: bool = env.bool("DEBUG", default=False) and not IS_PRODUCTION
PORT: int = env.int("PORT", default=8000)
PORT_IS_GIVEN = bool(env.str("PORT", default=""))
VERSION: str = env.str("SUFRAH_VERSION", default=sufrah.__version__)
DATA_DIR = (BASE_DIR / env.str("SUFRAH_DATA_DIR", default="var")).resolve()
# What Twilio posts while the database is away. Shared by all processes of a machine, which may share it with others.
SPOOL_DIR = (BASE_DIR / env.str("SPOOL_DIR", default=str(DATA_DIR / "spool"))).resolve()
SPOOL_MAX_FILES: int = env.int("SPOOL_MAX_FILES", default=50_000)
SPOOL_MAX_MB: int = env.int("SPOOL_MAX_MB", default=256)
WEBHOOK_PATIENCE_SECONDS: float = env.float("WEBHOOK_PATIENCE_SECONDS", default=0.5)
PUBLIC_BASE_URL: str = env.str("PUBLIC_BASE_URL", default=f"http://localhost:{PORT}").rstrip("/")
DASHBOARD_PAT: str = env.str("DASHBOARD_PAT", default="")
TWILIO_API_BASE_URL: str = env.str("TWILIO_API_BASE_URL", default="")
TWILIO_TIMEOUT_SECONDS = 10
SIMULATOR = not IS_PRODUCTION
HOOKS_TIMEOUT_SECONDS = 10
HOOKS_ALLOW_LOOPBACK: bool = not IS_PRODUCTION and env.bool("HOOKS_ALLOW_LOOPBACK", default=False)

SECRET_KEY: str = env.str("SECRET_KEY", default="")
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS", default=[])
if not IS_PRODUCTION:
    kept_keys = keys.kept(folder.ready(DATA_DIR))
    SECRET_KEY = SECRET_KEY or kept_keys.secret_key
    FIELD_ENCRYPTION_KEYS = FIELD_ENCRYPTION_KEYS or [kept_keys.field_encryption_key]
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
if not IS_PRODUCTION:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]", "testserver"]
ALLOWED_HOSTS += [urlsplit(PUBLIC_BASE_URL).hostname or "localhost"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]

INSTALLED_APPS = [
    # Before django.contrib.auth, whose commands for passwords it notes.
    "sufrah.apps.SufrahConfig",
    "daphne",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "corsheaders",
    "sufrah.apps.JobsConfig",
    "bots",
    "orders",
    "conversations",
    "sessions_state",
]
MIDDLEWARE = [
    "sufrah.request_lines.RequestLines",
    "sufrah.health.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sufrah.policy.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "bots.gate.OperatorsGate",
    "bots.throttle.PatientDoors",
]
ROOT_URLCONF = "sufrah.urls"
WSGI_APPLICATION = "sufrah.wsgi.application"
ASGI_APPLICATION = "sufrah.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    },
]

MIGRATION_LOCK_SECONDS: int = env.int("MIGRATION_LOCK_SECONDS", default=3)
WORKER_CONCURRENCY: int = env.int("WORKER_CONCURRENCY", default=8)
HTTP_THREADS: int = env.int("HTTP_THREADS", default=16)
HTTP_WORKERS: int = env.int("HTTP_WORKERS", default=2)
HAS_DATABASE_URL = bool(env.str("DATABASE_URL", default=""))
USES_EMBEDDED_DATABASE = not IS_PRODUCTION and not HAS_DATABASE_URL
if found := [str(gap) for gap in gaps(sys.modules[__name__])]:
    raise ImproperlyConfigured("\n".join(["Sufrah does not start like this:", *found]))
if USES_EMBEDDED_DATABASE:
    # Production does without the package.
    from sufrah import embedded

    DATABASES = {"default": env.db_url_config(embedded.url(DATA_DIR))}
else:
    DATABASES = {"default": env.db("DATABASE_URL")}
# On a laptop one process is web and worker; in production each is one of them.
_USUAL = 4 + (max(WORKER_CONCURRENCY, HTTP_THREADS) if IS_PRODUCTION else WORKER_CONCURRENCY + HTTP_THREADS)
DATABASE_CONNECTIONS: int = env.int("DATABASE_CONNECTIONS", default=_USUAL)
DATABASE_ANSWERS_WITHIN: float = env.float("DATABASE_ANSWERS_WITHIN", default=15.0)
_POOL = {"min_size": 1, "max_size": DATABASE_CONNECTIONS, "timeout": 10}
_OPTIONS = {**CONNECTION, **DATABASES["default"].get("OPTIONS", {}), "pool": _POOL}
DATABASES["default"] |= {"ENGINE": "core.database", "OPTIONS": _OPTIONS}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = env.str("REDIS_URL", default="")
# The house does without Redis; nobody waits for it, and nobody tries again before the next one does.
_SOON = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
CHANNEL_LAYERS: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **_SOON, "retry": AsyncRetry(NoBackoff(), 0)}]},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

# Whether somebody has thought of it: behind a proxy that is not named, all visitors share one address.
TRUSTED_PROXIES_SAID = bool(env.str("TRUSTED_PROXIES", default=""))
TRUSTED_PROXIES: int = env.int("TRUSTED_PROXIES", default=0) if TRUSTED_PROXIES_SAID else 0
SIGN_IN_TRIES: int = env.int("SIGN_IN_TRIES", default=5)
SIGN_IN_MINUTES: int = env.int("SIGN_IN_MINUTES", default=15)
SECOND_FACTOR_REQUIRED = IS_PRODUCTION
SESSION_ENGINE = "bots.sign_in.sessions"
PASSWORD_HASHERS = ["bots.sign_in.hashing.PatientHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en"
LANGUAGES = [("ar", _("Arabic")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "sufrah" / "locale"]
TIME_ZONE = "Asia/Riyadh"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "sufrah" / "static"]
if not IS_PRODUCTION:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if IS_PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
MEDIA_ROOT = DATA_DIR / "media"

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = IS_PRODUCTION and env.bool("SECURE_SSL_REDIRECT", default=True)
# Twilio posts by https only and follows a redirect with GET, which loses the message; probes speak plain http inside.
SECURE_REDIRECT_EXEMPT = [r"^whatsapp/", r"^webhook$", r"^healthz", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_PRODUCTION else 0
# They bind all of the domain, also what is no Sufrah, for a year: only who asks for it gets it.
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD: bool = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if IS_PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# What a body may have, by the beginning of its address, refused before it is taken in. Twilio's forms have 20 KB.
MAX_BODY_BYTES = DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
BODY_LIMITS = {"/whatsapp/": 64 * 1024, "/webhook": 64 * 1024}
# From its first byte to its last; who takes longer is cut off.
REQUEST_SECONDS: float = env.float("REQUEST_SECONDS", default=30.0)
CONTENT_SECURITY_POLICY = {"DIRECTIVES": policy_words.of_pages(PUBLIC_BASE_URL)}

# Pages of these origins may call the API in a browser, with a token; a session never opens it, so no cookie is let in.
CORS_ALLOWED_ORIGINS: list[str] = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = ("accept", "authorization", "content-type", "idempotency-key", "if-none-match", "x-restaurant-id")
CORS_EXPOSE_HEADERS = ["Deprecation", "ETag", "Idempotency-Replayed", "Link", "Retry-After", "X-RateLimit-Limit"]
CORS_EXPOSE_HEADERS += ["X-RateLimit-Remaining", "X-RateLimit-Reset"]
API_CALLS_PER_MINUTE: int = env.int("API_CALLS_PER_MINUTE", default=6000)
FAILED_BEARERS_PER_MINUTE: int = env.int("FAILED_BEARERS_PER_MINUTE", default=30)
# Holds the counts of the API's throttles and nothing that matters: shared by all processes where there is Redis.
CACHES: dict[str, dict[str, object]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "sufrah",
        "OPTIONS": {**_SOON, "retry": Retry(NoBackoff(), 0)},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}
SPECTACULAR_SETTINGS = api_docs.SETTINGS
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "bots.rest.schema.ApiSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["bots.rest.parsing.StorableJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["bots.rest.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["bots.rest.authentication.ScopeAllows"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "bots.rest.refusals.refused",
    "NON_FIELD_ERRORS_KEY": "body",
    "URL_FORMAT_OVERRIDE": None,
}

PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

LOG_LINES = "sufrah.logs.JsonLines" if IS_PRODUCTION else "sufrah.logs.PlainLines"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": LOG_LINES}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO" if IS_PRODUCTION else "WARNING")},
    "loggers": {
        # How a process started is said at every level.
        "sufrah.starting": {"level": "INFO"},
        # Its INFO lines quote request addresses, which carry customers' numbers.
        "twilio": {"level": "WARNING"},
        # Twice a second while a server is away; `bots.relay`, `conversations.outage` and the worker say it once.
        "channels_redis": {"level": "CRITICAL"},
        "psycopg.pool": {"level": "ERROR"},
        # Two lines a job would drown everything else.
        "procrastinate": {"level": "WARNING"},
        # A refusal has its own line, which quotes no address; a fault has its traceback.
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}

UNFOLD = {
    "SITE_TITLE": _("Sufrah"),
    "SITE_HEADER": _("Sufrah"),
    "SITE_SYMBOL": "restaurant",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": f"/{STATIC_URL}sufrah/mark.svg"}],
    "SHOW_LANGUAGES": True,
    "LOGIN": {"form": "bots.staff_forms.OperatorForm"},
    "SIDEBAR": {"show_search": True},
    "DASHBOARD_CALLBACK": "sufrah.overview.overview",
    "STYLES": [lambda request: static("bots/admin.css")],
    "SCRIPTS": [lambda request: static("bots/once.js")],
}
