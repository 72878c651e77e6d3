"""What one call asks for: its request, its caller, and the terms in its headers."""

import hmac
from decimal import Decimal, InvalidOperation

import msgspec
from django.conf import settings

from gateway.errors import bad_request
from gateway.key_ring import Caller
from gateway.keys import newest_pepper
from gateway.visit import Visit
from gateway.wire.call import About, Call
from gateway.wire.dialects import ClientDialect

MICRO = 1_000_000
MOST_COST = 10**12
"""Micro-credits that an X-Max-Cost may name at the most."""
LONGEST_IDEMPOTENCY_KEY = 255


class Terms(msgspec.Struct, frozen=True):
    """What the headers of a call say of its money.

    `request_id` is what its hold is known by: the call's own id, or a keyed hash of its
    Idempotency-Key; `fingerprint` is then a keyed hash of its body. `max_cost` is in
    micro-credits.
    """

    request_id: str
    fingerprint: str | None = None
    max_cost: int | None = None


class Order(msgspec.Struct, frozen=True):
    """One call to a model."""

    dialect: ClientDialect
    call: Call
    caller: Caller
    visit: Visit
    terms: Terms

    def about(self, model: str) -> About:
        """Return what the answer says of itself."""
        return About(self.call, model, self.visit.id, int(self.visit.started_at.timestamp()))


def read_terms(
    *, call_id: str, endpoint: str, body: bytes, idempotency_key: str, max_cost: str
) -> Terms:
    """Read the headers Idempotency-Key and X-Max-Cost; raise the API's 400 for a bad one."""
    most = _read_max_cost(max_cost) if max_cost else None
    if not idempotency_key:
        return Terms(call_id, max_cost=most)
    if len(idempotency_key) > LONGEST_IDEMPOTENCY_KEY or not idempotency_key.isascii():
        raise bad_request(
            f"`Idempotency-Key` takes up to {LONGEST_IDEMPOTENCY_KEY} ASCII characters.",
            param="Idempotency-Key",
        )
    pepper = settings.KEY_PEPPERS[newest_pepper()].encode()
    # Keyed, so that neither the client's name for the call nor its body can be guessed from it.
    name = hmac.digest(pepper, b"idempotency-key\0" + idempotency_key.encode(), "sha256")
    content = hmac.digest(pepper, b"body\0" + endpoint.encode() + b"\0" + body, "sha256")
    return Terms(f"idem-{name.hex()[:48]}", content.hex()[:32], most)


def _read_max_cost(text: str) -> int:
    try:
        micro = Decimal(text.strip()) * MICRO
        if 0 < micro <= MOST_COST and micro == int(micro):
            return int(micro)
    except (InvalidOperation, ValueError, OverflowError):
        pass
    raise bad_request(
        "`X-Max-Cost` must be a number of credits above 0, such as 0.05, to six decimals.",
        param="X-Max-Cost",
    )
