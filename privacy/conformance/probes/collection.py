"""Section 2.1 and 2.2: no more is stored than what is listed."""

from datetime import datetime

from django.db import connection

from accounts import clients
from privacy.conformance import catalogue
from privacy.conformance.finding import Clause, Finding, broken, count, kept

ACCOUNT = {
    "accounts_user": {"nabzclan_id", "username", "email", "password", "state"},
    "accounts_nabzclanlink": {
        *("username", "email", "avatar_url", "corrected", "encrypted_access"),
        "encrypted_refresh",
    },
    "accounts_avatar": {"content", "digest"},
}
"""Every column of an account that can hold words, bytes or a date."""
LOG = "gateway_requestlog"
LOG_COLUMNS = {
    *("id", "started_at", "account_id", "key_id", "endpoint", "model", "streamed", "status"),
    *("error_code", "input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens"),
    *("reasoning_tokens", "input_price", "cache_read_price", "cache_write_price"),
    *("output_price", "charge", "charge_basis", "provider", "attempts", "latency_ms"),
    *("first_token_ms", "ip", "country", "client", "system", "device"),
}
NEWEST = 50_000
"""Rows of the request log that are looked at, the newest first."""
FAMILIES = f"""
select distinct client, system, device from (
  select client, system, device from {LOG} order by id desc limit {NEWEST}) newest
union
select distinct client, system, device from accounts_session
"""  # noqa: S608  the names are our own
PLACES = f"""
select count(*), count(*) filter (where country !~ '^([A-Z][A-Z])?$') from (
  select country from {LOG} order by id desc limit {NEWEST}) newest
"""  # noqa: S608


def account(now: datetime) -> Finding:
    """Find columns of accounts that could hold more than the policy lists."""
    found = catalogue.columns(*ACCOUNT)
    more = [
        column.full_name
        for column in found
        if (column.holds_words or column.type == "date")
        and column.name not in ACCOUNT[column.table]
    ]
    more += [name for name in catalogue.unclassified() if name.split(".")[0] in ACCOUNT]
    if more:
        return broken(
            f"Accounts have {count(len(set(more)), 'column')} that the policy does not list.",
            details=", ".join(sorted(set(more))),
            more=len(set(more)),
        )
    return kept(
        f"The {len(found)} columns of accounts hold nothing else that says anything of a person.",
        columns=len(found),
    )


def usage(now: datetime) -> Finding:
    """Compare the columns of the request log with the fixed list."""
    there = {column.name for column in catalogue.columns(LOG)}
    more, fewer = sorted(there - LOG_COLUMNS), sorted(LOG_COLUMNS - there)
    if more or fewer:
        return broken(
            f"The request log has {count(len(more), 'column')} too many and {len(fewer)} too few.",
            details=f"more: {', '.join(more) or 'none'}; fewer: {', '.join(fewer) or 'none'}",
            more=len(more),
            fewer=len(fewer),
        )
    return kept(f"The request log has exactly its {len(there)} columns.", columns=len(there))


def place(now: datetime) -> Finding:
    """See that a place is a country, and that sessions keep no address."""
    with connection.cursor() as cursor:
        cursor.execute(PLACES)
        rows, wrong = cursor.fetchone()
    addresses = [c.full_name for c in catalogue.columns("accounts_session") if c.type == "inet"]
    finer = [
        column.full_name
        for column in catalogue.columns()
        if any(word in column.name for word in ("latitude", "longitude", "city", "postal"))
    ]
    if wrong or addresses or finer:
        return broken(
            "Places are kept more exactly than as a country, or addresses in sessions.",
            details=", ".join([*addresses, *finer]) or f"{wrong} rows",
            wrong=wrong + len(addresses) + len(finer),
        )
    return kept(f"The place of {count(rows, 'call')} is a country or nothing.", rows=rows)


def browser(now: datetime) -> Finding:
    """Find clients, systems and devices that are no known family."""
    with connection.cursor() as cursor:
        cursor.execute(FAMILIES)
        found = cursor.fetchall()
    unknown = [row for row in found if not clients.are_families(*row)]
    if unknown:
        return broken(
            f"{count(len(unknown), 'description')} of browsers are no known family.",
            unknown=len(unknown),
        )
    return kept(
        f"{count(len(found), 'kind')} of browsers, programs and devices, each a known family.",
        kinds=len(found),
    )


CLAUSES = [
    Clause(
        id="2.1-account",
        section="2.1",
        sentences=(
            "When you register through NabzClan, we receive and store:",
            "Your NabzClan user ID and username",
            "Email address",
            "Profile avatar",
            "VIP subscription status",
        ),
        check="The database is asked which columns its tables of accounts have. One that could"
        " hold words, bytes or a date and is not on this list is a failure.",
        probe=account,
    ),
    Clause(
        id="2.2-usage",
        section="2.2",
        sentences=(
            "We automatically collect information about how you interact with the Service:",
            "API request logs (model used, token counts, timestamps)",
            "Credit usage and billing history",
        ),
        check="The database is asked which columns the request log has. They must be the fixed"
        " list, not one more.",
        probe=usage,
    ),
    Clause(
        id="2.2-place",
        section="2.2",
        sentences=("IP addresses and approximate geographic location",),
        check="The place of the newest 50,000 calls must be a country's two letters or nothing;"
        " no column may hold anything finer, and sessions no address.",
        probe=place,
    ),
    Clause(
        id="2.2-browser",
        section="2.2",
        sentences=("Browser type, device information, and operating system",),
        check="Every browser, system and device that is stored must be one of a known list of"
        " families, never the text that a browser sent.",
        probe=browser,
    ),
]
