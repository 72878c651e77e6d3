"""Good requests of every route, which are then made bad."""

import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.test import Client

from accounts import recent
from tests.access import addresses
from tests.customers import Customer, accept
from tests.fuzz.mutations import Mutator
from tests.fuzz.wire import Sent

TOKEN = "t" * 32
"""Of the forms: they pass the check of their token, so that what is behind it is reached."""
SHARES = {"api": 78, "webhook": 10, "website": 10, "admin": 2}
"""Of 100 requests; pages cost a hundred times what a refused call does."""
TURN = {"role": "user", "content": "Hello"}
PARTS = [{"type": "text", "text": "Hello"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
CHAT: dict[str, Any] = {
    "model": "echo",
    "messages": [{"role": "system", "content": "Be short."}, TURN, {**TURN, "content": PARTS}],
    "max_tokens": 5,
    "stream": False,
    "temperature": 0.5,
    "stop": ["x"],
    "n": 1,
    "tools": [TOOL],
    "tool_choice": "auto",
    "user": "u",
    "metadata": {"a": "b"},
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "max_cost": "1",
}
MESSAGES: dict[str, Any] = {
    "model": "anthropic/echo",
    "max_tokens": 5,
    "system": [{"type": "text", "text": "Be."}],
    "messages": [TURN, {"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "thinking": {"type": "disabled"},
    "stop_sequences": ["x"],
    "metadata": {"user_id": "u"},
}
BODIES: dict[str, Any] = {
    "chat/completions": CHAT,
    "messages": MESSAGES,
    "messages/count_tokens": {key: MESSAGES[key] for key in ("model", "messages", "system")},
    "responses": {
        "model": "echo",
        "input": [TURN],
        "instructions": "Be.",
        "max_output_tokens": 20,
        "tools": [{"type": "function", "name": "f", "parameters": {}}],
        "store": False,
        "text": {"format": {"type": "text"}},
    },
    "embeddings": {"model": "echo-embed", "input": ["a", "b"], "encoding_format": "float"},
    "completions": {"model": "echo-complete", "prompt": ["a"], "max_tokens": 5, "stop": "x"},
}
READ = ("models", "models/echo", "credits", "key", "usage", "requests/req_0", "openapi.json", "v1/")
QUERY = (
    *("limit", "cursor", "key", "model", "status", "from", "to", "q", "page", "sort", "before"),
    *("days", "format", "month", "seen", "next", "token", "after", "before_id", "after_id", "o"),
)
FORM = (
    *("name", "minute_limit", "day_limit", "day_spend", "allowed_models", "allowed_networks"),
    *("scopes", "expires_at", "cents", "dollars", "amount", "code", "which", "act", "purpose"),
    *("email", "username", "message", "topic", "next", "q", "threshold", "once", "login"),
    *("password", "receipt", "age", "accept", "log_days", "avatar"),
)
LEAVING = ("sign-out", "accounts/logout", "privacy/delete", "account/sessions/end", "welcome")
"""Where a session ends: they are asked without one."""
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "charge.refunded",
    "created": 1_700_000_000,
    "livemode": False,
    "data": {"object": {"id": "ch_1", "object": "charge", "amount": 5}},
}


@dataclass(frozen=True)
class Seeds:
    """Who asks: keys of the API, cookies of customers, and one of a member of staff."""

    keys: list[str]
    cookies: list[str]
    staff: str

    def requests(self, count: int, *, seed: int) -> Iterator[Sent]:
        """Return so many bad requests, the same for the same seed."""
        mutator = Mutator(seed)
        chance = mutator.chance
        site = sorted(one for one in addresses.every() if _is_page(one))
        office = sorted(one for one in addresses.every() if addresses.is_admins(one))
        kinds = chance.choices(list(SHARES), list(SHARES.values()), k=count)
        for kind in kinds:
            if kind == "api":
                yield self._call(mutator)
            elif kind == "webhook":
                yield _event(mutator)
            elif kind == "website":
                yield self._page(mutator, chance.choice(site))
            else:
                path = addresses.path_of(chance.choice(office))
                query = mutator.pairs(QUERY)
                yield mutator.request(
                    kind, "GET", f"{path}?{query}", (_cookie(self.staff), _from(chance)), b""
                )

    def _call(self, mutator: Mutator) -> Sent:
        chance = mutator.chance
        who: tuple[str, ...] = (f"Authorization: Bearer {chance.choice(self.keys)}", _from(chance))
        if chance.random() < 0.15:
            path = f"/api/v1/{chance.choice(READ)}?{mutator.pairs(QUERY)}"
            return mutator.request("api", "GET", path, who, b"")
        name = chance.choice(list(BODIES))
        if chance.random() < 0.1:
            who = (*who, f"Idempotency-Key: {uuid.UUID(int=chance.getrandbits(128))}")
        kind = (*who, "Content-Type: application/json")
        return mutator.request("api", "POST", f"/api/v1/{name}", kind, mutator.json(BODIES[name]))

    def _page(self, mutator: Mutator, address: str) -> Sent:
        chance = mutator.chance
        path = addresses.path_of(address)
        who: tuple[str, ...] = (_from(chance),)
        if not address.startswith(LEAVING) and chance.random() < 0.7:
            who = (*who, _cookie(chance.choice(self.cookies)))
        if chance.random() < 0.5:
            return mutator.request("website", "GET", f"{path}?{mutator.pairs(QUERY)}", who, b"")
        body = f"csrfmiddlewaretoken={TOKEN}&{mutator.pairs(FORM)}".encode()
        kind = "application/x-www-form-urlencoded"
        if chance.random() < 0.2:
            kind = "multipart/form-data; boundary=b"
            part = b'--b\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\nx'
            body = mutator.turned(part + b"\r\n--b--\r\n")
        return mutator.request("website", "POST", path, (*who, f"Content-Type: {kind}"), body)


def _is_page(address: str) -> bool:
    return not addresses.is_admins(address) and not address.startswith(("api/", "billing/webhooks"))


def _event(mutator: Mutator) -> Sent:
    """Return an event of Stripe's that is wrong, mostly under a signature that is right."""
    body = mutator.json(EVENT)
    when = int(time.time())
    signed = f"{when}.".encode() + body
    digest = hmac.new(settings.STRIPE_WEBHOOK_SECRETS[0].encode(), signed, hashlib.sha256)
    signature = f"Stripe-Signature: t={when},v1={digest.hexdigest()}"
    head = (signature, "Content-Type: application/json", _from(mutator.chance))
    return mutator.request("webhook", "POST", "/billing/webhooks/stripe/", head, body)


def _cookie(session: str) -> str:
    return f"Cookie: {settings.SESSION_COOKIE_NAME}={session}"


def _from(chance: Random) -> str:
    """Return another address each time, so that no limit by address ends the run."""
    return f"X-Forwarded-For: 10.{chance.randrange(256)}.{chance.randrange(256)}.7"


def cookie_of(client: Client) -> str:
    """Return the cookie of a session whose forms have the token that requests send."""
    session: SessionBase = client.session
    session["_csrftoken"] = TOKEN
    session[recent.SIGNED_IN_AT] = int(time.time())
    session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def seeds(customers: list[Customer], staff: Client) -> Seeds:
    """Return seeds of customers and one member of staff."""
    cookies = []
    for customer in customers:
        accept(customer.user)
        client = Client()
        client.force_login(customer.user)
        cookies.append(cookie_of(client))
    return Seeds([one.key for one in customers], cookies, cookie_of(staff))
