"""Whose rows are: from each table with rows of people to the person, a table in few queries."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db.models import Model

from billing.models import Account
from gateway.models import ApiKey, RequestLog
from privacy import stripe_owners

Pairs = Iterable[tuple[Any, UUID | None]]
Find = Callable[[list[Any]], Pairs]


def _of_calls(keys: list[Any]) -> Pairs:
    calls = list(RequestLog.objects.filter(pk__in=keys).values_list("pk", "account_id"))
    accounts = {account for _, account in calls}
    people = dict(Account.objects.filter(pk__in=accounts).values_list("pk", "user"))
    return [(call, people.get(account)) for call, account in calls]


def _of_budgets(keys: list[Any]) -> Pairs:
    return ApiKey.objects.filter(pk__in=keys).values_list("pk", "user")


def _of_acts(keys: list[Any]) -> Pairs:
    """Whose row staff changed; what is said of a row in the log is said of its person."""
    acts = LogEntry.objects.filter(pk__in=keys).values_list("pk", "content_type", "object_id")
    by_kind: dict[int, dict[str, list[int]]] = {}
    for act, kind, row in acts:
        by_kind.setdefault(kind, {}).setdefault(row or "", []).append(act)
    pairs: list[tuple[Any, UUID | None]] = []
    for kind, rows in by_kind.items():
        model = ContentType.objects.get_for_id(kind).model_class() if kind else None
        if model is None or model is LogEntry or not is_personal(model):
            continue
        for row, user in of(model, rows).items():
            pairs += [(act, user) for act in rows.get(row, [])]
    return pairs


OWNERS: dict[str, str | Find] = {
    "accounts.User": "id",
    "accounts.NabzClanLink": "user",
    "accounts.Avatar": "user",
    "accounts.LastVisit": "user",
    "accounts.Restriction": "user",
    "accounts.Session": "user",
    "mfa.Authenticator": "user",
    "gateway.ApiKey": "user",
    "gateway.RequestLog": _of_calls,
    "billing.Account": "user",
    "billing.Adjustment": "account__user",
    "billing.AutoTopUp": "account__user",
    "billing.Budget": _of_budgets,
    "billing.Hold": "account__user",
    "billing.LedgerEntry": "account__user",
    "billing.LowBalanceAlert": "account__user",
    "billing.Order": "account__user",
    "billing.Redemption": "account__user",
    "billing.Refund": "order__account__user",
    "billing.SealedReceipt": "order__account__user",
    "billing.StripeCustomer": "account__user",
    "billing.UncollectedUse": "account__user",
    "privacy.Acceptance": "user",
    "privacy.DataRequest": "user",
    "privacy.Erasure": "user",
    "privacy.Errand": "erasure__user",
    "privacy.Disclosure": "person",
    "privacy.Export": "user",
    "privacy.InactivityNotice": "user",
    "privacy.Notice": "user",
    "privacy.RequestStep": "request__user",
    "privacy.StaffAccess": "user",
    "admin.LogEntry": _of_acts,
    **stripe_owners.OWNERS,
}
"""By the model: the path to the person, or how they are found where no foreign key leads there."""


def is_personal(model: type[Model]) -> bool:
    """Return whether rows of a model belong to people."""
    return model._meta.concrete_model._meta.label in OWNERS  # type: ignore[union-attr]


def of(model: type[Model], keys: Iterable[object]) -> dict[str, UUID]:
    """Return the people by the keys of their rows, as text; rows of nobody are left out."""
    path = OWNERS[model._meta.concrete_model._meta.label]  # type: ignore[union-attr]
    known = _clean(model, keys)
    if not known:
        return {}
    pairs: Pairs
    if isinstance(path, str):
        pairs = model._default_manager.filter(pk__in=known).values_list("pk", path)
    else:
        pairs = path(known)
    return {str(key): user for key, user in pairs if user is not None}


def theirs(model: type[Model], user: UUID, *, among: Iterable[object]) -> list[str]:
    """Return the keys of somebody's rows, at least of those that are among these."""
    path = OWNERS[model._meta.concrete_model._meta.label]  # type: ignore[union-attr]
    if isinstance(path, str):
        found = model._default_manager.filter(**{path: user})
        return [str(key) for key in found.values_list("pk", flat=True)]
    return [key for key, whose in of(model, among).items() if whose == user]


def _clean(model: type[Model], keys: Iterable[object]) -> list[Any]:
    """Return the keys that a row can have; an address may hold anything."""
    field: Any = model._meta.pk
    while field.remote_field:
        field = field.target_field
    known = []
    for key in keys:
        try:
            value = field.to_python(key)
            field.run_validators(value)
        except (ValidationError, ValueError):
            continue
        if value is not None and "\0" not in str(value):
            known.append(value)
    return known
