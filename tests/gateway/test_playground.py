"""The playground calls models for who is signed in: by their session, never by a key."""

import json
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
import requests
from django.conf import settings

from accounts import states
from accounts.models import User
from billing.amounts import in_credits
from billing.models import MICRO
from gateway import keys, playground
from gateway.models import ApiKey, KeyKind, VipLevel
from gateway.public_prices import written
from tests.customers import Customer, accept, make_customer, session_of
from tests.gateway.test_content_is_never_kept import everything_stored
from tests.processes import ProviderProcess, Server, wait_until

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Visitor:
    """Somebody who is signed in, in a browser of theirs that shows the playground."""

    server: Server
    customer: Customer
    browser: requests.Session
    token: str

    def call(self, model: str = "echo", text: str = "Hello there", **how: Any) -> requests.Response:
        """Make one streamed call; `body` and `headers` add to what the page sends."""
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": text}]}
        headers = {"X-CSRFToken": self.token, "Origin": self.server.url} | how.pop("headers", {})
        return self.browser.post(
            self.server.url + playground.PATH,
            json=body | how.pop("body", {}),
            headers={name: value for name, value in headers.items() if value is not None},
            timeout=20,
            **how,
        )

    def refusal(self, **how: Any) -> tuple[int, str]:
        """Make a call that is refused; return its status and code."""
        answer = self.call(**how)
        return answer.status_code, answer.json()["error"]["code"]

    def key(self) -> ApiKey:
        """Return the playground's key."""
        return self.customer.user.api_keys.get(kind=KeyKind.PLAYGROUND)

    def charge_of(self, name: str) -> dict[str, Any]:
        """Return what the page learns of a call that it did not await."""
        found: dict[str, Any] = {}

        def ended() -> bool:
            answer = self.browser.get(f"{self.server.url}/playground/calls/{name}", timeout=10)
            found.update(answer.json() if answer.ok else {})
            return bool(found.get("ended"))

        wait_until(ended, seconds=5, what="the charge")
        return found


def visit(server: Server, customer: Customer, *, accepted: bool = True) -> Visitor:
    if accepted:
        accept(customer.user)
    browser = requests.Session()
    browser.cookies.set(settings.SESSION_COOKIE_NAME, session_of(customer.user))
    page = browser.get(f"{server.url}/playground", timeout=10)
    found = TOKEN.search(page.text)
    return Visitor(server, customer, browser, found[1] if found else "")


@pytest.fixture
def visitor(server: Server, customer: Customer) -> Visitor:
    return visit(server, customer)


