"""The side bar of the admin: what staff do, not which tables there are."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from billing.admin.read_only import staff_of
from lumyx.office.finance import reports

Item = dict[str, Any]
WATCHING = ("gateway.view_requestlog", "accounts.freeze_user")


def sections(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the side bar's groups; an item is seen by whom its page lets in."""
    return [
        {"items": [_item("Home", "home", "admin:index")]},
        {
            "title": "Customers",
            "items": [
                page("Find a customer", "person_search", "office:customers", "accounts.view_user"),
                page(
                    "Messages",
                    "forum",
                    "admin:privacy_datarequest_changelist",
                    "privacy.answer_message",
                ),
                _table("People", "group", "accounts.user"),
                _table("Keys", "key", "gateway.apikey"),
                _table("Calls", "lan", "gateway.requestlog"),
            ],
        },
        {
            "title": "Catalogue",
            "items": [
                _table("Models", "deployed_code", "gateway.model"),
                _table("Providers", "dns", "gateway.provider"),
                _table("Prices", "sell", "gateway.modelprice"),
                _table("Routes", "route", "gateway.route"),
                _table("VIP levels", "workspace_premium", "gateway.viplevel"),
                page(
                    "Try a price change",
                    "price_change",
                    "office:price_change",
                    *("gateway.view_modelprice", "gateway.view_dailyuse"),
                ),
            ],
        },
        {
            "title": "Operations",
            "items": [
                page("Circuit breakers", "alt_route", "office:routes", "gateway.view_route"),
                page("Abuse", "policy", "office:abuse", *WATCHING),
                _table("Incidents", "warning", "gateway.incident"),
                _table("Banner", "campaign", "gateway.sitenotice"),
                page("Stripe’s inbox", "inbox", "office:inbox", "billing.view_stripeevent"),
                page("Periodic jobs", "schedule", "office:jobs", "gateway.view_jobrun"),
            ],
        },
        {
            "title": "Finance",
            "items": [
                _table("Purchases", "shopping_cart", "billing.order"),
                _table("Refunds", "undo", "billing.refund"),
                _table("Grants and corrections", "balance", "billing.adjustment"),
                _table("Codes", "redeem", "billing.code"),
                page("Ledger", "receipt_long", "office:finance_ledger", "billing.view_ledgerentry"),
                page(
                    "Reconciliation",
                    "fact_check",
                    "office:finance_reconciliation",
                    "billing.view_reconciliation",
                ),
                page("Monthly report", "calendar_month", "office:finance_reports", *reports.MAY),
            ],
        },
        {
            "title": "Privacy",
            "items": [
                _table("Requests", "mail", "privacy.datarequest"),
                _table("Disclosures", "gavel", "privacy.disclosure"),
                _table("Security reviews", "security", "privacy.securityreview"),
                page("Promises", "rule", "office:privacy_promises", "privacy.view_proberesult"),
                page("Policies", "policy", "office:privacy_policies", "privacy.view_policydraft"),
                page("Errands of deletions", "outbox", "office:errands", "privacy.view_errand"),
                _table("Staff’s looks", "visibility", "privacy.staffaccess"),
            ],
        },
    ]


def page(title: str, icon: str, name: str, *permissions: str) -> Item:
    """Return an item that leads to a page of the back office."""

    def may(request: HttpRequest) -> bool:
        return staff_of(request).has_perms(permissions)

    return _item(title, icon, name, may)


def _table(title: str, icon: str, label: str) -> Item:
    app, _, model = label.partition(".")

    def may(request: HttpRequest) -> bool:
        staff = staff_of(request)
        return any(staff.has_perm(f"{app}.{act}_{model}") for act in ("view", "change"))

    return _item(title, icon, f"admin:{app}_{model}_changelist", may)


def _item(
    title: str, icon: str, name: str, may: Callable[[HttpRequest], bool] | None = None
) -> Item:
    item: Item = {"title": title, "icon": icon, "link": reverse(name)}
    if may is not None:
        item["permission"] = may
    return item
