"""The web process: calls of models go to the lean handler, everything else to Django's own."""

import os
import warnings
from typing import Any

import django
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lumyx.settings")
django.setup()

from gateway.asgi import GatewayHandler  # noqa: E402  Django must be set up first
from gateway.lifespan import Lifespan  # noqa: E402
from gateway.playground import PATH as PLAYGROUND  # noqa: E402
from lumyx import health  # noqa: E402
from lumyx.reporting import traces  # noqa: E402

# WhiteNoise serves files through a synchronous iterator, which is right for small ones.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")

website: Any = get_asgi_application()
gateway = GatewayHandler()
playground = GatewayHandler("/playground", urls="gateway.playground_urls")
probed = health.Health()
lifespan = Lifespan()


async def serve(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Route one ASGI connection by its type and path."""
    if scope["type"] == "http":
        path = scope["path"]
        if path.startswith("/api/"):
            await gateway(scope, receive, send)
        elif path == PLAYGROUND:
            await playground(scope, receive, send)
        elif path in health.PATHS:
            await probed(scope, receive, send)
        else:
            await website(scope, receive, send)
    elif scope["type"] == "lifespan":
        await lifespan(receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000, "reason": None})


application = traces.traced(serve)