def events(text: str) -> list[tuple[str, str]]:
    """Return each event of a stream: its name and its data."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    found = [re.fullmatch(r"(?:event: (\w+)\n)?data: (.*)", block) for block in blocks]
    return [(match[1] or "", match[2]) for match in found if match]


def told(text: str) -> dict[str, Any]:
    """Return the charge that a stream told, which is the last of it."""
    name, data = events(text)[-1]
    assert name == "charge", text[-300:]
    said: dict[str, Any] = json.loads(data)
    return said


def test_an_answer_streams_and_says_what_it_cost(visitor: Visitor) -> None:
    answer = visitor.call(text="Say this back to me")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    stream = events(answer.text)
    assert stream[-2] == ("", "[DONE]")
    chunks = [json.loads(data) for _, data in stream[:-2]]
    text = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    assert text == "Say this back to me"
    said = told(answer.text)
    [spent] = visitor.customer.spent()
    assert said["charge"] == in_credits(spent)
    assert said["balance"] == in_credits(visitor.customer.balance()) == in_credits(10**7 - spent)
    usage = said["usage"]
    assert spent == 2 * usage["prompt_tokens"] + 8 * usage["completion_tokens"]
    assert not said["estimated"]
    [row] = visitor.customer.wait_for_log(1)
    assert (row.key_id, row.charge, row.streamed) == (visitor.key().pk, spent, True)
    assert visitor.customer.holds_open() == 0


def test_an_answer_that_breaks_says_its_charge_after_its_error(visitor: Visitor) -> None:
    stream = events(visitor.call("echo-cut", text="one two three four five six seven").text)
    assert json.loads(stream[-2][1])["error"]["code"] == "provider_stream_error"
    name, data = stream[-1]
    assert (name, json.loads(data)["estimated"]) == ("charge", True)
    assert json.loads(data)["charge"] == in_credits(visitor.customer.spent()[0])


def test_neither_opens_the_others_door(visitor: Visitor) -> None:
    bearer = visitor.customer.headers
    stranger = requests.post(visitor.server.url + playground.PATH, json={}, headers=bearer)
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "signed_out")
    for headers in ({"X-CSRFToken": visitor.token}, bearer | {"Authorization": "Bearer lx-none"}):
        at_api = visitor.browser.post(
            f"{visitor.server.api}/chat/completions", json={}, headers=headers
        )
        assert at_api.status_code == 401
    digest = bytes(keys.of_playground(visitor.customer.user).digest)
    assert keys.find(digest.hex()) is None


def test_only_the_page_itself_can_call(visitor: Visitor) -> None:
    forged = (403, "csrf_failed")
    assert visitor.refusal(headers={"X-CSRFToken": None}) == forged
    assert visitor.refusal(headers={"X-CSRFToken": "x" * 64}) == forged
    assert visitor.refusal(headers={"Origin": "https://elsewhere.example"}) == forged
    ended = Visitor(visitor.server, visitor.customer, requests.Session(), visitor.token)
    ended.browser.cookies.set(settings.SESSION_COOKIE_NAME, secrets.token_hex(16))
    assert ended.refusal() == (401, "signed_out")
    assert visitor.customer.spent() == []


def test_a_stranger_is_led_to_sign_in_and_back(server: Server) -> None:
    page = requests.get(f"{server.url}/playground?model=echo", timeout=10, allow_redirects=False)
    assert page.headers["Location"] == f"/sign-in?next={quote('/playground?model=echo')}"
    asked = requests.get(f"{server.url}/playground/calls/x", timeout=10, allow_redirects=False)
    assert asked.status_code == 302


def test_who_has_something_to_answer_first_cannot_call(server: Server, customer: Customer) -> None:
    visitor = visit(server, customer, accepted=False)
    assert visitor.refusal() == (403, "answer_first")


def test_a_call_stops_with_the_account_and_at_its_limits(visitor: Visitor) -> None:
    assert visitor.call().ok
    key = visitor.key()
    keys.configure(key, minute_limit=2)
    wait_until(lambda: visitor.call().status_code == 429, seconds=3)
    limited = visitor.call()
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"
    assert int(limited.headers["Retry-After"]) > 0
    keys.configure(key, minute_limit=100, allowed_models=["echo-cached"], day_spend=1)
    wait_until(lambda: visitor.refusal() == (403, "model_not_allowed"), seconds=3)
    page = visitor.browser.get(f"{visitor.server.url}/playground?model=echo", timeout=10).text
    assert re.findall(r'<option value="(echo[^"]*)"', page) == ["echo-cached"]
    assert "That model is not on offer to you here." in page
    assert visitor.refusal(model="echo-cached") == (402, "spend_limit_reached")
    states.freeze(visitor.customer.user)
    wait_until(lambda: visitor.refusal() == (403, "account_frozen"), seconds=3)
    states.thaw(visitor.customer.user)
    keys.revoke(key)
    wait_until(lambda: visitor.refusal() == (403, "playground_off"), seconds=3)
    User.objects.filter(pk=visitor.customer.user.pk).update(is_active=False)
    assert visitor.refusal() == (401, "signed_out")


def test_who_stops_pays_for_what_was_delivered(visitor: Visitor, provider: ProviderProcess) -> None:
    keys.configure(keys.of_playground(visitor.customer.user), log_days=0)
    name = secrets.token_hex(8)
    words = " ".join(f"w{n}" for n in range(200))
    answer = visitor.call("echo-slow", words, headers={"Idempotency-Key": name}, stream=True)
    chunks = answer.iter_lines()
    for _ in range(8):
        next(chunks)
    answer.close()
    begun = time.monotonic()
    wait_until(lambda: provider.last()["open_streams"] == 0, seconds=1, what="the provider's end")
    said = visitor.charge_of(name)
    assert time.monotonic() - begun < 1.5
    [spent] = visitor.customer.spent()
    assert said["charge"] == in_credits(spent)
    assert said["balance"] == in_credits(visitor.customer.balance())
    assert 0 < spent < 2 * 700 + 8 * 60
    assert (said["usage"], visitor.customer.logged()) == (None, [])
    assert visitor.customer.holds_open() == 0
    other = visit(visitor.server, make_customer())
    theirs = other.browser.get(f"{other.server.url}/playground/calls/{name}", timeout=10)
    assert theirs.status_code == 404


def test_prices_are_those_of_the_persons_level(server: Server) -> None:
    level = VipLevel.objects.order_by("-level").filter(price_percent__lt=100).first()
    assert level is not None
    visitor = visit(server, make_customer(vip_level=level.level))
    page = visitor.browser.get(f"{server.url}/playground", timeout=10).text
    setup = re.search(r'<script id="setup" type="application/json">(.*?)</script>', page)
    assert setup is not None
    models = {model["name"]: model for model in json.loads(setup[1])["models"]}
    assert models["echo"]["output"] == written(-(-8 * MICRO * level.price_percent // 100))
    assert "echo-embed" not in models
    assert "reasoning" in models["thinker"]["can"]


def test_the_playgrounds_key_is_one_and_no_program_s(visitor: Visitor) -> None:
    user = visitor.customer.user
    keys.revoke(visitor.customer.key_row)
    assert visitor.call().ok
    assert visitor.call().ok
    key = visitor.key()
    shown = visitor.browser.get(f"{visitor.server.url}/keys", timeout=10).text
    assert "No keys in force" in shown
    assert f"/keys/{key.pk}/" not in shown
    dashboard = visitor.browser.get(f"{visitor.server.url}/dashboard", timeout=10).text
    assert "New key" not in dashboard
    address = f"{visitor.server.url}/keys/{key.pk}"
    sent = {"csrfmiddlewaretoken": visitor.token}
    assert visitor.browser.post(f"{address}/revoke", data=sent, timeout=10).status_code == 404
    with pytest.raises(keys.HasNoText):
        keys.rotate(key, overlap=keys.OVERLAP_MOST)
    limits = {"minute_limit": "7", "log_days": "3"}
    answer = visitor.browser.post(address, data=sent | limits, timeout=10)
    assert answer.url.endswith("/keys"), answer.text
    key.refresh_from_db()
    assert (key.minute_limit, key.log_days, key.name) == (7, 3, "Playground")
    assert (key.revoked_at, key.expires_at, key.scopes) == (None, None, ["inference"])
    assert user.api_keys.filter(kind=KeyKind.PLAYGROUND).count() == 1


@pytest.fixture
def own_server(environment: dict[str, str], provider: ProviderProcess) -> Iterator[Server]:
    """A server whose whole output is ours to read."""
    process = Server(environment=environment, workers=1)
    yield process
    process.stop()


def test_nothing_that_is_said_is_kept(own_server: Server, customer: Customer) -> None:
    canary = f"canary{secrets.token_hex(12)}"
    visitor = visit(own_server, customer)
    models = ("thinker", "echo-no-usage", "echo-fail-400", "echo-cut", f"no-{canary}")
    for model in models:
        visitor.call(model, canary, body={"stop": [canary], "user": canary})
        visitor.call(model, canary, body={"stream": False})
    assert visitor.call(body={"messages": canary}).status_code == 400
    assert visitor.call(text=canary, headers={"X-CSRFToken": canary}).status_code == 403
    strangers = requests.post(own_server.url + playground.PATH, data=canary, timeout=10)
    assert strangers.status_code == 401
    customer.wait_for_log(2 * len(models))
    assert [place for place, text in everything_stored() if canary in text] == []
    output = own_server.text()
    assert "alarm" in output, "the log must be there to be searched"
    assert [s for s in (canary, *visitor.browser.cookies.values()) if s in output] == []
