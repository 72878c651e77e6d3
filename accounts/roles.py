"""What each role of staff may do in the admin: least privilege, in one table."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Q

ROLES: dict[str, list[str]] = {
    "support": [
        "accounts.view_user",
        "accounts.freeze_user",
        "accounts.view_nabzclanlink",
        "billing.view_account",
        "billing.view_adjustment",
        "billing.view_autotopup",
        "billing.view_code",
        "billing.view_ledgerentry",
        "billing.view_order",
        "billing.view_redemption",
        "billing.view_refund",
        "privacy.answer_message",
        "gateway.view_apikey",
        "gateway.change_apikey",
        "gateway.view_incident",
        "gateway.view_incidentupdate",
        "gateway.view_uptimespell",
        "gateway.view_requestlog",
        "gateway.view_model",
        "gateway.view_modelprice",
        "gateway.view_viplevel",
    ],
    "finance": [
        "accounts.view_user",
        "billing.view_*",
        "billing.add_adjustment",
        "billing.add_code",
        "billing.add_refund",
        "billing.approve_adjustment",
        "billing.approve_refund",
        "billing.add_vipbonus",
        "billing.change_vipbonus",
        "billing.delete_vipbonus",
        "djstripe.view_*",
        "gateway.view_dailyuse",
        "gateway.view_hourlyuse",
        "gateway.view_model",
        "gateway.view_modelprice",
        "gateway.view_viplevel",
    ],
    "privacy officer": [
        "accounts.view_user",
        "accounts.view_nabzclanlink",
        "accounts.view_restriction",
        "admin.view_logentry",
        "gateway.view_provider",
        "gateway.view_requestlog",
        "privacy.view_*",
        "privacy.change_datarequest",
        "privacy.begin_datarequest",
        "privacy.change_errand",
        "privacy.add_disclosure",
        "privacy.change_disclosure",
        "privacy.approve_disclosure",
        "privacy.publish_policy",
        "privacy.add_securityreview",
    ],
    "operator": [
        "gateway.view_dailyuse",
        "gateway.view_hourlyuse",
        "gateway.view_uptimespell",
        "gateway.view_jobrun",
        "gateway.view_routehold",
        "billing.view_stripeevent",
        "billing.change_stripeevent",
        "accounts.view_user",
        "accounts.freeze_user",
        "gateway.view_requestlog",
        "privacy.view_securityreview",
        "privacy.add_securityreview",
        *(
            f"gateway.{act}_{model}"
            for model in (
                *("provider", "model", "modelprice", "route", "viplevel"),
                *("incident", "incidentupdate", "sitenotice"),
            )
            for act in ("view", "add", "change", "delete")
        ),
    ],
}
"""Permissions as Django names them; `view_*` stands for all models of an app."""


@transaction.atomic
def sync() -> None:
    """Write the roles as groups; what somebody changed on them by hand is undone."""
    for name, wanted in ROLES.items():
        group, _ = Group.objects.get_or_create(name=name)
        group.permissions.set(permissions(wanted))


def permissions(wanted: list[str]) -> list[Permission]:
    """Return the permissions of these names; raises LookupError for one that there is not."""
    found: list[Permission] = []
    for name in wanted:
        app, _, codename = name.partition(".")
        match = (
            Q(codename__startswith=codename[:-1])
            if codename.endswith("*")
            else Q(codename=codename)
        )
        rows = list(Permission.objects.filter(match, content_type__app_label=app))
        if not rows:
            raise LookupError(f"there is no permission {name}")
        found += rows
    return found
