"""Find entries of the ledger among millions: a page at a time, by keys that have an index."""

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models import Count, Q, QuerySet, Sum

from billing.models import Account, LedgerEntry, LedgerKind, Order

PAGE = 50
MOST_SUMMED = 100_000
"""As many entries are added up; what is more has to be narrowed."""
PATIENCE = "15s"
OUT_OF_STEP = timedelta(minutes=10)
"""Entries are numbered as they are written and dated as their transactions began."""
UUID_HEX = re.compile(r"[0-9a-f]{32}")
LONG_NUMBER = 15


class TooMuch(Exception):
    """Nothing was found in the time there is: what is asked for has to be narrowed."""


@dataclass(frozen=True)
class Search:
    """What is looked for; amounts are micro-credits, whatever their sign, and times UTC."""

    kind: str = ""
    account: Account | None = None
    references: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def bounded(self) -> bool:
        """Whether so little is asked for that it can be added up."""
        return self.account is not None or bool(self.references) or self.since is not None


@dataclass(frozen=True)
class Sums:
    """How many entries there are and what they come to; unknown where they are too many."""

    count: int | None
    given: int = 0
    taken: int = 0

    @property
    def amount(self) -> int:
        """What was given less what was taken."""
        return self.given + self.taken


def page(search: Search, *, before: int | None = None) -> tuple[list[LedgerEntry], bool]:
    """Return entries, newest first, those before an id; and whether there are more.

    Raises TooMuch.
    """
    with _patience():
        rows = _matching(search)
        if before is not None:
            rows = rows.filter(id__lt=before)
        found = list(rows.select_related("account__user").order_by("-id")[: PAGE + 1])
    return found[:PAGE], len(found) > PAGE


def sums(search: Search) -> Sums | None:
    """Return what the entries come to, None where that may be any number of them.

    Raises TooMuch.
    """
    if not search.bounded:
        return None
    with _patience():
        some = _matching(search).order_by("-id")[: MOST_SUMMED + 1]
        found = LedgerEntry.objects.filter(pk__in=some.values("pk")).aggregate(
            count=Count("pk"),
            given=Sum("amount", filter=Q(amount__gt=0), default=0),
            taken=Sum("amount", filter=Q(amount__lt=0), default=0),
        )
    if found["count"] > MOST_SUMMED:
        return Sums(None)
    return Sums(found["count"], int(found["given"]), int(found["taken"]))


def find_account(text: str) -> Account | None:
    """Return the account of a public id or of a username."""
    try:
        found = Q(public_id=uuid.UUID(text))
    except ValueError:
        found = Q(user__username=text)
    return Account.objects.filter(found).select_related("user").first()


def references(text: str) -> tuple[str, ...]:
    """Return what entries may be called that belong to what staff typed.

    That is an order (its id, payment or receipt), a call, a code's redemption, an adjustment, or
    an entry's own reference.
    """
    name = text.removeprefix("req_")
    names = {text}
    condition = Q(payment_intent=text)
    try:
        name = uuid.UUID(name).hex
    except ValueError:
        number = text.upper().removeprefix("LX-")
        if number.isdecimal() and len(number) < LONG_NUMBER:
            condition |= Q(receipt=int(number))
    else:
        names |= {name, f"code {name}", f"adjustment {name}"}
        condition |= Q(pk=uuid.UUID(name))
    for order in Order.objects.filter(condition):
        names |= of_order(order)
    return tuple(sorted(names))


def of_order(order: Order) -> set[str]:
    """Return what all entries of an order are called."""
    own = order.id.hex
    versions = range(1, order.version + 1)
    return {
        *([order.payment_intent] if order.payment_intent else []),
        f"bonus {own}",
        *(f"{own} {version}" for version in versions),
        *(f"bonus {own} {version}" for version in versions),
    }


def orders(entries: Iterable[LedgerEntry]) -> dict[int, Order]:
    """Return the purchases that entries belong to, by the entries' ids; in one query."""
    payments: dict[str, list[int]] = {}
    ids: dict[uuid.UUID, list[int]] = {}
    for entry in entries:
        word = entry.reference.removeprefix("bonus ").partition(" ")[0]
        if entry.kind == LedgerKind.TOP_UP:
            payments.setdefault(entry.reference, []).append(entry.id)
        elif entry.kind != LedgerKind.USAGE and UUID_HEX.fullmatch(word):
            ids.setdefault(uuid.UUID(word), []).append(entry.id)
    if not payments and not ids:
        return {}
    found = Order.objects.filter(Q(payment_intent__in=payments) | Q(pk__in=ids))
    return {
        entry: order
        for order in found
        for entry in (*payments.get(order.payment_intent or "", ()), *ids.get(order.pk, ()))
    }


def _matching(search: Search) -> QuerySet[LedgerEntry]:
    rows = LedgerEntry.objects.all()
    if search.kind:
        rows = rows.filter(kind=search.kind)
    if search.account is not None:
        rows = rows.filter(account=search.account)
    if search.references:
        # The index begins with the kind.
        kinds = [search.kind] if search.kind else LedgerKind.values
        rows = rows.filter(kind__in=kinds, reference__in=search.references)
    if search.least is not None:
        rows = rows.filter(Q(amount__gte=search.least) | Q(amount__lte=-search.least))
    if search.most is not None:
        rows = rows.filter(amount__range=(-search.most, search.most))
    if search.since is not None:
        first = _first_since(search.since - OUT_OF_STEP)
        rows = rows.filter(id__gte=first, created_at__gte=search.since)
    if search.until is not None:
        last = _first_since(search.until + OUT_OF_STEP)
        rows = rows.filter(id__lte=last, created_at__lt=search.until)
    return rows


def _first_since(moment: datetime) -> int:
    """Return the id from which on entries are of a moment or later, give or take their disorder.

    The ledger has no index by time, which each call would pay for: but it is numbered in time.
    """
    with connection.cursor() as cursor:
        cursor.execute("select min(id), max(id) from billing_ledgerentry")
        low, high = cursor.fetchone()
        if low is None:
            return 0
        high += 1
        while low < high:
            middle = (low + high) // 2
            cursor.execute(
                "select created_at from billing_ledgerentry where id >= %s order by id limit 1",
                [middle],
            )
            row = cursor.fetchone()
            if row is None or row[0] >= moment:
                high = middle
            else:
                low = middle + 1
    return int(low)


@contextmanager
def _patience() -> Iterator[None]:
    """Let a search take longer than a page may, and not longer than somebody waits."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"set local statement_timeout = '{PATIENCE}'")
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TooMuch from None
        raise
