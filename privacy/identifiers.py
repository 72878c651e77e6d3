"""What names a person, in every form in which it may have been written down."""

import base64
import hashlib
import hmac
import html
import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from urllib.parse import quote

from django.conf import settings

from accounts import ciphers
from accounts.models import User
from billing.models import Account, Order, Refund, StripeCustomer
from gateway.models import ApiKey
from privacy.models import DataRequest

SHORTEST_UNIQUE = 12
"""A name of fewer characters may be anybody's, or part of any word."""
NUMBER_NAMES = ("", "_id", " id", "_user_id", ":user")
NUMBER_MARKS = (" ", ": ", ":", "=", '": ', '": "', '":', '":"', "-", "/")
"""How a short number is written where it says who somebody is at NabzClan."""
PAYMENT_NUMBERS = frozenset(
    {
        *("billing_order.payment_intent", "billing_order.checkout_session"),
        *("billing_order.invoice", "billing_refund.stripe_id", "billing_ledgerentry.reference"),
        *("billing_stripemovement.source", "billing_stripemovement.payment_intent"),
        *("billing_difference.payment", "billing_stripemovement.id"),
    }
)
"""Where the books keep Stripe's numbers of payments, which lead to no person here any more."""
GRANTED = frozenset({"billing_ledgerentry.reference"})
"""Where a keyed digest of a NabzClan id says that its sign-up credits were given."""


@dataclass(frozen=True)
class Identifier:
    """Something that names a person.

    A `unique` one is looked for anywhere in a text; another only as a whole word. `kept_in` are
    the columns, as `table.column`, in which the books keep it.
    """

    kind: str
    value: str
    unique: bool = True
    kept_in: frozenset[str] = frozenset()


def of(user: User) -> list[Identifier]:
    """Return all that names somebody."""
    found = [
        Identifier("user id", str(user.pk)),
        *_named("NabzClan id", user.nabzclan_id or "", kept_in=GRANTED),
        *_named("username", user.username),
        *_whole("email", user.email),
    ]
    link = getattr(user, "nabzclan", None)
    if link is not None:
        found += _named("username", link.username)
        found += [*_whole("email", link.email), *_whole("avatar address", link.avatar_url)]
    picture = getattr(user, "picture", None)
    found += _whole("avatar", picture.digest if picture else "")
    found += [Identifier("session", key) for key in user.sessions.values_list("pk", flat=True)]
    for key in ApiKey.objects.filter(user=user):
        found += [Identifier("key id", str(key.pk)), Identifier("key digest", key.digest.hex())]
    asked = DataRequest.objects.filter(user=user).exclude(email="")
    found += [Identifier("email", email) for email in asked.values_list("email", flat=True)]
    return list(dict.fromkeys([*found, *_of_account(user)]))


def _of_account(user: User) -> list[Identifier]:
    account = Account.objects.filter(user=user).first()
    if account is None:
        return []
    found = [Identifier("account number", str(account.public_id))]
    for customer in StripeCustomer.objects.filter(account=account):
        found += _whole("Stripe customer", customer.pk)
        found += _whole("Stripe card", customer.payment_method)
    for order in Order.objects.filter(account=account):
        for number in (order.payment_intent, order.checkout_session, order.invoice):
            found += _whole("Stripe payment", number or "", kept_in=PAYMENT_NUMBERS)
    refunds = Refund.objects.filter(order__account=account).values_list("stripe_id", flat=True)
    for number in refunds:
        found += _whole("Stripe refund", number or "", kept_in=PAYMENT_NUMBERS)
    return found


def _whole(kind: str, value: str, *, kept_in: frozenset[str] = frozenset()) -> list[Identifier]:
    return [Identifier(kind, value, kept_in=kept_in)] if value else []


def _named(kind: str, value: str, *, kept_in: frozenset[str] = frozenset()) -> list[Identifier]:
    unique = len(value) >= SHORTEST_UNIQUE and not value.isdecimal()
    return [Identifier(kind, value, unique, kept_in)] if value else []


def seal(found: Iterable[Identifier]) -> bytes:
    """Return identifiers encrypted."""
    return ciphers.encrypt(
        json.dumps([asdict(one) | {"kept_in": sorted(one.kept_in)} for one in found])
    )


def unseal(sealed: bytes | memoryview) -> list[Identifier]:
    """Return the identifiers that were sealed."""
    text = ciphers.decrypt(sealed)
    return [
        Identifier(**one | {"kept_in": frozenset(one["kept_in"])})
        for one in json.loads(text or "[]")
    ]


def forms(identifier: Identifier) -> set[str]:
    """Return the texts by which an identifier is looked for, in lower case.

    As it is, and as JSON, HTML, a URL and an export would write it.
    """
    value = identifier.value
    if value.isdecimal() and not identifier.unique:
        # Alone a short number names nobody: any row may have it.
        said = [f"nabzclan{name}{mark}" for name in NUMBER_NAMES for mark in NUMBER_MARKS]
        return {f"{one}{value}" for one in said}
    found = {value, json.dumps(value)[1:-1], html.escape(value), quote(value), quote(value, "")}
    number = _uuid(value)
    if number is not None:
        found.add(number.hex)
    return {one.lower() for one in found}


def derived(identifier: Identifier) -> set[str]:
    """Return what is made of an identifier: base64, hexadecimal, digests and keyed digests.

    Each is long enough to be nobody else's.
    """
    found: set[str] = set()
    for value in {identifier.value, identifier.value.lower()}:
        data = value.encode()
        found |= {hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha256")}
        found.add(base64.b64encode(hashlib.sha256(data).digest()).decode().rstrip("="))
        for pepper in settings.KEY_PEPPERS.values():
            for said in (value, f"signup grant {value}"):
                found.add(hmac.digest(pepper.encode(), said.encode(), "sha256").hex()[:40])
        if len(data) >= SHORTEST_UNIQUE // 2:
            found |= {data.hex(), *_base64(data)}
    number = _uuid(identifier.value)
    if number is not None:
        found |= {number.hex, *_base64(number.bytes)}
    return {one.lower() for one in found if len(one) >= SHORTEST_UNIQUE}


def _base64(data: bytes) -> set[str]:
    """Return how base64 writes bytes, wherever in a longer text they begin."""
    found = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        first = (0, 2, 3)[before]
        # What the neighbours change at either end is left out.
        last = len(text) - (1 if (before + len(data)) % 3 else 0)
        found.add(text[first:last])
    return found | {one.replace("+", "-").replace("/", "_") for one in found}


def _uuid(value: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(value)
    except ValueError:
        return None
