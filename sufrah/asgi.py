"""Sockets, and outside of production HTTP as well.

In production `daphne sufrah.sockets:application` serves sockets alone: pages, API and webhooks are gunicorn's there.
`manage.py serve` serves everything in one process.
"""

import os
from collections.abc import Awaitable, Callable
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
from sufrah import daphne_http  # noqa: E402
from sufrah.bodies import refusal_for  # noqa: E402

ROOMS = (senders.missed, conversations.missed, orders.missed)

# Channels routes sockets through Django's `path`, whose types know views only.
routes: list[Any] = [path("ws", cast(Any, LiveConsumer.as_asgi(missed=ROOMS)))]
sockets = SessionMiddlewareStack(URLRouter(routes))


async def refuse_http(
    scope: dict[str, Any], receive: object, send: Callable[[dict[str, Any]], Awaitable[None]]
) -> None:
    """426 where a socket is asked for without an upgrade, else 404 (RFC 9110, 15.5.22)."""
    is_socket = scope["path"] == "/ws"
    content_type, body = refusal_for(scope["path"], 426 if is_socket else 404)
    headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
    upgrade = [(b"upgrade", b"websocket")] if is_socket else []
    await send({"type": "http.response.start", "status": 426 if is_socket else 404, "headers": headers + upgrade})
    await send({"type": "http.response.body", "body": body})


everything = ProtocolTypeRouter({"http": http, "websocket": sockets})
sockets_alone = ProtocolTypeRouter({"http": refuse_http, "websocket": sockets})
application = sockets_alone if settings.IS_PRODUCTION else everything

daphne_http.install()
