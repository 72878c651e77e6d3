"""Staff see every model in the admin; money and logs can only be read there."""

import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import reverse

from accounts.models import User
from billing.models import Account, Hold, LedgerEntry, UncollectedUse
from gateway import keys
from gateway.models import Provider, RequestLog
from tests.customers import Customer
from tests.processes import Server
from tests.staff import staff_client

# Rows of these say nothing that staff need, or are secrets themselves (a session's key).
UNSEEN = {
    *("contenttypes.ContentType", "auth.Permission", "sessions.Session", "accounts.Session"),
    *("accounts.Avatar", "mfa.Authenticator", "account.EmailAddress", "account.EmailConfirmation"),
    *("socialaccount.SocialApp", "socialaccount.SocialAccount", "socialaccount.SocialToken"),
}
READ_ONLY = [Account, Hold, LedgerEntry, UncollectedUse, RequestLog]


@pytest.fixture(scope="module")
def staff(database: None) -> Client:
    return staff_client(superuser=True)


def test_every_model_is_registered() -> None:
    missing = {
        model._meta.label for model in apps.get_models() if not admin.site.is_registered(model)
    }
    assert missing == UNSEEN


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda m: m._meta.label)
def test_every_row_opens(staff: Client, customer: Customer, model: type) -> None:
    meta = model._meta  # type: ignore[attr-defined]
    row = model._default_manager.first()  # type: ignore[attr-defined]
    if row is not None:
        page = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[quote(row.pk)])
        assert staff.get(page).status_code == 200


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda m: m._meta.label)
def test_money_and_logs_can_be_neither_added_changed_nor_deleted(
    staff: Client, server: Server, customer: Customer, model: type
) -> None:
    customer.chat(server)
    meta = model._meta  # type: ignore[attr-defined]
    name = f"admin:{meta.app_label}_{meta.model_name}"
    assert staff.get(reverse(f"{name}_add")).status_code == 403
    row = model._default_manager.first()  # type: ignore[attr-defined]
    if row is not None:
        assert staff.post(reverse(f"{name}_change", args=[quote(row.pk)]), {}).status_code == 403
        assert staff.post(reverse(f"{name}_delete", args=[quote(row.pk)])).status_code == 403


def test_customers_and_strangers_do_not_get_in(customer: Customer) -> None:
    client = Client()
    assert client.get("/admin/").status_code == 302
    client.force_login(customer.user)
    assert client.get("/admin/").status_code == 404


def test_a_providers_key_is_set_in_the_admin_stored_encrypted_and_never_shown(
    staff: Client,
) -> None:
    fields = {
        "name": f"real-{uuid.uuid4().hex[:6]}",
        "dialect": "openai",
        "base_url": "https://api.example.com/v1",
        "new_key": "sk-canary-77",
        "enabled": "on",
    }
    assert staff.post(reverse("admin:gateway_provider_add"), fields).status_code == 302
    row = Provider.objects.get(name=fields["name"])
    assert row.key == "sk-canary-77"
    assert b"sk-canary-77" not in bytes(row.encrypted_key)
    page = reverse("admin:gateway_provider_change", args=[quote(row.pk)])
    assert b"sk-canary-77" not in staff.get(page).content
    assert staff.post(page, {**fields, "new_key": ""}).status_code == 302
    assert Provider.objects.get(pk=row.pk).key == "sk-canary-77"


def test_a_providers_address_and_key_are_drawn_as_fields(staff: Client) -> None:
    fields = staff.get(reverse("admin:gateway_provider_add")).context["adminform"].form.fields
    usual = fields["name"].widget.attrs["class"].split()
    for name in ("base_url", "new_key"):
        drawn = str(fields[name].widget.attrs.get("class")).split()
        assert {"border", "rounded-default"} & set(usual) <= set(drawn), name
        assert "border" in drawn, name


@pytest.mark.parametrize(
    "elsewhere",
    ["https://api.example.org/v1", "https://api.example.com:8443/v1", "https://example.com/v1"],
)
def test_a_stored_key_goes_to_no_other_host_unless_it_is_entered_anew(
    staff: Client, elsewhere: str
) -> None:
    row = Provider(name=f"kept-{uuid.uuid4().hex[:6]}", base_url="https://api.example.com/v1")
    row.key = "sk-canary-78"
    row.save()
    page = reverse("admin:gateway_provider_change", args=[row.pk])
    fields = {"name": row.name, "dialect": "openai", "enabled": "on"}
    refused = staff.post(page, {**fields, "base_url": elsewhere, "new_key": ""})
    assert "goes to no other host" in refused.content.decode()
    same = {**fields, "base_url": "https://api.example.com/v2", "new_key": ""}
    assert staff.post(page, same).status_code == 302
    assert staff.post(page, {**same, "base_url": elsewhere, "new_key": "sk-new"}).status_code == 302
    row.refresh_from_db()
    assert (row.base_url, row.key) == (elsewhere, "sk-new")


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://api.example.com/v1"},
        {"base_url": "https://user:pass@api.example.com/v1"},
        {"base_url": "ftp://api.example.com"},
        {"new_key": "two words"},
        {"trains_on_content": "on"},
    ],
)
def test_a_provider_that_breaks_our_promises_is_refused(
    staff: Client, change: dict[str, str]
) -> None:
    fields = {
        "name": "refused",
        "dialect": "openai",
        "base_url": "https://api.example.com/v1",
        "enabled": "on",
        **change,
    }
    with override_settings(STANDINS=False):
        assert staff.post(reverse("admin:gateway_provider_add"), fields).status_code == 200
    assert not Provider.objects.filter(name="refused").exists()


def revoking(customer: Customer) -> str:
    return reverse("office:customer_revoke", args=[customer.user.pk, customer.key_row.pk])


def test_staff_revoke_a_key(staff: Client, customer: Customer) -> None:
    assert staff.post(revoking(customer), {"reason": "ticket 9"}).status_code == 302
    assert keys.find(customer.key) is None


def limited(*codenames: str) -> Client:
    client = staff_client()
    person = User.objects.get(pk=client.session["_auth_user_id"])
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return client


def test_staff_who_may_only_look_cannot_revoke(customer: Customer) -> None:
    looks_only = limited("view_user", "view_apikey")
    assert looks_only.post(revoking(customer), {"reason": "ticket 9"}).status_code == 403
    assert keys.find(customer.key) is not None


def test_staff_cannot_give_themselves_power() -> None:
    client = limited("view_user", "change_user")
    me = User.objects.get(pk=client.session["_auth_user_id"])
    page = reverse("admin:accounts_user_change", args=[me.pk])
    fields = {"username": me.username, "state": "active"}
    fields |= {"is_superuser": "on", "is_staff": "on", "is_active": "on"}
    assert client.post(page, fields).status_code == 302
    me.refresh_from_db()
    assert not me.is_superuser


def test_a_superuser_changes_powers_only_when_sure_and_the_state_never(
    staff: Client, customer: Customer
) -> None:
    page = reverse("admin:accounts_user_change", args=[customer.user.pk])
    refused = staff.post(page, {"state": "closing"})
    assert refused.status_code == 200
    assert b"Tick this as well" in refused.content
    customer.user.refresh_from_db()
    assert (customer.user.is_active, customer.user.state) == (True, "active")
    assert staff.post(page, {"state": "closing", "sure": "on"}).status_code == 302
    customer.user.refresh_from_db()
    assert (customer.user.is_active, customer.user.state) == (False, "active")
