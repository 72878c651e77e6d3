"""The database of one test worker: a copy of one that was migrated once for all of them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases
from psycopg import sql

PACKAGES = ("accounts", "billing", "gateway", "lumyx", "privacy")
LOCK = 20_261_125
"""Of PostgreSQL's advisory locks, the one for whoever makes databases for tests."""


@contextmanager
def copied(name: str) -> Iterator[None]:
    """Let a database of this name, with the real migrations, be the default one."""
    wrapper = connections["default"]
    before = wrapper.settings_dict["NAME"]
    with unhurried():
        make(name)
    _use(name)
    try:
        yield
    finally:
        with unhurried():
            wrapper.creation.destroy_test_db(before, verbosity=0)


def make(name: str) -> None:
    """Copy the migrated database, which whoever comes first makes."""
    migrated = f"test_lumyx_{_digest()}"
    at = connections["default"].settings_dict
    with psycopg.connect(
        host=at["HOST"],
        port=at["PORT"],
        user=at["USER"],
        password=at["PASSWORD"],
        dbname="postgres",
        autocommit=True,
    ) as server:
        server.execute("select pg_advisory_lock(%s)", [LOCK])
        known = "select 1 from pg_database where datname = %s"
        if not server.execute(known, [migrated]).fetchone():
            _migrate(migrated, server)
        server.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
        server.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(migrated)
            )
        )


def _migrate(name: str, server: psycopg.Connection) -> None:
    """Make the database; it gets its name when it is whole."""
    half = f"{name}_half"
    before = connections["default"].settings_dict["NAME"]
    connections["default"].settings_dict["TEST"]["NAME"] = half
    setup_databases(verbosity=0, interactive=False)
    connections.close_all()
    _use(before)
    server.execute(
        sql.SQL("alter database {} rename to {}").format(sql.Identifier(half), sql.Identifier(name))
    )


def _use(name: str) -> None:
    connections.close_all()
    settings.DATABASES["default"]["NAME"] = connections["default"].settings_dict["NAME"] = name


def _digest() -> str:
    """Return what changes with any code that a migration may run."""
    found = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted(Path(settings.BASE_DIR, package).rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:12]


@contextmanager
def unhurried() -> Iterator[None]:
    """Let statements take their time: a busy disk makes and drops databases slowly."""
    options = connections["default"].settings_dict["OPTIONS"]
    guards = options.pop("options")
    connections.close_all()
    yield
    options["options"] = guards
    connections.close_all()
