"""Every address × somebody else, nobody, another key: nobody gets what belongs to another."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import pytest
import requests
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Model, QuerySet
from django.test import Client

from accounts.models import Avatar, User
from billing.models import Account, LedgerEntry, Order
from gateway.models import ApiKey
from privacy.models import Export
from tests.access import addresses
from tests.customers import Customer, accept, make_customer, session_of
from tests.journeys import site
from tests.processes import Server
from tests.shop import StripeProcess

REFUSED = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
SHOWN_TO_ALL = {"admin/login/", "admin/jsi18n/"}
"""The admin's own way in, and the words of its scripts."""


@dataclass(frozen=True)
class Owner:
    """Somebody with one of everything, and what each of these is called."""

    customer: Customer
    names: dict[str, str]
    session: str

    def canaries(self) -> set[str]:
        """Return what must stand in nobody else's answer."""
        user = self.customer.user
        known = {*self.names.values(), user.email, user.username, self.session}
        known |= {str(self.customer.account.pk), self.customer.key_row.pk.hex}
        return {one for one in known if len(one) > 8}

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """Return all rows that could be changed."""
        user, account = self.customer.user, self.customer.account
        rows: list[QuerySet[Any]] = [
            User.objects.filter(pk=user.pk),
            ApiKey.objects.filter(user=user),
            Account.objects.filter(pk=account.pk),
            LedgerEntry.objects.filter(account=account),
            Order.objects.filter(account=account),
            Export.objects.filter(user=user),
            Avatar.objects.filter(user=user),
            Authenticator.objects.filter(user=user),
            user.sessions.all(),
        ]
        found = {_name(one.model): list(one.order_by("pk").values()) for one in rows}
        for row in found["gateway.ApiKey"]:
            del row["last_used_at"]  # written some seconds after a call
        return found


