"""Who may open and do what below /admin/: each table, each act and each page, by role.

The letters: S support, F finance, P privacy officer, O operator, A a superuser. Nobody else gets
in at all. What is not listed fails the tests, so that nothing is added without a decision.
"""

import re
from collections.abc import Iterator
from uuid import UUID

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
    "billing.LedgerCheck": "view:FA",
    "billing.LowBalanceAlert": "view:FA",
    "billing.Order": "view:SFA",
    "billing.Reconciliation": "view:FA",
    "billing.Redemption": "view:SFA",
    "billing.Refund": "view:SFA add:FA",
    "billing.SealedReceipt": "view:FA",
    "billing.StripeCustomer": "view:FA",
    "billing.StripeEvent": "view:FOA",
    "billing.StripeMovement": "view:FA",
    "billing.UncollectedUse": "view:FA",
    "billing.VipBonus": "view:FA add:FA change:FA delete:FA",
    "gateway.ApiKey": "view:SA change:SA",
    "gateway.DailyUse": "view:FOA",
    "gateway.HourlyUse": "view:FOA",
    "gateway.Incident": "view:SOA add:OA change:OA delete:OA",
    "gateway.IncidentUpdate": "view:SOA",
    "gateway.Model": "view:SFOA add:OA change:OA delete:OA",
    "gateway.JobRun": "view:OA",
    "gateway.ModelPrice": "view:SFOA add:OA change:OA delete:OA",
    "gateway.Provider": "view:POA add:OA change:OA delete:OA",
    "gateway.ProviderCheck": "view:A",
    "gateway.RequestLog": "view:SPOA",
    "gateway.Route": "view:OA add:OA change:OA delete:OA",
    "gateway.RouteHold": "view:OA",
    "gateway.SiteNotice": "view:OA add:OA change:OA delete:OA",
    "gateway.UptimeSpell": "view:SOA",
    "gateway.VipLevel": "view:SFOA add:OA change:OA delete:OA",
    "privacy.Acceptance": "view:PA",
    "privacy.CanaryRun": "view:PA",
    "privacy.DataRequest": "view:SPA change:SPA",
    "privacy.Disclosure": "view:PA add:PA change:PA",
    "privacy.Erasure": "view:PA",
    "privacy.Errand": "view:PA",
    "privacy.Export": "view:PA",
    "privacy.InactivityNotice": "view:PA",
    "privacy.Notice": "view:PA",
    "privacy.PolicyDraft": "view:PA",
    "privacy.PolicyVersion": "view:PA",
    "privacy.ProbeResult": "view:PA",
    "privacy.RequestStep": "view:PA",
    "privacy.SecurityReview": "view:POA add:POA",
    "privacy.StaffAccess": "view:PA",
}
PARTLY = {"privacy.DataRequest": "S"}
"""Who may see some rows of a table and no others: support the messages that are not about data."""
STRIPE = "view:FA"
"""Every table that dj-stripe keeps: Stripe is the truth of it."""

ACTIONS = {
    "billing.Adjustment": {"approve": "FA", "decline": "FA"},
    "billing.Code": {"approve": "FA", "disable_codes": "FA"},
    "billing.Refund": {"approve": "FA", "decline": "FA"},
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
    "admin:gateway_model_export": "SFOA",
    "admin:gateway_model_import": "OA",
    "admin:gateway_model_process_import": "OA",
    "admin:gateway_modelprice_export": "SFOA",
    "admin:gateway_modelprice_import": "OA",
    "admin:gateway_modelprice_process_import": "OA",
    "admin:gateway_provider_export": "POA",
    "admin:gateway_provider_import": "OA",
    "admin:gateway_provider_process_import": "OA",
    "admin:gateway_route_export": "OA",
    "admin:gateway_route_import": "OA",
    "admin:gateway_route_process_import": "OA",
    "admin:gateway_viplevel_export": "SFOA",
    "admin:gateway_viplevel_import": "OA",
    "admin:gateway_viplevel_process_import": "OA",
    "admin:gateway_provider_test_connection": "OA",
    "office:abuse": "SOA",
    "office:close_route": "OA",
    "office:customer": EVERYBODY,
    "office:customer_child": "PA",
    "office:customer_credits": "FA",
    "office:customer_delete": "PA",
    "office:customer_export": "PA",
    "office:customer_freeze": "SOA",
    "office:customer_refund": "FA",
    "office:customer_revoke": "SA",
    "office:customer_revoke_all": "SA",
    "office:customer_thaw": "SOA",
    "office:customers": EVERYBODY,
    "office:errands": "PA",
    "office:finance_ledger": "SFA",
    "office:finance_reconcile": "FA",
    "office:finance_reconciliation": "FA",
    "office:finance_report": "FA",
    "office:finance_report_csv": "FA",
    "office:finance_report_print": "FA",
    "office:finance_reports": "FA",
    "office:hold_route": "OA",
    "office:inbox": "FOA",
    "office:jobs": "OA",
    "office:price_change": "FOA",
    "office:privacy_policies": "PA",
    "office:privacy_policy_discard": "PA",
    "office:privacy_policy_draft": "PA",
    "office:privacy_policy_edit": "PA",
    "office:privacy_policy_new": "PA",
    "office:privacy_policy_preview": "PA",
    "office:privacy_policy_publish": "PA",
    "office:privacy_promises": "PA",
    "office:provider_connection": "OA",
    "office:routes": "OA",
    "office:try_errands_again": "PA",
    "office:try_events_again": "OA",
    "office:routes_live": "OA",
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


def addresses() -> dict[str, str]:
    """Return every address below /admin/ by its name, with keys in it that no row has."""
    return dict(_addresses(get_resolver().url_patterns, "", ""))


NO_ROW = {"uuid": str(UUID(int=0)), "int": "0", "str": "none", "path": "0"}


def _addresses(
    patterns: list[URLPattern | URLResolver], before: str, space: str
) -> Iterator[tuple[str, str]]:
    for one in patterns:
        path = before + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from _addresses(one.url_patterns, path, inner)
        elif path.startswith("admin/") and one.name:
            yield space + one.name, "/" + re.sub(r"<(\w+):\w+>", lambda m: NO_ROW[m[1]], path)


def of_tables() -> dict[str, tuple[type[Model], str]]:
    """Return each table's own addresses, with the table and the kind of the page."""
    return {
        f"admin:{model._meta.app_label}_{model._meta.model_name}_{kind}": (model, kind)
        for model in admin.site._registry
        for kind in KINDS
    }
