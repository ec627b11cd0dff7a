"""Sockets alone: `daphne -v 0 sufrah.sockets:application`, for production beside gunicorn."""

from sufrah.asgi import sockets_alone
from sufrah.starting import refuse_demo_people, tell_start

application = sockets_alone
refuse_demo_people()
tell_start("sockets")
