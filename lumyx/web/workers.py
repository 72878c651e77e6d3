"""Several processes at one port, kept alive by uvicorn's own parent."""

from uvicorn.supervisors import multiprocess

from lumyx.web.server import Config, Server


class Worker(multiprocess.Process):
    """One of the processes."""

    config: Config

    @property
    def server(self) -> Server:
        """Return what serves in it."""
        if self._server is None:
            self._server = Server(self.config)
        assert isinstance(self._server, Server)
        return self._server


class Workers(multiprocess.Multiprocess):
    """The parent; its copy of the socket must not keep a port open at which nobody answers."""

    def terminate_all(self) -> None:
        """Drain every process."""
        for listening in self.sockets:
            listening.close()
        super().terminate_all()


# uvicorn has no option for what it makes its processes of.
multiprocess.Process = Worker  # type: ignore[misc]
