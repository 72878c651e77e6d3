"""What goes into the statement that moves money, and what its answer means."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import msgspec
from django.conf import settings

from billing import ledger_sql
from billing.holds import (
    Closing,
    DuplicateRequest,
    HoldRequest,
    InsufficientCredits,
    OpenHold,
    Receipt,
    RequestDiffers,
    RequestInFlight,
    RequestSettled,
    SpendLimitReached,
    Window,
)

UNOPENED = "unopened"
"""Why nothing was granted where the budget has no row yet."""


class Grant(msgspec.Struct, frozen=True, gc=False):
    """The ledger's answer to one request, as `ledger_sql.MOVE` words it."""

    granted: int | None
    left: int
    why: str | None
    earlier: str | None


def literal(values: Iterable[object]) -> str:
    """Write numbers and ids as a PostgreSQL array, faster than the driver adapts a list."""
    return "{" + ",".join(map(str, values)) + "}"


def sparse(values: Sequence[object | None]) -> str:
    """Write an array that may lack values; where it lacks all, `unnest` takes an empty one."""
    for value in values:
        if value is not None:
            return literal("null" if v is None else v for v in values)
    return "{}"


def statement(closings: Sequence[Closing], requests: Sequence[HoldRequest]) -> str:
    """Return the text of the statement that serves these."""
    for closing in closings:
        if closing.hold.counted:
            return ledger_sql.MOVE
    for request in requests:
        if request.budget is not None:
            return ledger_sql.MOVE
    return ledger_sql.MOVE_UNCOUNTED


def parameters(
    closings: Sequence[Closing], requests: Sequence[HoldRequest], *, expired: bool = False
) -> dict[str, Any]:
    """Return the parameters of one statement that closes and grants holds."""
    return {
        "accounts": literal({c.hold.account for c in closings} | {r.account for r in requests}),
        "c_ord": literal(range(len(closings))),
        "c_hold": literal(c.hold.id for c in closings),
        "c_account": literal(c.hold.account for c in closings),
        "c_cost": literal(c.cost for c in closings),
        "c_state": literal(int(c.state) for c in closings),
        "expired": expired,
        "a_ord": literal(range(len(requests))),
        "a_hold": literal(r.hold for r in requests),
        "a_account": literal(r.account for r in requests),
        "a_request": [r.request_id for r in requests],
        "a_want": literal(r.want for r in requests),
        "a_need": literal(r.need for r in requests),
        "a_fingerprint": sparse([r.fingerprint for r in requests]),
        "a_budget": sparse([r.budget for r in requests]),
        "a_total": sparse([r.total_most for r in requests]),
        "a_month": sparse([r.month_most for r in requests]),
        "a_day": sparse([r.day_most for r in requests]),
        "ttl": settings.HOLD_SECONDS,
    }


def sort_moved(rows: Iterable[tuple[Any, ...]]) -> tuple[dict[int, Receipt], dict[int, Grant]]:
    """Return the receipts of what was closed and the answers to what was asked, by position."""
    receipts: dict[int, Receipt] = {}
    grants: dict[int, Grant] = {}
    for closed, place, amount, left, why, earlier in rows:
        if closed:
            receipts[place] = Receipt(amount, left)
        else:
            grants[place] = Grant(amount, left, why, earlier)
    return receipts, grants


def hold_of(request: HoldRequest, grant: Grant) -> OpenHold | None:
    """Return the hold that was granted, if any."""
    if grant.granted is None:
        return None
    return OpenHold(request.hold, request.account, grant.granted, request.budget is not None)


def decide(request: HoldRequest, grant: Grant) -> OpenHold | None:
    """Return the hold that was granted, or None to try again; raise where it is refused."""
    hold = hold_of(request, grant)
    if hold is not None:
        return hold
    if grant.earlier is not None:
        raise _duplicate(grant.why, grant.earlier)
    if grant.why is not None and grant.why != UNOPENED:
        raise SpendLimitReached(cast(Window, grant.why))
    if request.need > grant.left:
        raise InsufficientCredits
    return None


def _duplicate(why: str | None, earlier: str) -> DuplicateRequest:
    match why:
        case "differs":
            return RequestDiffers()
        case "open":
            return RequestInFlight()
        case "settled":
            return RequestSettled(earlier)
    return DuplicateRequest()


def firsts(requests: Sequence[HoldRequest]) -> list[HoldRequest]:
    """Return the requests without those whose request id came before in the same batch.

    The statement would let both count against the credits, though only one can be granted.
    """
    first: dict[tuple[int, str], HoldRequest] = {}
    for request in requests:
        first.setdefault((request.account, request.request_id), request)
    return list(first.values())


def answer_all(
    requests: Sequence[HoldRequest], sent: Sequence[HoldRequest], grants: dict[int, Grant]
) -> list[Grant]:
    """Return the answer to each request, where only the first of each request id was sent.

    The others are answered as if they had come right after it.
    """
    if len(sent) == len(requests):
        return [grants[n] for n in range(len(requests))]
    first = {(r.account, r.request_id): (r, grants[n]) for n, r in enumerate(sent)}
    return [_answer(r, *first[r.account, r.request_id]) for r in requests]


def _answer(request: HoldRequest, first: HoldRequest, grant: Grant) -> Grant:
    if request.hold == first.hold:
        return grant
    same = request.fingerprint == first.fingerprint
    if grant.granted is not None:
        return Grant(None, grant.left, "open" if same else "differs", first.hold)
    # Another body may be refused otherwise, so it is tried by itself.
    return grant if same else Grant(None, request.need, None, None)
