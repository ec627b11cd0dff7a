"""HTTP and sockets."""

import os
from typing import Any, cast

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import SessionMiddlewareStack
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import path

from core.database.patience import set_usual_patience

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sufrah.settings")
http = get_asgi_application()
set_usual_patience(settings.DATABASE_ANSWERS_WITHIN)

# Models can be imported only once Django is set up.
from bots import missed as senders  # noqa: E402
from bots.consumers import LiveConsumer  # noqa: E402
from conversations import missed as conversations  # noqa: E402
from orders import missed as orders  # noqa: E402

ROOMS = (senders.missed, conversations.missed, orders.missed)

# Channels routes sockets through Django's `path`, whose types know views only.
routes: list[Any] = [path("ws", cast(Any, LiveConsumer.as_asgi(missed=ROOMS)))]
sockets = SessionMiddlewareStack(URLRouter(routes))
application = ProtocolTypeRouter({"http": http, "websocket": sockets})
