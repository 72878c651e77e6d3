"""What an account's calls used: one call, or pages of them, newest first."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from billing.amounts import in_credits
from billing.postgres import Pool
from gateway import ids
from gateway.errors import bad_request, unknown_request
from gateway.models import ChargeBasis
from gateway.pricing import Prices
from gateway.public_prices import UNIT, shown

DEFAULT_PAGE, LARGEST_PAGE = 50, 200
SLACK = timedelta(seconds=5)
"""An id carries the time of its call to the millisecond; the row's may differ a little."""

COLUMNS = """
  id, started_at, key_id, endpoint, model, provider, streamed, status, error_code,
  input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
  input_price, cache_read_price, cache_write_price, output_price, charge, charge_basis,
  latency_ms, first_token_ms, attempts"""

# The id carries the time, so one partition is read.
FIND = f"""
select {COLUMNS} from gateway_requestlog
where id = %(id)s and started_at between %(from)s and %(to)s and account_id = %(account)s
"""  # noqa: S608  the names are our own

# What a query asks of a row; `page_values` has the values.
FITS = """
account_id = %(account)s and started_at >= %(from)s and started_at < %(to)s
  and (%(model)s::text is null or model = %(model)s)
  and (%(key)s::uuid is null or key_id = %(key)s)
  and (%(endpoint)s::text is null or endpoint = %(endpoint)s)
  and (%(basis)s::text is null or charge_basis = %(basis)s)
  and (%(status_least)s::int is null or status between %(status_least)s and %(status_most)s)
  and (%(streamed)s::bool is null or streamed = %(streamed)s)"""

PAGE = f"""
select {COLUMNS} from gateway_requestlog
where {FITS}
  and (%(after_at)s::timestamptz is null
       or (started_at, id) < (%(after_at)s, %(after_id)s::uuid))
order by started_at desc, id desc
limit %(limit)s
"""  # noqa: S608  the names are our own

RETENTION = timedelta(days=31)


class Query(msgspec.Struct, kw_only=True):
    """Which calls are asked for, and the page of them; `statuses` is the least and the most."""

    start: datetime
    end: datetime
    limit: int = DEFAULT_PAGE
    after: tuple[datetime, UUID] | None = None
    model: str | None = None
    key: UUID | None = None
    endpoint: str | None = None
    basis: str | None = None
    statuses: tuple[int, int] | None = None
    streamed: bool | None = None


def read_query(parameters: dict[str, str], *, now: datetime) -> Query:
    """Read the query string of `GET usage`; raise the API's 400 for a bad parameter."""
    unknown = sorted(set(parameters) - PARAMETERS)
    if unknown:
        raise bad_request(
            f"`{unknown[0][:40]}` is no parameter here; those that are: "
            f"{', '.join(sorted(PARAMETERS))}.",
            param=unknown[0][:40],
        )
    given = {name: value for name, value in parameters.items() if value}
    status = _whole(given, "status", 100, 599)
    return Query(
        start=_time(given, "from") or now - RETENTION,
        end=_time(given, "to") or now + SLACK,
        limit=_whole(given, "limit", 1, LARGEST_PAGE) or DEFAULT_PAGE,
        after=read_cursor(given["cursor"]) if "cursor" in given else None,
        model=_text(given, "model"),
        key=_uuid(given, "key"),
        endpoint=_text(given, "endpoint"),
        basis=_one_of(given, "charge_basis", ChargeBasis.values),
        statuses=None if status is None else (status, status),
        streamed={"true": True, "false": False}.get(
            _one_of(given, "streamed", ["true", "false"]) or ""
        ),
    )


PARAMETERS = {
    *("from", "to", "limit", "cursor", "model", "key", "endpoint", "charge_basis", "status"),
    "streamed",
}


def _wrong(name: str, what: str) -> Exception:
    return bad_request(f"`{name}` must be {what}.", param=name)


def _text(given: dict[str, str], name: str) -> str | None:
    text = given.get(name)
    if text is not None and ("\x00" in text or len(text) > 80):
        raise _wrong(name, "a name of up to 80 characters")
    return text


def _one_of(given: dict[str, str], name: str, choices: list[str]) -> str | None:
    text = given.get(name)
    if text is not None and text not in choices:
        raise _wrong(name, f"one of {', '.join(choices)}")
    return text


def _whole(given: dict[str, str], name: str, least: int, most: int) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 9 and least <= int(text) <= most):
        raise _wrong(name, f"a whole number from {least} to {most}")
    return int(text)


