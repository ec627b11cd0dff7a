#!/usr/bin/env python
"""Commands of the house: `./manage.py help`."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from sufrah.folder import DataFolderError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")
    try:
        execute_from_command_line(sys.argv)
    except (DataFolderError, ImproperlyConfigured) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
