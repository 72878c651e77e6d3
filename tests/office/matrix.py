"""Who may open and do what below /admin/: each table, each act and each page, by role.

The letters: S support, F finance, P privacy officer, O operator, A a superuser. Nobody else gets
in at all. What is not listed fails the tests, so that nothing is added without a decision.
"""

from collections.abc import Iterator

from django.contrib import admin
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

ROLES = {"S": "support", "F": "finance", "P": "privacy officer", "O": "operator"}
SUPERUSER = "A"
EVERYBODY = "SFPOA"
KINDS = {"changelist": "view", "history": "view", "change": "view", "add": "add"}
KINDS |= {"delete": "delete"}
"""What a page of a table needs; a change that is sent needs `change`."""

TABLES = {
    "accounts.LastVisit": "view:A",
    "accounts.NabzClanLink": "view:SPA",
    "accounts.Restriction": "view:PA",
    "accounts.User": "view:SFPOA change:A",
    "admin.LogEntry": "view:PA",
    "auth.Group": "view:A add:A change:A delete:A",
    "billing.Account": "view:SFA",
    "billing.Adjustment": "view:SFA add:FA",
    "billing.AutoTopUp": "view:SFA",
    "billing.Books": "view:FA",
    "billing.Budget": "view:FA",
    "billing.Code": "view:SFA add:FA",
    "billing.Difference": "view:FA",
    "billing.Hold": "view:FA",
    "billing.LedgerEntry": "view:SFA",
    "billing.LowBalanceAlert": "view:FA",
    "billing.Order": "view:SFA",
    "billing.Reconciliation": "view:FA",
    "billing.Redemption": "view:SFA",
    "billing.Refund": "view:SFA add:FA",
    "billing.SealedReceipt": "view:FA",
    "billing.StripeCustomer": "view:FA",
    "billing.StripeEvent": "view:FA",
    "billing.StripeMovement": "view:FA",
    "billing.UncollectedUse": "view:FA",
    "billing.VipBonus": "view:FA add:FA change:FA delete:FA",
    "gateway.ApiKey": "view:SA change:SA",
    "gateway.DailyUse": "view:FOA",
    "gateway.Incident": "view:SOA add:OA change:OA delete:OA",
    "gateway.IncidentUpdate": "view:SOA",
    "gateway.Model": "view:SFOA add:OA change:OA delete:OA",
    "gateway.ModelPrice": "view:SFOA add:OA change:OA delete:OA",
    "gateway.Provider": "view:POA add:OA change:OA delete:OA",
    "gateway.ProviderCheck": "view:A",
    "gateway.RequestLog": "view:SPOA",
    "gateway.Route": "view:OA add:OA change:OA delete:OA",
    "gateway.UptimeSpell": "view:SOA",
    "gateway.VipLevel": "view:SFOA add:OA change:OA delete:OA",
    "privacy.Acceptance": "view:PA",
    "privacy.CanaryRun": "view:PA",
    "privacy.DataRequest": "view:PA change:PA",
    "privacy.Disclosure": "view:PA add:PA change:PA",
    "privacy.Erasure": "view:PA",
    "privacy.Errand": "view:PA",
    "privacy.Export": "view:PA",
    "privacy.InactivityNotice": "view:PA",
    "privacy.Notice": "view:PA",
    "privacy.ProbeResult": "view:PA",
    "privacy.RequestStep": "view:PA",
    "privacy.SecurityReview": "view:POA add:POA",
    "privacy.StaffAccess": "view:PA",
}
STRIPE = "view:FA"
"""Every table that dj-stripe keeps: Stripe is the truth of it."""

ACTIONS = {
    "accounts.User": {"freeze": "SOA", "thaw": "SOA"},
    "billing.Adjustment": {"approve": "FA", "decline": "FA"},
    "billing.Code": {"disable_codes": "FA"},
    "billing.Refund": {"approve": "FA", "decline": "FA"},
    "gateway.ApiKey": {"revoke_keys": "SA"},
    "privacy.Disclosure": {"approve": "PA", "refuse": "PA"},
}
"""Acts on the chosen rows of a list, besides deleting them where that is allowed."""

PAGES = {
    "admin:index": EVERYBODY,
    "admin:app_list": EVERYBODY,
    "admin:autocomplete": EVERYBODY,
    "admin:jsi18n": EVERYBODY,
    "admin:login": EVERYBODY,
    "admin:logout": EVERYBODY,
    "admin:password_change": EVERYBODY,
    "admin:password_change_done": EVERYBODY,
    "admin:search": EVERYBODY,
    "admin:view_on_site": EVERYBODY,
    "record_of_processing": "PA",
    "staff_reason": EVERYBODY,
}
"""Everything below /admin/ that is no page of a table."""


def is_stripes(model: type[Model]) -> bool:
    """Return whether a table is one of dj-stripe's."""
    return model._meta.app_label == "djstripe"


def wanted(model: type[Model]) -> dict[str, str]:
    """Return the letters by act for a table; raises KeyError for one that is not listed."""
    text = STRIPE if is_stripes(model) else TABLES[model._meta.label]
    return dict(pair.split(":") for pair in text.split())


def names() -> set[str]:
    """Return the names of every address below /admin/."""
    return set(_names(get_resolver().url_patterns, "", ""))


def _names(patterns: list[URLPattern | URLResolver], before: str, space: str) -> Iterator[str]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from _names(one.url_patterns, path, inner)
        elif path.startswith("admin/") and one.name:
            yield space + one.name


def of_tables() -> dict[str, tuple[type[Model], str]]:
    """Return each table's own addresses, with the table and the kind of the page."""
    return {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}": (model, kind)
        for model in admin.site._registry
        for kind in KINDS
    }