def _uuid(given: dict[str, str], name: str) -> UUID | None:
    try:
        return UUID(given[name]) if name in given else None
    except ValueError:
        raise _wrong(name, "the id of a key") from None


def _time(given: dict[str, str], name: str) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        raise _wrong(name, "Unix seconds or an ISO 8601 time") from None


def read_cursor(text: str) -> tuple[datetime, UUID]:
    """Return where a page begins; raise the API's 400 for what is no cursor."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if len(packed) == CURSOR_BYTES:
            micros = int.from_bytes(packed[:8])
            at = EPOCH + timedelta(microseconds=micros)
            if at < LATEST:
                return at, UUID(bytes=packed[8:])
    except (binascii.Error, ValueError, OverflowError):
        pass
    raise _wrong("cursor", "the `next_cursor` of an earlier page")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Python's time ends soon after: there is no moment after its last."""
INSTANT = timedelta(microseconds=1)
CURSOR_BYTES = 24


def write_cursor(at: datetime, id: UUID) -> str:
    """Return the cursor of the calls before one."""
    micros = (at - EPOCH) // timedelta(microseconds=1)
    packed = micros.to_bytes(8) + id.bytes
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def page_values(account: int, query: Query, *, limit: int) -> dict[str, Any]:
    """Return what `PAGE` is asked with."""
    after_at, after_id = query.after or (None, None)
    least, most = query.statuses or (None, None)
    return {
        "account": account,
        "from": query.start,
        # Nothing later is looked for, so that its days are not opened.
        "to": query.end if after_at is None else min(query.end, after_at + INSTANT),
        "model": query.model,
        "key": query.key,
        "endpoint": query.endpoint,
        "basis": query.basis,
        "status_least": least,
        "status_most": most,
        "streamed": query.streamed,
        "after_at": after_at,
        "after_id": after_id,
        "limit": limit,
    }


def find_values(account: int, public_id: str) -> dict[str, Any] | None:
    """Return what `FIND` is asked with, or None for an id that is none of ours."""
    request_id = ids.from_public(public_id)
    if request_id is None:
        return None
    moment = ids.time_of(request_id)
    return {
        "id": request_id,
        "from": moment - SLACK,
        "to": moment + SLACK,
        "account": account,
    }


async def page(pool: Pool, account: int, query: Query) -> dict[str, Any]:
    """Return one page of an account's calls."""
    async with pool.connection() as pg:
        cursor = await pg.execute(PAGE, page_values(account, query, limit=query.limit + 1))
        rows = await cursor.fetchall()
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    return {
        "object": "list",
        "data": [describe(row) for row in rows],
        "has_more": more,
        "next_cursor": write_cursor(rows[-1][1], rows[-1][0]) if more else None,
    }


async def find(pool: Pool, account: int, public_id: str) -> dict[str, Any]:
    """Return one call of an account; raise the API's 404 where it has none of this id."""
    values = find_values(account, public_id)
    if values is None:
        raise unknown_request()
    async with pool.connection() as pg:
        cursor = await pg.execute(FIND, values)
        row = await cursor.fetchone()
    if row is None:
        raise unknown_request()
    return describe(row)


def describe(row: tuple[Any, ...]) -> dict[str, Any]:
    """Return one call as the API shows it: what it used, what it cost and why; never content."""
    request_id, started_at, key, endpoint, model, provider, streamed, status, error = row[:9]
    fresh, cache_read, cache_write, output, reasoning = row[9:14]
    charge, basis, latency, first_token, attempts = row[18:]
    return {
        "id": ids.public(request_id.hex),
        "object": "request",
        "created": int(started_at.timestamp()),
        "started_at": started_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "key": key.hex,
        "endpoint": endpoint,
        "model": model or None,
        "provider": provider or None,
        "streamed": streamed,
        "status": status,
        "error_code": error or None,
        "tokens": {
            "input": fresh,
            "cache_read": cache_read,
            "cache_write": cache_write,
            "output": output,
            "reasoning": reasoning,
            "total": fresh + cache_read + cache_write + output,
        },
        "prices": {"unit": UNIT, **shown(Prices(*row[14:18]))},
        "charge": in_credits(charge),
        "charge_micro": charge,
        "charge_basis": basis,
        "charge_reason": ChargeBasis(basis).label,
        "latency_ms": latency,
        # Whoever waits for the whole answer meets no first token.
        "first_token_ms": first_token if streamed else None,
        "attempts": attempts,
    }
