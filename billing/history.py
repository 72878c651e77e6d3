"""Every movement of a customer's money, in plain words."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db.models import QuerySet

from billing.amounts import in_credits
from billing.models import Account, LedgerEntry, LedgerKind, Order, OrderKind

PAGE = 50
CHUNK = 2_000
HEAD = ["time (UTC)", "what", "credits", "balance after", "reference"]


@dataclass(frozen=True)
class Line:
    """One movement as it is shown; amounts are micro-credits."""

    id: int
    at: datetime
    kind: str
    words: str
    amount: int
    balance_after: int
    reference: str
    order: Order | None


def entries(
    account: Account, *, kind: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[LedgerEntry]:
    """Return the movements of a kind and of some days (UTC, both inclusive), newest first."""
    found = LedgerEntry.objects.filter(account=account)
    if kind == "credits":
        found = found.exclude(kind=LedgerKind.USAGE)
    elif kind:
        found = found.filter(kind=kind)
    if since is not None:
        found = found.filter(created_at__gte=datetime.combine(since, time.min, UTC))
    if until is not None and until < date.max:
        day = until + timedelta(days=1)
        found = found.filter(created_at__lt=datetime.combine(day, time.min, UTC))
    return found.order_by("-id")


def lines(account: Account, rows: Iterable[LedgerEntry]) -> list[Line]:
    """Return movements in plain words."""
    rows = list(rows)
    orders = _orders(account, rows)
    return [_line(row, orders) for row in rows]


def _orders(account: Account, rows: list[LedgerEntry]) -> dict[str, Order]:
    """Return the purchases behind movements, by what the movements call them."""
    if all(row.kind == LedgerKind.USAGE for row in rows):
        return {}
    found: dict[str, Order] = {}
    for order in Order.objects.filter(account=account, paid_at__isnull=False):
        found[str(order.payment_intent)] = found[order.id.hex] = order
    return found


def _line(row: LedgerEntry, orders: dict[str, Order]) -> Line:
    words = row.reference.split(" ")
    order = orders.get(words[0]) or (orders.get(words[1]) if len(words) > 1 else None)
    return Line(
        id=row.id,
        at=row.created_at,
        kind=row.kind,
        words=_words(row, words, order),
        amount=row.amount,
        balance_after=row.balance_after,
        reference=row.reference,
        order=order,
    )


def words(row: LedgerEntry, order: Order | None) -> str:
    """Return what a movement was, in plain words; `order` is the purchase that it belongs to."""
    return _words(row, row.reference.split(" "), order)


def _words(row: LedgerEntry, words: list[str], order: Order | None) -> str:
    about = f", {order.receipt_number}" if order is not None else ""
    match row.kind, words[0]:
        case LedgerKind.USAGE, _:
            return "API call"
        case LedgerKind.TOP_UP, _:
            automatic = order is not None and order.kind == OrderKind.AUTOMATIC
            return ("Automatic top-up" if automatic else "Bought credits") + about
        case LedgerKind.GRANT, "signup":
            return "Welcome credits"
        case LedgerKind.GRANT, "bonus":
            return "VIP bonus" + about
        case LedgerKind.GRANT, "code":
            return "Redeemed a code"
        case LedgerKind.GRANT, "demo":
            return "Demo credits"
        case LedgerKind.GRANT, _:
            return "Given by our staff"
        case LedgerKind.ADJUSTMENT, "bonus":
            given = row.amount > 0
            return ("VIP bonus given back" if given else "VIP bonus taken back") + about
        case LedgerKind.ADJUSTMENT, _:
            return "Corrected by our staff"
        case LedgerKind.REFUND, _:
            back = row.amount > 0
            return ("A refund failed and came back" if back else "Refunded to you") + about
        case _:
            won = row.amount > 0
            return ("Dispute won: given back" if won else "Dispute lost: taken back") + about


async def as_csv(account: Account, found: QuerySet[LedgerEntry]) -> AsyncIterator[str]:
    """Write movements as CSV (RFC 4180), page by page, so that nothing long is held."""
    yield _row(HEAD)
    last: int | None = None
    while True:
        part = found if last is None else found.filter(id__lt=last)
        page = await sync_to_async(lambda part=part: lines(account, part[:CHUNK]))()
        if not page:
            return
        yield "".join(_row(_cells(line)) for line in page)
        last = page[-1].id


def _cells(line: Line) -> list[str]:
    return [
        line.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
        safe(line.words),
        in_credits(line.amount),
        in_credits(line.balance_after),
        safe(line.reference),
    ]


def safe(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text else text


def _row(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
