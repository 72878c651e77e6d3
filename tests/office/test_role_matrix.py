"""Every page and act of the admin, by who asks for it; what is new fails until it is listed."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts import roles
from accounts.models import User
from tests.customers import Customer
from tests.office import matrix
from tests.staff import staff_client

NO_ROW = "0"
"""A key that no row has: whoever may open it is told so, and anybody else is refused before."""


@pytest.fixture(scope="module", params=matrix.EVERYBODY)
def staff(request: pytest.FixtureRequest, database: None) -> tuple[str, Client]:
    letter = request.param
    if letter == matrix.SUPERUSER:
        return letter, staff_client(superuser=True)
    return letter, staff_client([matrix.ROLES[letter]])


def address(name: str, kind: str, key: str = NO_ROW) -> str:
    return reverse(name, args=[] if kind in ("changelist", "add") else [key])


def test_every_address_and_act_is_listed() -> None:
    assert set(matrix.addresses()) - set(matrix.of_tables()) == set(matrix.PAGES)
    registered = {model._meta.label for model in admin.site._registry}
    own = {label for label in registered if not label.startswith("djstripe.")}
    assert own == set(matrix.TABLES)
    assert set(matrix.ROLES.values()) == set(roles.ROLES)
    for model, model_admin in admin.site._registry.items():
        named = {act if isinstance(act, str) else act.__name__ for act in model_admin.actions or ()}
        assert named == set(matrix.ACTIONS.get(model._meta.label, {})), model


def test_every_table_opens_to_whom_it_is_listed_for(staff: tuple[str, Client]) -> None:
    letter, client = staff
    wrong = []
    for name, (model, kind) in matrix.of_tables().items():
        may = letter in matrix.wanted(model).get(matrix.KINDS[kind], "")
        if may and kind != "changelist" and matrix.is_stripes(model):
            # Read-only all alike; the list opened.
            continue
        key = NO_ROW
        if kind == "history":
            # Of a row that there is not, the admin says so to anybody.
            row = model._default_manager.first()
            if row is None:
                continue
            key = quote(row.pk)
        good = {(True, "changelist"): (200,), (True, "add"): (200,)}.get((may, kind))
        answer = client.get(address(name, kind, key))
        if kind == "history" and model._meta.label in matrix.PARTLY:
            # One of the rows that somebody does not see is none to them.
            assert answer.status_code in (200, 302, 403)
            continue
        if answer.status_code not in (good or ((200, 302) if may else (403,))):
            wrong.append((name, answer.status_code))
    assert wrong == []


def test_what_may_not_be_done_is_refused_when_it_is_sent(staff: tuple[str, Client]) -> None:
    letter, client = staff
    wrong = []
    for name, (model, kind) in matrix.of_tables().items():
        act = {"change": "change", "add": "add", "delete": "delete"}.get(kind)
        if act is None or letter in matrix.wanted(model).get(act, ""):
            continue
        answer = client.post(address(name, kind), {"post": "yes"})
        if answer.status_code != 403:
            wrong.append((name, answer.status_code))
    assert wrong == []


def test_every_page_of_the_office_opens_to_whom_it_is_listed_for(
    staff: tuple[str, Client],
) -> None:
    letter, client = staff
    wrong = []
    for name, path in office().items():
        if letter in matrix.PAGES[name]:
            answer = client.get(path)
            # What asks for more than an address says so.
            if answer.status_code not in (200, 302, 400, 404, 405):
                wrong.append((name, "get", answer.status_code))
            continue
        for method, send in (("get", client.get), ("post", client.post)):
            answer = send(path)
            # Some are only read, and some only sent to.
            if answer.status_code not in (403, 405):
                wrong.append((name, method, answer.status_code))
    assert wrong == []


def office() -> dict[str, str]:
    """Return the addresses of the pages that are the admin's neither by itself nor of a table."""
    found = matrix.addresses()
    own = (name for name, letters in matrix.PAGES.items() if letters != matrix.EVERYBODY)
    return {name: found[name] for name in own} | {"office:customers": found["office:customers"]}


def test_every_list_offers_the_acts_that_are_listed(staff: tuple[str, Client]) -> None:
    letter, client = staff
    request: Any = RequestFactory().get("/admin/")
    request.user = User.objects.get(pk=client.session["_auth_user_id"])
    for model, model_admin in admin.site._registry.items():
        if letter not in matrix.wanted(model)["view"]:
            continue
        listed = matrix.ACTIONS.get(model._meta.label, {})
        may = {act for act, letters in listed.items() if letter in letters}
        if letter in matrix.wanted(model).get("delete", ""):
            may.add("delete_selected")
        assert set(model_admin.get_actions(request)) == may, (letter, model)


def test_nobody_but_staff_finds_any_of_it(customer: Customer) -> None:
    signed_in, stranger = Client(), Client()
    signed_in.force_login(customer.user)
    pages = {
        name: address(name, kind)
        for name, (model, kind) in matrix.of_tables().items()
        if kind == "changelist" or not matrix.is_stripes(model)
    }
    pages |= {name: reverse(name) for name in ("admin:index", "admin:search")} | office()
    for path in pages.values():
        assert signed_in.get(path).status_code == signed_in.post(path).status_code == 404, path
        answer = stranger.get(path)
        assert answer.status_code == 302, path
        assert answer["Location"].startswith(reverse("account_login")), path


def test_no_role_gives_power_over_people(staff: tuple[str, Client], customer: Customer) -> None:
    letter, client = staff
    if letter == matrix.SUPERUSER:
        return
    page = reverse("admin:accounts_user_change", args=[customer.user.pk])
    assert client.post(page, {"is_superuser": "on"}).status_code == 403
    assert client.get("/admin/auth/group/").status_code == 403


def test_every_permission_of_the_roles_is_one_that_there_is(database: None) -> None:
    for names in roles.ROLES.values():
        assert len(roles.permissions(names)) >= len(names)
    assert apps.is_installed("djstripe")
