"""Start and stop the gateway's parts with the ASGI server."""

import logging

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

from gateway import runtime

log = logging.getLogger("lumyx.gateway")


class Lifespan:
    """Answers the ASGI lifespan protocol."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one lifespan, from startup to shutdown."""
        await receive()
        await runtime.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await runtime.stop()
        except Exception:
            log.exception("the gateway did not stop cleanly")
        await send({"type": "lifespan.shutdown.complete"})
