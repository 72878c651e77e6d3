"""No list of the back office can be filtered by a column that it does not offer."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import BinaryField
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.closed_lists import ModelAdmin
from tests.customers import Customer
from tests.staff import staff_client

SECRET = re.compile(r"secret|password|digest|encrypted|token$|(^|_)hash$|signature")
PARTS = ("startswith", "istartswith", "contains", "icontains", "endswith", "regex", "iregex", "in")


@pytest.fixture(scope="module")
def staff(database: None) -> Client:
    return staff_client(superuser=True)


def address(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def columns() -> Iterator[tuple[Any, Any]]:
    for model in admin.site._registry:
        for field in model._meta.concrete_fields:
            yield model, field


def is_secret(field: Any) -> bool:
    return isinstance(field, BinaryField) or bool(SECRET.search(field.name))


def test_every_list_is_a_closed_one() -> None:
    for model_admin in admin.site._registry.values():
        assert isinstance(model_admin, ModelAdmin), model_admin


def test_the_known_secrets_are_among_those_that_are_tried() -> None:
    tried = {f"{model._meta.label}.{field.name}" for model, field in columns() if is_secret(field)}
    assert tried >= {
        *("djstripe.APIKey.secret", "djstripe.WebhookEndpoint.secret", "accounts.User.password"),
        *("gateway.ApiKey.digest", "billing.Code.digest", "gateway.Provider.encrypted_key"),
    }


def test_no_secret_can_be_asked_for_letter_by_letter(staff: Client) -> None:
    for model, field in columns():
        if is_secret(field):
            answer = staff.get(address(model), {f"{field.name}__startswith": "s"})
            assert answer.status_code == 400, (model, field.name)


def allows(model: Any, lookup: str) -> bool:
    request = RequestFactory().get("/admin/")
    return bool(admin.site._registry[model].lookup_allowed(lookup, "s", request))


def test_no_column_can_be_searched_in_parts_and_no_secret_at_all() -> None:
    for model, field in columns():
        kinds = {"exact", *field.get_lookups()} if is_secret(field) else PARTS
        for lookup in (f"{field.name}__{kind}" for kind in kinds):
            assert not allows(model, lookup), (model, lookup)
        assert not (is_secret(field) and allows(model, field.name)), (model, field.name)


def test_no_secret_can_be_asked_of_the_row_that_a_row_belongs_to() -> None:
    for model, field in columns():
        for other in field.related_model._meta.concrete_fields if field.is_relation else ():
            if is_secret(other):
                for kind in ("exact", *PARTS):
                    lookup = f"{field.name}__{other.name}__{kind}"
                    assert not allows(model, lookup), (model, lookup)


def test_whatever_is_no_column_is_refused(staff: Client) -> None:
    for asked in ("sessions__key__startswith", "id__regex", "nonsense", "keys__digest"):
        answer = staff.get(reverse("admin:accounts_user_changelist"), {asked: "("})
        assert answer.status_code == 400, asked


def test_lists_are_still_filtered_as_they_offer_and_as_pages_link_to_them(
    staff: Client, customer: Customer
) -> None:
    users = reverse("admin:accounts_user_changelist")
    accounts = reverse("admin:billing_account_changelist")
    since = "2020-01-01T00:00:00+00:00"
    cases: list[tuple[str, dict[str, Any]]] = [
        (users, {"id__exact": customer.user.pk, "state__exact": "active"}),
        (accounts, {"balance__gt": 0, "user__id__exact": customer.user.pk}),
        (reverse("admin:gateway_apikey_changelist"), {"user__id__exact": customer.user.pk}),
        (
            reverse("admin:gateway_requestlog_changelist"),
            {"started_at__gte": since, "status__gte": 500},
        ),
        (reverse("admin:billing_order_changelist"), {"paid_at__gte": since}),
        (reverse("admin:billing_stripeevent_changelist"), {"handled_at__isempty": 1}),
        (reverse("admin:gateway_hourlyuse_changelist"), {"provider": "x", "hour__year": 2026}),
        (reverse("admin:gateway_route_changelist"), {"provider__id__exact": 1}),
        (reverse("admin:privacy_staffaccess_changelist"), {"how": "list"}),
    ]
    for place, asked in cases:
        answer = staff.get(place, asked)
        assert answer.status_code == 200, (place, asked)
    listed = staff.get(users, {"id__exact": str(customer.user.pk)}).context["cl"].result_list
    assert [one.pk for one in listed] == [customer.user.pk]
