"""PostgreSQL and Valkey, started from their wheels for as long as somebody needs them."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lumyx.local import secrets
from lumyx.local.homes import open_home
from lumyx.local.postgresql import PostgreSQL
from lumyx.local.valkey import Valkey


@dataclass(frozen=True)
class Engines:
    """Where the engines answer, and their processes; 0 for one that runs elsewhere."""

    database_url: str
    redis_url: str
    postgresql_pid: int = 0
    valkey_pid: int = 0

    @property
    def pids(self) -> frozenset[int]:
        """The processes that were started here."""
        return frozenset({self.postgresql_pid, self.valkey_pid} - {0})


@contextlib.contextmanager
def running(
    directory: Path,
    *,
    passwords: Mapping[str, str] | None = None,
    durable: bool = True,
    keep: bool = False,
    database_url: str = "",
    redis_url: str = "",
) -> Iterator[Engines]:
    """Run both engines on data below a directory; an engine whose URL is given is not started.

    What is durable survives a power failure. Unless the data is to be kept, the passwords
    may be left to chance, and nothing stays outside the directory.
    """
    passwords = passwords or secrets.make()
    with contextlib.ExitStack() as stack:
        pids = {}
        if not (database_url and redis_url):
            home = stack.enter_context(open_home(directory, keep=keep))
            logs = directory / "log"
            logs.mkdir(exist_ok=True)
            os.chmod(logs, 0o700)
        if not database_url:
            postgresql = PostgreSQL(
                home,
                log=logs / "postgresql.log",
                admin_password=passwords["POSTGRESQL_ADMIN_PASSWORD"],
                password=passwords["POSTGRESQL_PASSWORD"],
                durable=durable,
            )
            stack.enter_context(postgresql.running())
            database_url, pids["postgresql_pid"] = postgresql.url, postgresql.pid
        if not redis_url:
            valkey = Valkey(
                home,
                log=logs / "valkey.log",
                password=passwords["VALKEY_PASSWORD"],
                durable=durable,
            )
            stack.enter_context(valkey.running())
            redis_url, pids["valkey_pid"] = valkey.url, valkey.pid
        yield Engines(database_url, redis_url, **pids)
