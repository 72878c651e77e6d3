"""The restore drill: a backup, an erasure, and the backup restored, with PostgreSQL's own tools."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from psycopg import sql

from accounts.models import Session, User
from billing import invariants
from gateway import partitions
from lumyx import backups
from privacy import absence, identifiers, tombstones
from privacy.models import Erasure
from tests.customers import Customer, make_customer, session_of
from tests.people import NabzClanProcess
from tests.privacy.leavers import erased, person_of_everything
from tests.processes import ROOT, Server
from tests.shop import StripeProcess


@contextmanager
def empty_database() -> Iterator[str]:
    """Make an empty database and give its name; drop it in the end."""
    name = f"drill_{uuid.uuid4().hex}"
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = '60s'")
            cursor.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            cursor.execute("reset statement_timeout")


@contextmanager
def looking_at(name: str) -> Iterator[None]:
    """Have this process look at another database."""
    at = connections["default"].settings_dict
    before = at["NAME"]
    connection.close()
    at["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        at["NAME"] = before


def manage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as an operator does."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )


def into(name: str, environment: dict[str, str]) -> dict[str, str]:
    url = environment["DATABASE_URL"].rsplit("/", 1)[0]
    return {**environment, "DATABASE_URL": f"{url}/{name}"}


def everything_in(source: Path | str) -> str:
    """Return all data of a backup, or of a database, as PostgreSQL's own tools write it."""
    at: dict[str, Any] = settings.DATABASES["default"]
    if isinstance(source, Path):
        command = [str(backups.program("pg_restore")), "--data-only", "--file=-", str(source)]
    else:
        command = [str(backups.program("pg_dump")), "--data-only", f"--dbname={source}"]
    where = {"PGHOST": at["HOST"], "PGPORT": at["PORT"], "PGUSER": at["USER"]}
    done = subprocess.run(
        command, env={**where, "PGPASSWORD": at["PASSWORD"]}, capture_output=True, check=True
    )
    return done.stdout.decode()


def names(user: User) -> list[str]:
    """Return what is nobody else's in any text, and is kept nowhere once somebody is erased."""
    found = identifiers.of(user)
    return [one.value for one in found if one.unique and not one.kept_in and len(one.value) > 11]


@pytest.fixture
def leaver(server: Server, nabzclan: NabzClanProcess, stripe: StripeProcess) -> Customer:
    return person_of_everything(server, nabzclan, stripe)


@pytest.mark.usefixtures("exports_directory")
def assert_told_of_the_money(done: subprocess.CompletedProcess[str], before: list[str]) -> None:
    """A restore says of the money what was true of it as it was backed up.

    Other tests break some of the books of their database on purpose.
    """
    if before:
        assert done.returncode == 1, done.stdout
        assert f"The money does not add up: {'; '.join(before)}." in done.stderr
    else:
        assert done.returncode == 0, (done.stdout, done.stderr)
        assert "Every invariant of the ledger holds." in done.stdout


def false_sentences() -> list[str]:
    """Return which invariants of the money are not kept in the tests' own database."""
    return [violation.sentence for violation in invariants.check()]


def test_who_was_erased_after_the_backup_is_nowhere_in_the_restored_database(
    leaver: Customer, server: Server, environment: dict[str, str], tmp_path: Path
) -> None:
    stayer = make_customer()
    stayer.chat(server)
    stayer.wait_for_log(1)
    session_of(stayer.user)
    named, texts = identifiers.of(leaver.user), names(leaver.user)
    books = false_sentences()
    done = manage(environment, "back_up", str(tmp_path))
    assert done.returncode == 0, done.stderr
    [(file, _)] = backups.kept(tmp_path)
    before = everything_in(file)
    assert [text for text in texts if text not in before] == []

    erased(leaver)
    balance = stayer.balance()
    with empty_database() as name:
        done = manage(into(name, environment), "restore", str(file))
        assert_told_of_the_money(done, books)
        after = everything_in(name)
        assert [text for text in texts if text in after] == []
        assert str(stayer.user.pk) in after
        with looking_at(name):
            assert absence.scan(named).traces == []
            assert Erasure.objects.filter(why="restored").exists()
            assert tombstones.risen() == []
            assert false_sentences() == books
            assert stayer.balance() == balance
            assert partitions.today() in partitions.days_kept()
            assert not Session.objects.exists()
            call_command("migrate", check_unapplied=True, verbosity=0)


