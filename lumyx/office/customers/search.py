"""One search for customers: by who they are, a key, a call or a payment, as a role allows."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Model

from accounts import search as people
from accounts.models import User
from billing import payment_search
from billing.models import Account
from gateway import call_search, ids, key_search
from privacy.admin_rows import Rows

MOST = 20
LONGEST = 300
KEYS, CALLS, PAYMENTS = "gateway.view_apikey", "gateway.view_requestlog", "billing.view_order"


@dataclass(frozen=True)
class Hit:
    """A customer, what of them matched, and the row that did."""

    user: User
    by: str
    row: Model


@dataclass
class Found:
    """What a search found; `note` says what it cannot say in hits."""

    hits: list[Hit] = field(default_factory=list)
    note: str = ""

    @property
    def full(self) -> bool:
        """Whether there may be more than is shown."""
        return len(self.hits) >= MOST

    @property
    def rows(self) -> Rows:
        """The rows of people that it shows."""
        shown = {(type(row), row.pk) for hit in self.hits for row in (hit.user, hit.row)}
        return list(shown)


def find(text: str, staff: User) -> Found:
    """Return the customers whom a text leads to; what a role may not read, it cannot search."""
    if key_search.is_whole(text):
        return _by_whole_key(text, staff)
    if text.startswith(ids.PREFIX) and ids.from_public(text):
        return _by_call(text, staff)
    if payment_search.is_number(text):
        found = _by_payment(text, staff)
        return found if found.hits or found.note else _by_name(text)
    found = Found()
    if staff.has_perm(KEYS):
        found.hits += [
            Hit(key.user, f"key {key.display}", key) for key in key_search.shown_as(text)
        ]
    named = _by_name(text)
    found.hits = _each_once([*found.hits, *named.hits])[:MOST]
    found.note = "" if found.hits else named.note
    return found


def _by_name(text: str) -> Found:
    found = people.find(text, limit=MOST)
    short = not found and len(text) < people.LEAST
    note = f"Give at least {people.LEAST} characters, or a whole name." if short else ""
    return Found([Hit(user, by, user) for user, by in found], note)


def _by_whole_key(text: str, staff: User) -> Found:
    if not staff.has_perm(KEYS):
        return Found(note="Your role does not look for keys.")
    key = key_search.whole(text)
    if key is None:
        return Found(note="That is no key of ours, or it was erased with its customer.")
    advice = "A whole key was pasted. Wherever it turned up, others may have it: revoke it."
    return Found([Hit(key.user, f"key {key.display}", key)], "" if key.revoked_at else advice)


def _by_call(text: str, staff: User) -> Found:
    if not staff.has_perm(CALLS):
        return Found(note="Your role does not look for calls.")
    found = call_search.find(text)
    if found is None:
        return Found(note="The log has no such call. Calls are kept for 30 days at the most.")
    call, account = found
    return _of_account(account, "call", call)


def _by_payment(text: str, staff: User) -> Found:
    if not staff.has_perm(PAYMENTS):
        return _by_name(text)
    found = payment_search.find(text)
    if found is None:
        return Found()
    row, account = found
    return _of_account(account, str(row._meta.verbose_name), row)


def _of_account(account: Account | None, by: str, row: Model) -> Found:
    if account is None or account.user is None:
        return Found(note=f"There is such a {by}, but its customer was erased.")
    return Found([Hit(account.user, by, row)])


def _each_once(hits: Iterable[Hit]) -> list[Hit]:
    """Return one hit a customer and row."""
    return list({(hit.user.pk, type(hit.row), hit.row.pk): hit for hit in hits}.values())
