"""The personal data that the gateway holds, and how it leaves."""

from django.db import connection
from django.db.models import QuerySet

from accounts.data_sets import (
    WHILE_ACTIVE,
    Classified,
    DataSet,
    NotPersonal,
    OnErasure,
    Purpose,
)
from accounts.models import User
from billing.models import Account, Budget
from gateway import daily_use, hourly_use, log_retention, partitions, uptime
from gateway.models import ApiKey, RequestLog


def _calls(user: User) -> QuerySet[RequestLog]:
    # The number itself and no subquery: only then is the index read in order.
    account = Account.objects.filter(user=user).values_list("pk", flat=True).first()
    return RequestLog.objects.filter(account_id=account or 0)


DATA: list[Classified] = [
    DataSet(
        name="keys",
        title="API keys",
        about="Your keys' names, limits and last use; the key itself is nowhere, only a digest.",
        model=ApiKey,
        of=lambda user: ApiKey.objects.filter(user=user),
        columns=(
            *("id", "kind", "name", "prefix", "last4", "previous_until", "scopes", "minute_limit"),
            *("day_limit", "token_limit", "concurrency_limit", "day_spend", "month_spend"),
            *("total_spend", "allowed_models", "allowed_networks", "created_at", "expires_at"),
            *("revoked_at", "last_used_at", "log_days"),
        ),
        secrets=("digest", "previous_digest"),
        plumbing=("user", "pepper_version"),
        purposes=(Purpose.SERVICE, Purpose.LIMITS),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="key-budgets",
        title="What keys have spent",
        about="Each key's spending by day, month and in all, in micro-credits.",
        model=Budget,
        of=lambda user: Budget.objects.filter(id__in=ApiKey.objects.filter(user=user).values("id")),
        columns=("id", "held", "total", "day", "day_spent", "month", "month_spent"),
        purposes=(Purpose.LIMITS,),
        kept=WHILE_ACTIVE,
        on_erasure=OnErasure.DELETE,
    ),
    DataSet(
        name="calls",
        title="API request log",
        about="One line a call: when, which model, how many tokens, from where; never what was"
        " said. Prices and charges are micro-credits.",
        model=RequestLog,
        of=_calls,
        order=("started_at", "pk"),
        columns=(
            *("id", "started_at", "key_id", "endpoint", "model", "streamed", "status"),
            *("error_code", "input_tokens", "cache_read_tokens", "cache_write_tokens"),
            *("output_tokens", "reasoning_tokens", "input_price", "cache_read_price"),
            *("cache_write_price", "output_price", "charge", "charge_basis", "provider"),
            *("attempts", "latency_ms", "first_token_ms", "ip", "country", "client"),
            *("system", "device"),
        ),
        plumbing=("account_id",),
        purposes=(Purpose.SERVICE, Purpose.LIMITS, Purpose.ANALYSIS),
        kept=f"less than {partitions.RETENTION_DAYS} days, or as few as you choose for a key",
        days=partitions.RETENTION_DAYS,
        on_erasure=OnErasure.DELETE,
    ),
    NotPersonal(
        label="gateway.Provider",
        why="The AI providers we forward calls to, and their terms.",
        columns=(
            *("id", "name", "dialect", "base_url", "encrypted_key", "enabled"),
            *("trains_on_content", "retention_days", "terms_reviewed_on", "connect_seconds"),
            *("first_byte_seconds", "whole_seconds", "idle_seconds", "total_seconds"),
            *("most_concurrent", "unreachable_since"),
        ),
    ),
    NotPersonal(
        label="gateway.Model",
        why="The models on offer.",
        columns=(
            *("id", "name", "display_name", "context_window", "max_output_tokens"),
            *("capabilities", "enabled", "created_at"),
        ),
    ),
    NotPersonal(
        label="gateway.Route",
        why="Which provider serves which model.",
        columns=(
            *("id", "model", "provider", "upstream_name", "position", "weight", "enabled"),
            *("upstream_input_price", "upstream_cache_read_price"),
            *("upstream_cache_write_price", "upstream_output_price"),
        ),
    ),
    NotPersonal(
        label="gateway.RouteHold",
        why="Routes that staff have taken out of use.",
        columns=("route", "since", "until"),
        staff=("by",),
    ),
    NotPersonal(
        label="gateway.ProviderCheck",
        why="Our own probes of providers.",
        columns=("id", "provider", "checked_at", "reachable", "status", "latency_ms", "reason"),
    ),
    NotPersonal(
        label="gateway.UptimeSpell",
        why="What we found when we asked our own public door each minute; kept for"
        f" {uptime.KEPT_DAYS} days.",
        columns=("id", "part", "began", "last_at", "checks", "ok", "latency_ms", "reason"),
    ),
    NotPersonal(
        label="gateway.SiteNotice",
        why="What we say on every page for a while.",
        columns=("id", "text", "level", "begins_at", "ends_at"),
    ),
    NotPersonal(
        label="gateway.JobRun",
        why="When our own periodic jobs last ran; of a failure, the exception's name alone.",
        columns=(
            *("task", "known_since", "sent_at", "begun_at", "ended_at", "duration_ms"),
            *("problem", "succeeded_at"),
        ),
    ),
    NotPersonal(
        label="gateway.Incident",
        why="What went wrong or was planned, as everybody can read it.",
        columns=(
            *("id", "title", "impact", "affected", "planned", "started_at", "ends_at"),
            "resolved_at",
        ),
    ),
    NotPersonal(
        label="gateway.IncidentUpdate",
        why="What was said of an incident, and when.",
        columns=("id", "incident", "at", "state", "text"),
    ),
    NotPersonal(
        label="gateway.ModelPrice",
        why="What models cost, and since when.",
        columns=(
            *("id", "model", "starts_at", "input_price", "cache_read_price"),
            *("cache_write_price", "output_price", "note", "created_at"),
        ),
        staff=("created_by",),
    ),
    NotPersonal(
        label="gateway.DailyUse",
        why="What five accounts or more used together on a day, without those who objected; kept"
        f" for {daily_use.KEPT_MONTHS} months.",
        columns=(
            *("id", "day", "model", "endpoint", "accounts", "calls", "errors", "tokens_in"),
            *("tokens_out", "charge"),
        ),
    ),
    NotPersonal(
        label="gateway.HourlyUse",
        why="What all calls of an hour add up to, without whose they were, to run the service;"
        " kept for as long as the log.",
        columns=(
            *("id", "hour", "model", "provider", "calls", "refused", "failed", "tokens_in"),
            *("tokens_out", "charge", "cost", "costed", "latencies", "first_tokens"),
        ),
    ),
    NotPersonal(
        label="gateway.VipLevel",
        why="What each VIP level may do and pays.",
        columns=("id", "level", "minute_limit", "day_limit", "price_percent"),
    ),
]