@pytest.mark.usefixtures("exports_directory")
def test_a_backup_brings_the_tombstones_with_it_where_the_machine_was_lost(
    leaver: Customer, environment: dict[str, str], tmp_path: Path
) -> None:
    books = false_sentences()
    manage(environment, "back_up", str(tmp_path))
    [(file, _)] = backups.kept(tmp_path)
    pk = leaver.user.pk
    erased(leaver)
    # The next day's backup has the tombstone; the day before's is the one that is restored.
    backups.make(tmp_path, now=datetime.now(UTC) + timedelta(days=1))
    lost = {**environment, "TOMBSTONE_DIR": str(tmp_path / "new machine")}
    with empty_database() as name:
        done = manage(into(name, lost), "restore", str(file))
        assert_told_of_the_money(done, books)
        with looking_at(name):
            assert not User.objects.filter(pk=pk).exists()
    assert pk in tombstones.every(tmp_path / "new machine")


def test_a_database_that_is_in_use_is_never_restored_into(
    environment: dict[str, str], tmp_path: Path, customer: Customer
) -> None:
    file = backups.make(tmp_path)
    done = manage(environment, "restore", str(file))
    assert done.returncode == 1
    assert "not empty" in done.stderr
    customer.user.refresh_from_db()


def test_a_broken_backup_leaves_the_database_empty(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = backups.make(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 9 // 10])
    with empty_database() as name:
        done = manage(into(name, environment), "restore", str(file))
        assert done.returncode == 1
        assert "pg_restore failed" in done.stderr
        with looking_at(name):
            assert connection.introspection.table_names() == []


def test_backups_are_for_their_owner_alone_and_none_outlives_its_days(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    days = settings.BACKUP_DAYS
    old = tmp_path / (now - timedelta(days=days, hours=-24)).strftime(backups.NAMED)
    young = tmp_path / (now - timedelta(days=days, hours=-26)).strftime(backups.NAMED)
    for file in (old, young, tmp_path / "lumyx-of-somebody-else.dump"):
        file.touch()
    made = backups.make(tmp_path, now=now)
    assert made.stat().st_mode & 0o077 == 0
    assert [file for file, _ in backups.kept(tmp_path)] == [young, made]
    assert (tmp_path / "lumyx-of-somebody-else.dump").exists()


def test_a_backup_that_fails_leaves_the_old_ones_and_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / (datetime.now(UTC) - timedelta(days=99)).strftime(backups.NAMED)
    old.touch()
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", "no such database")
    with pytest.raises(backups.BackupError, match=r"pg_dump failed.*does not exist"):
        backups.make(tmp_path)
    assert list(tmp_path.iterdir()) == [old]


def test_the_password_is_not_in_the_list_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    run = subprocess.run

    def watched(command: list[str], **options: object) -> object:
        shown.append([str(word) for word in command])
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", watched)
    backups.make(tmp_path)
    assert [Path(command[0]).name for command in shown if "--version" not in command] == [
        "pg_dump",
        "pg_restore",
    ]
    password = str(settings.DATABASES["default"]["PASSWORD"])
    assert not any(password in word for command in shown for word in command)


def test_the_tools_must_be_as_new_as_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "_candidates", lambda name, major: iter([Path("/bin/true")]))
    with pytest.raises(backups.BackupError, match="install postgresql-client-"):
        backups.program("pg_dump")
