"""Leaks that are planted on purpose are caught by the checks, and shown to everybody."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import Session
from gateway import keys, partitions
from tests.customers import make_customer
from tests.privacy.leaks import CANARY, Leak, caught, sql, states

DAY = timedelta(days=1)
NOW = timezone.now()


COLUMNS = [
    ("accounts_user", "phone varchar(40)", ("2.1-account", "3-purposes")),
    ("accounts_user", "birthday date", ("2.1-account", "9-age")),
    ("accounts_nabzclanlink", "biography text", ("2.1-account",)),
    ("accounts_session", "ip inet", ("2.2-place",)),
    ("gateway_requestlog", "prompt text", ("2.2-usage", "2.3-content")),
    ("gateway_requestlog", "city varchar(40)", ("2.2-usage", "2.2-place")),
    ("billing_hold", "body jsonb", ("2.3-content", "3-purposes")),
]


@pytest.mark.parametrize(("table", "column", "names"), COLUMNS, ids=lambda v: str(v)[:24])
def test_a_new_column_that_nobody_classified(
    world: None, table: str, column: str, names: tuple[str, ...]
) -> None:
    caught(lambda: sql(f"alter table {table} add column {column}"), *names)


def test_a_new_table(world: None) -> None:
    caught(lambda: sql("create table diary (words text)"), "3-purposes", "2.3-content")


@pytest.mark.parametrize(
    "line",
    [
        '{"model": "echo", "messages": [{"role": "user", "content": "' + CANARY + '"}]}',
        "ERROR provider refused {'prompt': '" + CANARY + "'}",
        "INFO signed in: ada@example.com",
        f"INFO call with {keys.generate()} refused",
        CANARY * 100,
    ],
    ids=["body", "prompt", "email", "key", "long line"],
)
def test_a_line_of_a_log_file_that_says_too_much(world: None, tmp_path: Path, line: str) -> None:
    file = tmp_path / "logs" / "app.log"
    file.parent.mkdir()
    fine = f"{NOW:%Y-%m-%d %H:%M:%S},000 INFO lumyx.gateway call req_1 settled\n"
    file.write_text(fine * 5_000)

    def plant() -> None:
        with file.open("a") as log:
            log.write(f"{line}\n")

    with override_settings(APP_LOGS=[str(tmp_path / "**" / "*.log")]):
        caught_in_files(plant, lambda: file.write_text(fine))
        page = Client().get("/privacy/conformance").content.decode()
        assert CANARY not in page
        assert "1 line of 1 log file" in page


def caught_in_files(plant: Leak, remove: Leak) -> None:
    assert states("2.3-traces") == {"2.3-traces": "kept"}
    plant()
    assert states("2.3-traces") == {"2.3-traces": "not_kept"}
    page = Client().get("/privacy/conformance").content.decode()
    assert CANARY not in page
    remove()
    assert states("2.3-traces") == {"2.3-traces": "kept"}


def test_a_log_file_that_reaches_too_far_back(world: None, tmp_path: Path) -> None:
    file = tmp_path / "app.log.1"
    with override_settings(APP_LOGS=[str(tmp_path / "*")]):
        for days, state in ((29, "kept"), (31, "not_kept")):
            file.write_text(f"{timezone.now() - days * DAY:%Y-%m-%d %H:%M:%S},000 INFO a line\n")
            assert states("4-copies") == {"4-copies": state}


def test_a_body_that_was_left_in_redis(world: None) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        caught_in_files(
            lambda: client.set("cached-call", json.dumps({"messages": [{"content": CANARY}]})),
            lambda: client.delete("cached-call"),
        )


def old_day(*, detached: bool) -> Leak:
    def plant() -> None:
        day = partitions.today() - 31 * DAY
        partitions.make(first=day, days=1)
        if detached:
            sql(f"alter table gateway_requestlog detach partition gateway_requestlog_{day:%Y%m%d}")

    return plant


@pytest.mark.parametrize("detached", [False, True], ids=["attached", "detached"])
def test_a_day_of_the_request_log_that_is_31_days_old(world: None, detached: bool) -> None:
    caught(old_day(detached=detached), "4-logs")


@pytest.mark.parametrize(
    "statement",
    [
        "create table gateway_requestlog_rest partition of gateway_requestlog default",
        "create table gateway_requestlog_backup (like gateway_requestlog)",
        "create materialized view gateway_requestlog_copy as select * from gateway_requestlog",
    ],
)
def test_a_copy_of_the_request_log(world: None, statement: str) -> None:
    caught(lambda: sql(statement), "4-logs")


def test_a_day_is_too_old_the_moment_its_first_call_could_be_30_days_old(world: None) -> None:
    first = partitions.days_kept()[0]
    begins = datetime(first.year, first.month, first.day, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert states("4-logs", now=begins + 30 * DAY - second) == {"4-logs": "kept"}
    assert states("4-logs", now=begins + 30 * DAY) == {"4-logs": "not_kept"}


def test_a_hold_that_outlived_its_call(world: None) -> None:
    account = make_customer().account.id
    then = int((timezone.now() - 31 * DAY).timestamp() * 1_000)
    caught(
        lambda: sql(
            "insert into billing_hold (id, account_id, request_id, amount, cost, state, expires_at)"
            " values (%s, %s, 'old', 5, 5, 1, now() - interval '31 days')",
            f"{then:012x}{'0' * 20}",
            account,
        ),
        "4-copies",
    )


def test_an_export_file_that_nobody_deleted(world: None, exports_directory: Path) -> None:
    file = exports_directory / "forgotten.zip"
    file.write_bytes(b"")
    try:
        assert states("4-copies") == {"4-copies": "kept"}
        assert states("4-copies", now=NOW + 8 * DAY) == {"4-copies": "not_kept"}
    finally:
        file.unlink()


def test_a_session_cookie_with_an_age(world: None) -> None:
    assert states("7-sessions", "7-cookies") == {"7-sessions": "kept", "7-cookies": "kept"}
    with override_settings(SESSION_EXPIRE_AT_BROWSER_CLOSE=False):
        assert states("7-sessions") == {"7-sessions": "not_kept"}
    with override_settings(SESSION_COOKIE_HTTPONLY=False):
        assert states("7-cookies") == {"7-cookies": "not_kept"}


def test_a_cookie_that_follows_people(world: None) -> None:
    with override_settings(MIDDLEWARE=["tests.privacy.leaks.tracking", *settings.MIDDLEWARE]):
        assert states("7-cookies") == {"7-cookies": "not_kept"}
    assert states("7-cookies") == {"7-cookies": "kept"}


def test_a_pixel_and_a_policy_that_lets_others_in(world: None) -> None:
    assert states("7-third-parties") == {"7-third-parties": "kept"}
    with override_settings(MIDDLEWARE=["tests.privacy.leaks.pixel", *settings.MIDDLEWARE]):
        assert states("7-third-parties") == {"7-third-parties": "not_kept"}
    rules = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    for change in (
        {"script-src": ["'self'", "https://cdn.example"]},
        {"script-src": ["'self'", "'unsafe-inline'"]},
        {"form-action": ["*"]},
        {"default-src": ["'self'"]},
    ):
        with override_settings(CONTENT_SECURITY_POLICY={"DIRECTIVES": {**rules, **change}}):
            assert states("7-third-parties") == {"7-third-parties": "not_kept"}, change


def test_a_session_that_ended_and_was_not_deleted(world: None) -> None:
    ended = timezone.now() - timedelta(hours=3)
    caught(
        lambda: Session.objects.create(session_key="e" * 32, session_data="", expire_date=ended),
        "7-sessions",
    )
