"""The sections of a customer's page: what a role may see of somebody, a few rows of each table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import F, Model, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.models import LastVisit, Restriction, User
from billing.amounts import in_credits
from billing.models import Account, Adjustment, LedgerEntry, Order, Refund, StripeCustomer
from gateway.models import ApiKey, RequestLog
from gateway.models.keys import LOG_DAYS_MOST
from privacy.admin_rows import Rows
from privacy.models import DataRequest, Erasure, Export, Look, StaffAccess
from privacy.personal_data import acts_of_staff

CALLS = 50
ROWS = 20
FEW = 10


@dataclass(frozen=True)
class Section:
    """One part of the page; `more` is the address of the whole table."""

    name: str
    title: str
    parts: dict[str, Any] = field(default_factory=dict)
    rows: Sequence[Model] = ()
    more: str = ""

    @property
    def template(self) -> str:
        """The template of what it shows."""
        return f"office/customers/parts/{self.name}.html"


Build = Callable[[User, User, Account | None], Section | None]


def of(user: User, staff: User) -> list[Section]:
    """Return the sections about somebody that a member of staff may see."""
    account = Account.objects.filter(user=user).first()
    built = [
        build(user, staff, account) for permission, build in SECTIONS if _may(staff, permission)
    ]
    return [section for section in built if section is not None]


def shown(sections: Sequence[Section]) -> Rows:
    """Return the rows of people that sections show."""
    return [(type(row), row.pk) for section in sections for row in section.rows]


def _may(staff: User, permission: str) -> bool:
    return not permission or staff.has_perm(permission)


def _table(model: type[Model], **lookups: object) -> str:
    meta = model._meta
    place = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return f"{place}?{urlencode(lookups)}"


def _who(user: User, staff: User, account: Account | None) -> Section:
    visit = LastVisit.objects.filter(user=user).first()
    return Section("who", "Who", {"visit": visit}, [user, *([visit] if visit else [])])


def _balance(user: User, staff: User, account: Account | None) -> Section:
    if account is None:
        return Section("balance", "Balance", {"account": None})
    known = None
    if staff.has_perm("billing.view_stripecustomer"):
        known = StripeCustomer.objects.filter(account=account).first()
    rows = [account, *([known] if known else [])]
    return Section("balance", "Balance", {"account": account, "stripe": known}, rows)


def limits(key: ApiKey) -> str:
    """Return in words what a key may not exceed, and where."""
    counts = (
        (key.minute_limit, "a minute"),
        (key.day_limit, "a day"),
        (key.token_limit, "tokens a minute"),
        (key.concurrency_limit, "at once"),
    )
    spends = ((key.day_spend, "a day"), (key.month_spend, "a month"), (key.total_spend, "in all"))
    words = [f"{count:,} {per}" for count, per in counts if count is not None]
    words += [f"{in_credits(most)} credits {per}" for most, per in spends if most is not None]
    lists = ((key.allowed_models, "model"), (key.allowed_networks, "network"))
    words += [f"{len(names)} {one}{'s'[: len(names) != 1]}" for names, one in lists if names]
    if key.expires_at is not None:
        words.append(f"until {key.expires_at:%-d %b %Y}")
    return " · ".join(words)


def _keys(user: User, staff: User, account: Account | None) -> Section:
    order = (F("revoked_at").desc(nulls_first=True), F("last_used_at").desc(nulls_last=True))
    rows = list(ApiKey.objects.filter(user=user).order_by(*order)[:ROWS])
    now = timezone.now()
    live = [(key, key.is_in_force(now), limits(key)) for key in rows]
    more = _table(ApiKey, user__id__exact=user.pk)
    return Section("keys", "Keys", {"keys": live}, rows, more)


def _calls(user: User, staff: User, account: Account | None) -> Section | None:
    if account is None:
        return None
    since = timezone.now() - timedelta(days=LOG_DAYS_MOST)
    calls = RequestLog.objects.filter(account_id=account.pk, started_at__gte=since)
    rows = list(calls.order_by("-started_at")[:CALLS])
    return Section(
        "calls", "Calls", {"calls": rows}, rows, _table(RequestLog, account_id=account.pk)
    )


def _payments(user: User, staff: User, account: Account | None) -> Section | None:
    if account is None:
        return None
    orders = list(Order.objects.filter(account=account).order_by("-created_at")[:ROWS])
    refunds: list[Refund] = []
    if staff.has_perm("billing.view_refund"):
        made = Refund.objects.filter(order__account=account).select_related(
            "order", "requested_by", "decided_by"
        )
        refunds = list(made.order_by("-created_at")[:ROWS])
    parts = {"orders": orders, "refunds": refunds}
    more = _table(Order, account__id__exact=account.pk)
    return Section("payments", "Payments", parts, [*orders, *refunds], more)


def _adjustments(user: User, staff: User, account: Account | None) -> Section | None:
    if account is None:
        return None
    made = Adjustment.objects.filter(account=account).select_related("requested_by", "decided_by")
    rows = list(made.order_by("-requested_at")[:ROWS])
    more = _table(Adjustment, account__id__exact=account.pk)
    return Section("adjustments", "Grants and corrections", {"adjustments": rows}, rows, more)


def _ledger(user: User, staff: User, account: Account | None) -> Section | None:
    if account is None:
        return None
    rows = list(LedgerEntry.objects.filter(account=account).order_by("-id")[:ROWS])
    more = _table(LedgerEntry, account__id__exact=account.pk)
    return Section("ledger", "Ledger", {"entries": rows}, rows, more)


def _privacy(user: User, staff: User, account: Account | None) -> Section:
    requests = list(DataRequest.objects.filter(user=user).order_by("-opened_at")[:FEW])
    exports = list(Export.objects.filter(user=user).order_by("-asked_at")[:FEW])
    erasures = list(Erasure.objects.filter(user=user).order_by("-asked_at")[:FEW])
    parts = {"requests": requests, "exports": exports, "erasures": erasures}
    rows = [*requests, *exports, *erasures]
    return Section("privacy", "Privacy", parts, rows, _table(DataRequest, user__id__exact=user.pk))


def _restrictions(user: User, staff: User, account: Account | None) -> Section:
    rows = list(Restriction.objects.filter(user=user).order_by("purpose"))
    return Section("restrictions", "Restrictions", {"restrictions": rows}, rows)


def _acts(user: User, staff: User, account: Account | None) -> Section:
    """What staff did: to the person's own row for all, to every row of theirs for who may read it.

    Whoever may see a row may see its history, as everywhere in the admin.
    """
    found: QuerySet[LogEntry]
    if staff.has_perm("admin.view_logentry"):
        found = acts_of_staff(user)
    else:
        kind = ContentType.objects.get_for_model(User)
        found = LogEntry.objects.filter(content_type=kind, object_id=str(user.pk))
    rows = list(found.select_related("user", "content_type").order_by("-action_time")[:ROWS])
    return Section("acts", "What staff did", {"acts": rows}, rows)


def _looks(user: User, staff: User, account: Account | None) -> Section:
    opened = StaffAccess.objects.filter(user=user, kind="accounts.User")
    looked = opened.exclude(how__in=[Look.LIST, Look.FOUND]).select_related("staff")
    rows = list(looked.order_by("-at", "-id")[:ROWS])
    return Section("looks", "Who looked", {"looks": rows}, rows)


SECTIONS: tuple[tuple[str, Build], ...] = (
    ("", _who),
    ("billing.view_account", _balance),
    ("gateway.view_apikey", _keys),
    ("gateway.view_requestlog", _calls),
    ("billing.view_order", _payments),
    ("billing.view_adjustment", _adjustments),
    ("billing.view_ledgerentry", _ledger),
    ("privacy.view_datarequest", _privacy),
    ("accounts.view_restriction", _restrictions),
    ("", _acts),
    ("privacy.view_staffaccess", _looks),
)
"""Each with the permission that shows it; who opens the page has `accounts.view_user`."""