def is_success(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def signed_in(customer: Customer) -> Client:
    """Return the browser of somebody who came just now, and need not show again who they are."""
    accept(customer.user)
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session_of(customer.user)
    return client


def _name(model: type[Model]) -> str:
    return model._meta.label


@pytest.fixture(scope="module")
def owner(server: Server, stripe: StripeProcess) -> Owner:
    customer, names = site.regular(server, stripe)
    picture = Avatar.objects.create(user=customer.user, digest="0a1b2c3d4e5f6071", content=b"x")
    factor = Authenticator.objects.create(
        user=customer.user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key", "credential": {}}
    )
    export = Export.objects.get(user=customer.user)
    names |= {"export": str(export.pk), "avatar": picture.digest, "factor": str(factor.pk)}
    return Owner(customer, names, session_of(customer.user))


@pytest.fixture(scope="module")
def other(database: None) -> Customer:
    return make_customer()


def test_every_address_is_listed_once() -> None:
    lists = (addresses.OPEN, addresses.OWN, set(addresses.THEIRS))
    listed = [one for kind in (*lists, addresses.STAFF, addresses.NOTHING) for one in kind]
    assert len(listed) == len(set(listed))
    assert set(listed) == {one for one in addresses.every() if not addresses.is_admins(one)}


@pytest.mark.parametrize("address", sorted(addresses.THEIRS))
def test_what_is_somebodys_is_refused_to_anybody_else(
    address: str, owner: Owner, other: Customer, server: Server
) -> None:
    before = owner.everything()
    path = addresses.path_of(address, owner.names[addresses.THEIRS[address]])
    answers: list[tuple[int, str]] = []
    if address.startswith("api/"):
        url = f"{server.url}{path}"
        assert requests.get(url, headers=owner.customer.headers, timeout=20).ok
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = requests.request(method, url, headers=other.headers, timeout=20)
            answers.append((answer.status_code, answer.text))
            answer = requests.request(method, url, timeout=20)
            assert answer.status_code in (401, 405)
    else:
        for client, may_redirect in ((signed_in(other), False), (Client(), True)):
            for act in (client.get, client.post, client.put, client.delete):
                page = act(path)
                if page.status_code == HTTPStatus.FOUND and (may_redirect or "2fa" in address):
                    # To the sign-in, or to show that one is still oneself.
                    assert page["Location"].startswith(("/sign-in", "/accounts/", "/dashboard"))
                    continue
                answers.append((page.status_code, page.content.decode()))
    assert {status for status, _ in answers} <= REFUSED | {HTTPStatus.UNAUTHORIZED}
    for canary in owner.canaries() - {owner.names[addresses.THEIRS[address]]}:
        assert all(canary not in text for _, text in answers)
    assert owner.everything() == before


def test_the_owner_has_it(owner: Owner) -> None:
    """Or the tests above would pass for addresses that nobody can open."""
    client = signed_in(owner.customer)
    for address, kind in addresses.THEIRS.items():
        # No call of theirs came from the playground, and nobody has shown a second factor.
        if not address.startswith(("api/", "accounts/2fa/", "playground/")):
            answer = client.get(addresses.path_of(address, owner.names[kind]))
            answer.close()
            assert answer.status_code in (200, 302, 405), address
            if answer.status_code == HTTPStatus.FOUND:
                assert not answer["Location"].startswith("/sign-in?"), address


@pytest.mark.parametrize("address", sorted(addresses.OWN))
def test_what_is_ones_own_is_closed_to_strangers_and_shows_nobody_elses(
    address: str, owner: Owner, other: Customer, server: Server
) -> None:
    path = addresses.path_of(address)
    names = {"key": owner.names["key"], "cursor": owner.names["call"]}
    if address.startswith("api/") or address == "playground/chat/completions":
        url = f"{server.url}{path}"
        for method in ("GET", "POST"):
            answer = requests.request(method, url, timeout=20)
            assert answer.status_code in (401, 403, 405), answer.status_code
        shown = [
            requests.get(url, params=asked, headers=other.headers, timeout=20).text
            for asked in ({}, names)
        ]
    else:
        stranger = Client()
        for page in (stranger.get(path), stranger.post(path)):
            assert not is_success(page.status_code)
        cookies = {settings.SESSION_COOKIE_NAME: session_of(other.user)}
        shown = [
            requests.get(f"{server.url}{path}", params=asked, cookies=cookies, timeout=20).text
            for asked in ({}, names)
        ]
    # A page may repeat what it was asked.
    asked_for = {names["key"], names["key"].replace("-", ""), names["cursor"]}
    assert [canary for canary in owner.canaries() if canary in shown[0]] == []
    assert [canary for canary in owner.canaries() - asked_for if canary in shown[1]] == []


@pytest.mark.parametrize("address", sorted(addresses.OPEN - {"api/v1/openapi.json"}))
def test_what_is_open_to_all_says_nothing_of_anybody(
    address: str, owner: Owner, server: Server
) -> None:
    answer = requests.get(
        f"{server.url}{addresses.path_of(address)}", timeout=20, allow_redirects=False
    )
    assert answer.status_code < 500
    assert [canary for canary in owner.canaries() if canary in answer.text] == []


def test_nobody_ends_anothers_session(owner: Owner, other: Customer) -> None:
    before = owner.everything()
    client = signed_in(other)
    for row in owner.customer.user.sessions.all():
        for which in (row.public_id, row.pk):
            client.post("/account/sessions/end", {"which": str(which)})
    assert owner.everything() == before


def test_the_back_office_is_closed_to_customers_and_strangers(other: Customer) -> None:
    opened = []
    for who, client in (("customer", signed_in(other)), ("stranger", Client())):
        for address in sorted(addresses.every()):
            if not addresses.is_admins(address) and address not in addresses.STAFF:
                continue
            for act in (client.get, client.post):
                answer = act(addresses.path_of(address))
                if is_success(answer.status_code) and address not in SHOWN_TO_ALL:
                    opened.append((who, address, answer.status_code))
                assert answer.status_code < 500, address
    assert opened == []
