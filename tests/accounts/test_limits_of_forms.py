"""Forms cannot be sent without end, also while Redis is away; what stops people says so."""

from collections.abc import Iterator

import pytest

from tests.people import Browser, NabzClanProcess
from tests.processes import Server, free_port


@pytest.fixture(params=["with Redis", "without Redis"])
def strict(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[Server]:
    """A server that lets an address sign in three times a minute."""
    changed = {"SIGN_INS_PER_MINUTE": "3"}
    if request.param == "without Redis":
        changed["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    process = Server(environment=environment | changed, workers=1, up="/healthz")
    yield process
    process.stop()


def test_sign_ins_are_limited_by_address(strict: Server, nabzclan: NabzClanProcess) -> None:
    browser = Browser(strict)
    statuses = [browser.go_to_nabzclan().status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert browser.page is not None
    assert "That was too often" in browser.page.text
    assert browser.open("/sign-in").status_code == 200
