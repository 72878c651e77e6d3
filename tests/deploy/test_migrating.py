"""Migrations take as long as they must, and wait for no lock for long."""

from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_migrate


def limits() -> dict[str, str]:
    found = {}
    names = ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout")
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(f"show {name}")
            found[name] = cursor.fetchone()[0]
    return found


def test_a_migration_has_no_time_limit_but_for_locks() -> None:
    before, during = limits(), {}

    def look(**kwargs: object) -> None:
        during.update(limits())

    post_migrate.connect(look)
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        post_migrate.disconnect(look)
    assert during == {
        "statement_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "lock_timeout": before["lock_timeout"],
    }
    assert limits() == before
    assert before["statement_timeout"] == "5s"
