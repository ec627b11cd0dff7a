"""HTTP alone, for production behind a proxy."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from core.database.patience import set_usual_patience

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")
django = get_wsgi_application()
set_usual_patience(settings.DATABASE_ANSWERS_WITHIN)

# Models, settings and loggers are there only once Django is set up.
from conversations.intake import tender  # noqa: E402
from sufrah.bodies import LimitedBodies  # noqa: E402
from sufrah.gunicorn_http import received  # noqa: E402
from sufrah.starting import refuse_demo_people, tell_start  # noqa: E402

application = LimitedBodies(django, received)
refuse_demo_people()
tell_start("web")
tender.start()
