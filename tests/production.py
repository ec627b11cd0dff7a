"""`python -m tests.production`: `manage.py check --deploy` as a production server would run it, without a warning."""

from __future__ import annotations

import os
import subprocess
import sys

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

PRODUCTION = {
    "SUFRAH_ENV": "production",
    "SECRET_KEY": get_random_secret_key() + get_random_secret_key(),
    "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    "PUBLIC_BASE_URL": "https://orders.example.com",
    "ALLOWED_HOSTS": "orders.example.com",
    "DATABASE_URL": "postgresql://sufrah@localhost/sufrah",
    "TRUSTED_PROXIES": "1",
    "DEBUG": "",
}


def main() -> int:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env={**os.environ, **PRODUCTION}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
