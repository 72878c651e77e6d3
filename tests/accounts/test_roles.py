"""Each role of staff sees and changes exactly what its table says."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts import roles
from tests.customers import Customer
from tests.staff import staff_client

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture(scope="module", params=sorted(roles.ROLES))
def role(request: pytest.FixtureRequest, database: None) -> tuple[str, Client]:
    return request.param, staff_client([request.param])


def allowed(role: str, act: str, model: type[Model]) -> bool:
    meta = model._meta
    wanted = roles.ROLES[role]
    return f"{meta.app_label}.{act}_{meta.model_name}" in wanted or (
        f"{meta.app_label}.{act}_*" in wanted
    )


def test_every_list_opens_to_whom_the_table_names(role: tuple[str, Client]) -> None:
    name, client = role
    for model in MODELS:
        meta = model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
        may = allowed(name, "view", model) or allowed(name, "change", model)
        assert client.get(url).status_code == (200 if may else 403), (name, url)


def test_nobody_adds_or_deletes_beyond_the_table(role: tuple[str, Client]) -> None:
    name, client = role
    for model in MODELS:
        meta = model._meta
        answer = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_add"))
        if not allowed(name, "add", model):
            assert answer.status_code == 403, (name, meta.label)


def test_no_role_gives_power_over_people(role: tuple[str, Client], customer: Customer) -> None:
    _, client = role
    page = reverse("admin:accounts_user_change", args=[customer.user.pk])
    assert client.post(page, {"is_superuser": "on"}).status_code == 403
    assert client.get("/admin/auth/group/").status_code == 403


def test_every_permission_of_the_table_is_one_that_there_is(database: None) -> None:
    for wanted in roles.ROLES.values():
        assert len(roles.permissions(wanted)) >= len(wanted)
    assert apps.is_installed("djstripe")
