"""Ten thousand rows in every table of ours, made up from the tables' own columns."""

from typing import Any

from django.apps import apps
from django.db import connection, models

APPS = ("accounts", "billing", "gateway", "privacy", "admin")
SMALL = {"billing.VipBonus": 0, "gateway.VipLevel": 0, "gateway.Provider": 100}
"""Tables that never have many rows, and how many are added there."""
SPECIAL = {
    "accounts.NabzClanLink.corrected": "'{}'",
    "accounts.User.is_staff": "false",
    "accounts.User.is_superuser": "false",
    "billing.Account.held": "0",
    "billing.Account.bonus": "0",
    "gateway.ApiKey.scopes": "'{inference}'",
    "gateway.ApiKey.log_days": "30",
    "gateway.Incident.ends_at": "null",
    "gateway.Incident.resolved_at": "null",
    "gateway.SiteNotice.ends_at": "now() + interval '1 hour'",
    "gateway.UptimeSpell.checks": "1",
    "gateway.ModelPrice.starts_at": "now() + n * interval '1 day'",
    "privacy.PolicyVersion.approved_by": "null",
    "privacy.PolicyVersion.announced": "current_date - 20",
    "privacy.Disclosure.decided_at": "null",
    "privacy.Disclosure.decided_by": "null",
    "privacy.InactivityNotice.nth": "1 + n % 2",
    "billing.Code.approved_by": "null",
    "billing.Code.approved_at": "null",
    "billing.Adjustment.decided_at": "null",
    "billing.Adjustment.decided_by": "null",
    "admin.LogEntry.content_type": "(select id from django_content_type where model = 'user')",
    "gateway.DailyUse.accounts": "100",
    "gateway.RequestLog.started_at": "now() - n * interval '1 second'",
    "gateway.RequestLog.ip": "'192.0.2.1'",
}
"""Values of columns of which the made-up one will not do, in SQL; `n` counts the rows."""


def fill(rows: int) -> dict[type[models.Model], int]:
    """Insert so many rows into each table; return how many each has. Roll it back afterwards."""
    made: dict[type[models.Model], int] = {}
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = '60s'")
    waiting = [model for name in APPS for model in apps.get_app_config(name).get_models()]
    waiting.sort(key=_depth)
    for model in waiting:
        made[model] = _insert(model, SMALL.get(model._meta.label, rows))
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return made


def _depth(model: type[models.Model]) -> int:
    """Return how many tables come before one, by its foreign keys."""
    targets = {field.related_model for field in _foreign(model)} - {model, None}
    return 1 + max((_depth(target) for target in targets), default=0)


def _foreign(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if field.remote_field is not None]


def _insert(model: type[models.Model], rows: int) -> int:
    meta = model._meta
    names: list[str] = []
    values: list[str] = []
    sources: list[str] = []
    for field in meta.concrete_fields:
        if isinstance(field, models.AutoField) or field.generated:
            continue
        names.append(f'"{field.column}"')
        special = SPECIAL.get(f"{meta.label}.{field.name}")
        if special is None and field.remote_field is not None:
            target = field.related_model._meta  # type: ignore[union-attr]
            keys = f"keys{len(sources)}"
            sources.append(
                f'(select array_agg("{target.pk.column}") as {keys} '
                f'from "{target.db_table}") from{len(sources)}'
            )
            special = f"{keys}[1 + n % cardinality({keys})]"
        values.append(special or _value(field))
    sql = (
        f'insert into "{meta.db_table}" ({", ".join(names)}) '
        f"select {', '.join(values)} "
        f"from {', '.join([f'generate_series(1, {rows}) n', *sources])} "
        "on conflict do nothing"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


def _value(field: Any) -> str:
    """Return SQL for a value that such a column may hold."""
    kind = str(field.db_type(connection))
    if field.choices and field.get_internal_type() in ("CharField", "TextField"):
        return f"'{field.choices[0][0]}'"
    if kind.endswith("]"):
        return "'{}'"
    if kind.startswith("varchar"):
        length = min(int(kind[8:-1]), 20)
        return f"left(md5('{field.name}' || n), {length})"
    return {
        "uuid": "gen_random_uuid()",
        "bytea": f"decode(md5('{field.name}' || n), 'hex')",
        "text": f"md5('{field.name}' || n)",
        "boolean": "false",
        "jsonb": "'[]'",
        "date": "current_date",
        "timestamp with time zone": "now() - n * interval '1 second'",
    }.get(kind, "1 + n % 100")