def expire() -> dict[str, int]:
    """Drop what is too old of the request log; return how many of each data set went."""
    return {
        "request log days": len(partitions.drop_older()),
        "calls of keys with few days": log_retention.sweep(),
        "totals by day": daily_use.expire(),
        "totals by hour": hourly_use.expire(),
        "uptime": uptime.expire(),
    }


FEW = 5_000

DELETE_CALLS = """
delete from {table} where id = any(array(
  select id from {table} where account_id = %(account)s limit %(few)s
))
"""
DELETE_BUDGETS = """
delete from billing_budget where id in (select id from gateway_apikey where user_id = %(user)s)
"""


def erase_many(user: User) -> None:
    """Delete somebody's calls, in short statements, before the rest."""
    account = Account.objects.filter(user=user).values_list("pk", flat=True).first()
    if account is None:
        return
    for table in partitions.tables():
        statement = DELETE_CALLS.format(table=connection.ops.quote_name(table))
        deleted = FEW
        while deleted == FEW:
            with connection.cursor() as cursor:
                cursor.execute(statement, {"account": account, "few": FEW})
                deleted = cursor.rowcount


def erase(user: User) -> None:
    """Delete somebody's keys and what they spent, within the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(DELETE_BUDGETS, {"user": user.pk})
    ApiKey.objects.filter(user=user).delete()
