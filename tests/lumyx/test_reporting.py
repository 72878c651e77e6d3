"""What is sent to Sentry and over OpenTelemetry, as it arrives there: no word of anybody."""

import gzip
import json
import secrets
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from lumyx import env
from lumyx.reporting import errors, traces
from tests.customers import Customer, accept, session_of
from tests.lumyx.test_settings import manage
from tests.processes import ProviderProcess, Server, wait_until

CANARY = f"canary{secrets.token_hex(12)}"
ADDRESS = "203.0.113.78"
BODY = {"model": "echo", "messages": [{"role": "user", "content": CANARY}]}


class Recorder:
    """Somebody else's server that keeps what it is sent."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes]] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                recorder.received.append((self.path, str(self.headers).encode() + body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def text(self, path: str) -> str:
        """Return all that came to a path."""
        return "\n".join(
            body.decode("utf-8", "replace") for at, body in self.received if path in at
        )

    def events(self) -> list[dict[str, Any]]:
        """Return what came as events of Sentry: the lines of its envelopes that are such."""
        lines = [line for line in self.text("/envelope/").splitlines() if line.startswith("{")]
        return [one for one in map(json.loads, lines) if "logger" in one]


class FailingServer(Server):
    app = "tests.lumyx.failing:application"


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def reporting(
    environment: dict[str, str], provider: ProviderProcess, recorder: Recorder
) -> Iterator[Server]:
    process = FailingServer(
        environment={
            **environment,
            "SENTRY_DSN": f"http://public@127.0.0.1:{recorder.port}/1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{recorder.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "TRUSTED_PROXY_COUNT": "1",
        }
    )
    yield process
    process.stop()


@pytest.fixture
def failed(reporting: Server, customer: Customer) -> tuple[str, str]:
    """Fail in a call and in a page that were sent canaries everywhere; return their ids."""
    sent = {"X-Forwarded-For": ADDRESS, "User-Agent": CANARY, "Referer": CANARY, "X-Mine": CANARY}
    call = requests.post(
        f"{reporting.api}/fails?q={CANARY}",
        json=BODY,
        headers={**customer.headers, **sent},
        timeout=10,
    )
    accept(customer.user)
    page = requests.get(
        f"{reporting.url}/fails/{CANARY}?q={CANARY}",
        headers={**sent, "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"},
        cookies={"session": session_of(customer.user), "more": CANARY},
        timeout=10,
    )
    assert (call.status_code, page.status_code) == (500, 500)
    return call.headers["x-request-id"], page.headers["X-Request-ID"]


def told(customer: Customer, text: str) -> list[str]:
    """Return what of a customer a text holds."""
    user = customer.user
    own = (CANARY, customer.key, customer.key[8:-4], user.username, user.email, ADDRESS)
    return [one for one in own if one in text]


def test_an_error_is_reported_by_type_place_and_id(
    recorder: Recorder, customer: Customer, failed: tuple[str, str]
) -> None:
    call, page = failed

    def about(request_id: str) -> list[dict[str, Any]]:
        return [e for e in recorder.events() if e["tags"].get("request_id") == request_id]

    wait_until(lambda: bool(about(call) and about(page)), seconds=10, what="the events")
    [event], [other] = about(call), about(page)
    assert event["message"] == f"call {call} failed"
    cause, error = event["exception"]["values"]
    assert (cause["type"], error["type"]) == ("KeyError", "ValueError")
    last = error["stacktrace"]["frames"][-1]
    assert (last["filename"], last["function"]) == ("tests/lumyx/failing.py", "post")
    assert "vars" not in last
    assert other["tags"]["route"] == "fails/<str:word>"
    kept = {*errors.KEPT, "message", "tags", "exception"}
    for sent in (event, other):
        assert sent.keys() <= kept
    assert told(customer, recorder.text("/envelope/")) == []


def test_alarms_are_reported_and_other_lines_are_not(
    reporting: Server, recorder: Recorder, customer: Customer
) -> None:
    answer = customer.chat(reporting, "echo-no-usage", text=CANARY)
    wanted = f"no usage was reported for call {answer.headers['x-request-id']}"
    wait_until(lambda: wanted in recorder.text("/envelope/"), seconds=10, what="the alarm")
    assert told(customer, recorder.text("/envelope/")) == []
    assert {event["level"] for event in recorder.events()} == {"error"}


def test_traces_tell_of_routes_and_ids_alone(
    recorder: Recorder, customer: Customer, failed: tuple[str, str]
) -> None:
    def all_there() -> bool:
        text = recorder.text("/v1/traces")
        return all(request_id in text for request_id in failed)

    wait_until(all_there, seconds=10, what="the spans")
    text = recorder.text("/v1/traces")
    assert "POST api/v1/fails" in text
    assert "GET fails/<str:word>" in text
    assert told(customer, text) == []
    # What a client says of a trace of its own is not followed.
    assert bytes.fromhex("ab" * 16) not in b"".join(body for _, body in recorder.received)


def test_routes_name_nobody() -> None:
    assert traces.route_of("/api/v1/models/secret/name") == "api/v1/models/<path:name>"
    assert traces.route_of(f"/api/{CANARY}") == "api/"
    assert traces.route_of(f"/{CANARY}") == "unknown"
    assert traces.route_of("/usage/req_1") == "usage/<str:public_id>"


def test_what_no_log_record_is_behind_is_not_reported() -> None:
    assert errors.scrub({"message": CANARY}, {}) is None


@pytest.mark.parametrize("name", ["SENTRY_DSN", "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_what_is_set_but_not_installed_is_named_at_start(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "https://somewhere.test/1")
    for module in ("no_such_package", "no_such_package.at.all"):
        environment = env.Environment()
        environment.need(name, module)
        [complaint] = environment.errors
        assert complaint.startswith(f"{name}: is set, but what it needs is not installed")
        assert "requirements-observability.txt" in complaint


def test_what_is_set_and_installed_passes_the_deploy_checks() -> None:
    done = manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        SENTRY_DSN="https://public@sentry.test/1",
        OTEL_EXPORTER_OTLP_ENDPOINT="https://traces.test",
        METRICS_TOKEN="t" * 32,
        LOG_FORMAT="json",
    )
    assert done.returncode == 0, done.stderr
