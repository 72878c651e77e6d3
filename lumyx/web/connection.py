"""One connection of a client, which the end of the process does not cut in the middle of a word."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway import draining

LINGER_SECONDS = 0.5
"""How long a connection that says nothing stays open at the end: a request may be on its way."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, but for how it ends with the process."""

    def on_headers_complete(self) -> None:
        """Begin to answer; whoever comes again is to go elsewhere."""
        super().on_headers_complete()
        if draining.begun() and self.cycle is not None:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Finish what is being answered, and wait a moment for what may be on its way."""
        if self._is_idle():
            self.loop.call_later(LINGER_SECONDS, self._close_if_idle)
        else:
            super().shutdown()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_if_idle(self) -> None:
        if self._is_idle():
            self.transport.close()
