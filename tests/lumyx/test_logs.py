"""Log lines are JSON, carry the id of their request, and quote nobody."""

import json
import logging
import re
import secrets
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from celery import shared_task

from gateway import ids
from lumyx.logs.formats import JsonLines, TextLines
from privacy.conformance import log_files
from tests.customers import Customer, accept, session_of
from tests.processes import ProviderProcess, Server, wait_until

CANARY = f"canary{secrets.token_hex(12)}"
BODY = {"model": "echo", "messages": [{"role": "user", "content": CANARY}]}


PROXIED = {"TRUSTED_PROXY_COUNT": "1"}
"""Tests come from one address; so each can have one of its own."""


class FailingServer(Server):
    """A server in which an endpoint and a page fail, two processes, with logs of one form."""

    app = "tests.lumyx.failing:application"


@pytest.fixture(scope="module")
def failing(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    process = FailingServer(
        "--log-config=lumyx/logs/uvicorn.json",
        environment={**environment, "LOG_FORMAT": "json", **PROXIED},
    )
    yield process
    process.stop()


@pytest.fixture(scope="module")
def in_text(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    process = FailingServer(environment={**environment, "LOG_FORMAT": "text", **PROXIED})
    yield process
    process.stop()


def lines(server: Server) -> list[dict[str, Any]]:
    """Return every line that a server wrote, which must be JSON."""
    found = []
    for line in server.text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            raise AssertionError(f"not JSON: {line}") from None
    return found


def line_of(server: Server, request_id: str) -> dict[str, Any]:
    """Return the line about a request."""

    def found() -> list[dict[str, Any]]:
        return [line for line in lines(server) if line.get("request_id") == request_id]

    wait_until(lambda: bool(found()), seconds=5, what=request_id, seen=server.text)
    [line] = found()
    return line


def fail_everywhere(server: Server, customer: Customer) -> tuple[str, str]:
    """Fail in a call and in a page; return the ids of the two."""
    call = requests.post(
        f"{server.api}/fails",
        json=BODY,
        headers={**customer.headers, "User-Agent": CANARY, "X-Forwarded-For": "203.0.113.77"},
        timeout=10,
    )
    assert call.status_code == 500
    accept(customer.user)
    page = requests.get(
        f"{server.url}/fails/{CANARY}?q={CANARY}",
        headers={"X-Request-ID": CANARY, "Referer": CANARY, "X-Forwarded-For": "203.0.113.77"},
        cookies={"session": session_of(customer.user), "more": CANARY},
        timeout=10,
    )
    assert page.status_code == 500
    return call.headers["x-request-id"], page.headers["X-Request-ID"]


def told(customer: Customer, text: str) -> list[str]:
    """Return what of a customer a text holds."""
    user = customer.user
    own = (CANARY, customer.key, customer.key[8:-4], user.username, user.email)
    return [one for one in (*own, "203.0.113.77") if one in text]


def test_a_failing_call_and_page_are_logged_by_id_type_and_place(
    failing: Server, customer: Customer
) -> None:
    call, page = fail_everywhere(failing, customer)
    line = line_of(failing, call)
    assert line["message"] == f"call {call} failed"
    assert (line["level"], line["logger"]) == ("ERROR", "lumyx.gateway")
    assert line["exception"] == ["ValueError", "KeyError"]
    assert line["at"][-1].startswith("tests/lumyx/failing.py:")
    assert line["at"][-1].endswith(" post")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    line = line_of(failing, page)
    assert (line["message"], line["status"]) == ("Internal Server Error", 500)
    assert (line["logger"], line["route"]) == ("django.request", "fails/<str:word>")
    assert line["exception"] == ["ValueError"]


def test_alarms_within_calls_carry_their_ids(failing: Server, customer: Customer) -> None:
    answer = customer.chat(failing, "echo-no-usage", text=CANARY)
    request_id = answer.headers["x-request-id"]
    assert line_of(failing, request_id)["message"].startswith("alarm: no usage was reported")


def test_every_line_parses_and_none_quotes_anybody(failing: Server, customer: Customer) -> None:
    fail_everywhere(failing, customer)
    for model in ("echo-fail-500", "echo-cut", "echo-bad-usage", "echo-garbage", f"no-{CANARY}"):
        for stream in (True, False):
            customer.chat(failing, model, text=CANARY, stream=stream, user=CANARY)
    requests.get(f"{failing.url}/", headers={"Host": f"{CANARY}.test"}, timeout=10)
    requests.get(f"{failing.url}/admin/%00{CANARY}", timeout=10)
    customer.wait_for_log(10)
    written = lines(failing)
    assert {line["logger"].partition(".")[0] for line in written} >= {"lumyx", "django", "uvicorn"}
    assert all(line.keys() >= {"time", "level", "logger", "message"} for line in written)
    assert told(customer, failing.text()) == []
    judged = {log_files.wrong_with(line) for line in failing.text().splitlines()}
    assert judged == {""}, "the promise that the log files are read for"


def test_text_tells_the_same_and_quotes_nobody_either(in_text: Server, customer: Customer) -> None:
    call, page = fail_everywhere(in_text, customer)
    wait_until(lambda: f"request_id {page}" in in_text.text(), seconds=5, seen=in_text.text)
    text = in_text.text()
    assert f"call {call} failed (request_id {call})" in text
    assert "ValueError from KeyError\n    gateway/" in text
    assert told(customer, text) == []


def test_pages_have_ids_of_their_own(server: Server) -> None:
    shown = {
        requests.get(f"{server.url}{path}", timeout=10).headers["X-Request-ID"]
        for path in ("/", "/", "/models", "/nothing/here")
    }
    assert len(shown) == 4
    assert all(ids.from_public(one) for one in shown)


@shared_task
def failing_task(word: str) -> None:
    logging.getLogger("lumyx.billing").warning("about to fail")
    raise ValueError(word)


@pytest.mark.parametrize("form", [JsonLines, TextLines])
def test_a_task_is_named_but_not_what_it_was_given(form: type[logging.Formatter]) -> None:
    written: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(form().format(record))

    keep = Keep()
    loggers = [logging.getLogger(name) for name in ("celery.app.trace", "lumyx")]
    for logger in loggers:
        logger.addHandler(keep)
    try:
        done = failing_task.apply(args=(CANARY,))
    finally:
        for logger in loggers:
            logger.removeHandler(keep)
    assert done.failed()
    before, after = written
    assert CANARY not in before + after
    assert all(done.id in line and "failing_task" in line for line in written)
    assert "ValueError" in after
    assert "about to fail" in before


def test_a_line_is_never_so_long_that_it_could_hold_what_somebody_sent() -> None:
    def fall(deep: int) -> None:
        if not deep:
            raise ValueError
        try:
            fall(deep - 1)
        except ValueError as error:
            raise RuntimeError from error

    try:
        fall(40)
    except RuntimeError:
        raised = sys.exc_info()
    made = logging.LogRecord("lumyx", logging.ERROR, "", 1, "alarm: %s", ([12_345] * 900,), raised)
    line = JsonLines().format(made)
    assert log_files.wrong_with(line) == ""
    assert json.loads(line)["at"][-1].endswith(" fall")
    assert len(json.loads(line)["message"]) > 100


def test_a_warning_is_told_by_its_kind_and_place() -> None:
    told = warnings.formatwarning(f"naive {CANARY}", RuntimeWarning, "/a/site-packages/b/c.py", 7)
    made = logging.LogRecord("py.warnings", logging.WARNING, "", 1, told, (), None)
    assert json.loads(JsonLines().format(made))["message"] == "RuntimeWarning at b/c.py:7"


def test_what_libraries_say_is_told_without_their_values() -> None:
    def record(name: str, message: str, *values: object, error: bool = False) -> dict[str, Any]:
        try:
            raise ValueError(CANARY)
        except ValueError:
            raised = sys.exc_info() if error else None
        made = logging.LogRecord(name, logging.ERROR, __file__, 1, message, values, raised)
        line: dict[str, Any] = json.loads(JsonLines().format(made))
        assert CANARY not in str(line)
        return line

    lost = f"Task exception was never retrieved\nfuture: <Task exception=ValueError({CANARY!r})>"
    assert record("asyncio", lost, error=True)["message"] == "Task exception was never retrieved"
    assert record("urllib3", "Retrying %s", CANARY)["message"] == "Retrying %s"
    assert record("uvicorn.error", "Started [%d]", 7)["message"] == "Started [7]"
    assert record("uvicorn.error", "Failed at %s", CANARY, error=True)["message"] == "Failed at %s"
    line = record("lumyx", "alarm: %s", "it", error=True)
    assert (line["message"], line["exception"]) == ("alarm: it", ["ValueError"])
