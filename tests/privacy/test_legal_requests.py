"""What authorities demand is registered, decided by a second person, and told as the law allows."""

import html
import json
import re
import uuid
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from lumyx.celery import app
from privacy import centre, exports, legal_requests, retention, staff_access
from privacy.models import Disclosure, DisclosureState, StaffAccess
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.leavers import erased
from tests.processes import Server
from tests.staff import make_staff, staff_client

ADD = reverse("admin:privacy_disclosure_add")
LIST = reverse("admin:privacy_disclosure_changelist")
DAY = timedelta(days=1)


@pytest.fixture
def officer(database: None) -> Client:
    return staff_client(["privacy officer"])


@pytest.fixture
def colleague(database: None) -> Client:
    return staff_client(["privacy officer"])


def page_of(demand: Disclosure) -> str:
    return reverse("admin:privacy_disclosure_change", args=[demand.pk])


def me(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def form(client: Client, person: User | None, **change: Any) -> dict[str, Any]:
    hidden = re.search(r'name="id" value="([^"]+)"', client.get(ADD).content.decode())
    assert hidden is not None
    return {
        "id": hidden[1],
        "person": str(person.pk) if person else "",
        "authority": "Court of Canaries",
        "legal_basis": "Warrant under section 7",
        "reference": f"ref-{uuid.uuid4().hex[:8]}",
        "received_on": "2026-11-20",
        "data_sets": ["profile", "calls"],
        **change,
    }


def entered(person: User | None, **change: Any) -> Disclosure:
    demand = Disclosure(
        person=person,
        authority="Court of Canaries",
        legal_basis="Warrant",
        reference=f"ref-{uuid.uuid4().hex[:8]}",
        received_on=date(2026, 11, 20),
        data_sets=["profile"],
        **change,
    )
    return legal_requests.enter(demand, by=make_staff("privacy officer")[0])


def another() -> User:
    return make_staff("privacy officer")[0]


def decide(client: Client, action: str, demand: Disclosure) -> str:
    said = {"action": action, "_selected_action": [str(demand.pk)]}
    asked = client.post(LIST, said)
    if asked.status_code == 200:
        assert demand.authority in html.unescape(asked.content.decode())
        demand.refresh_from_db()
        said |= {"confirmed": "yes", "reason": "ticket 77"}
    return html.unescape(client.post(LIST, said, follow=True).content.decode())


def test_one_enters_it_and_another_decides(
    officer: Client, colleague: Client, customer: Customer
) -> None:
    said = form(officer, customer.user)
    page = officer.post(ADD, said, follow=True)
    assert page.redirect_chain == [(LIST, 302)]
    assert b"waits until a second person decides" in page.content
    officer.post(ADD, said)
    [row] = Disclosure.objects.filter(person=customer.user)
    assert (row.state, row.requested_by, row.data_sets) == (
        *(DisclosureState.WAITING, me(officer)),
        ["profile", "calls"],
    )
    assert "Somebody else has to decide" in decide(officer, "approve", row)
    assert "Somebody else has to decide" in decide(officer, "refuse", row)
    row.refresh_from_db()
    assert row.state == DisclosureState.WAITING
    assert "may be handed over" in decide(colleague, "approve", row)
    assert "decided before" in decide(colleague, "refuse", row)
    row.refresh_from_db()
    assert (row.state, row.decided_by) == (DisclosureState.DISCLOSED, me(colleague))
    assert row.decided_at is not None


def test_a_refusal_hands_nothing_over_and_nobody_is_told(
    officer: Client, colleague: Client, customer: Customer
) -> None:
    officer.post(ADD, form(officer, customer.user))
    row = Disclosure.objects.get(person=customer.user)
    assert "nothing is handed over" in decide(colleague, "refuse", row)
    row.refresh_from_db()
    assert row.state == DisclosureState.REFUSED
    assert row not in legal_requests.to_tell()


def test_whom_it_concerns_decides_nothing(colleague: Client) -> None:
    row = entered(me(colleague))
    assert "what concerns you" in decide(colleague, "approve", row)
    with pytest.raises(legal_requests.SamePerson):
        legal_requests.refuse(row, by=me(colleague))


@pytest.mark.parametrize(
    "change",
    [
        {"authority": ""},
        {"legal_basis": " "},
        {"received_on": "2999-01-01"},
        {"data_sets": []},
        {"data_sets": ["everything"]},
        {"note": "x" * 2_001},
        {"secret_until": "2026-12-24"},
        {"secrecy_basis": "Order 5"},
        {"secret_until": "2999-01-01", "secrecy_basis": "Order 5"},
        {"person": "0" * 32},
    ],
    ids=str,
)
def test_what_is_incomplete_is_refused_in_words(officer: Client, change: dict[str, Any]) -> None:
    said = form(officer, None) | change
    answer = officer.post(ADD, said)
    assert answer.status_code == 200
    assert not Disclosure.objects.filter(pk=said["id"]).exists()


@pytest.mark.parametrize("field", legal_requests.TEXTS)
def test_words_that_outlive_the_person_do_not_name_them(
    officer: Client, customer: Customer, field: str
) -> None:
    secret = {"secret_until": str(date.today() + DAY), "secrecy_basis": "Order 5"}
    named = {**secret, field: f"About {customer.user.username.upper()}, by order"}
    said = form(officer, customer.user, **named)
    assert "name, address and number out" in html.unescape(officer.post(ADD, said).content.decode())
    assert not Disclosure.objects.filter(person=customer.user).exists()


def test_nothing_but_its_secrecy_is_changed_and_it_is_never_deleted(
    officer: Client, customer: Customer
) -> None:
    row = entered(customer.user)
    until = date.today() + 30 * DAY
    said = {"authority": "Another", "secret_until": str(until), "secrecy_basis": "Order 5"}
    assert officer.post(page_of(row), said).status_code == 302
    row.refresh_from_db()
    assert (row.authority, row.secret_until) == ("Court of Canaries", until)
    far = str(date.today() + 400 * DAY)
    assert officer.post(page_of(row), {**said, "secret_until": far}).status_code == 200
    row.refresh_from_db()
    assert row.secret_until == until
    delete = reverse("admin:privacy_disclosure_delete", args=[row.pk])
    for client in (officer, staff_client(superuser=True)):
        assert client.post(delete, {"post": "yes"}).status_code == 403
    assert Disclosure.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("role", ["support", "finance", "operator"])
def test_only_the_privacy_officer_works_with_it(customer: Customer, role: str) -> None:
    row = entered(customer.user)
    client = staff_client([role])
    for path in (LIST, ADD, page_of(row)):
        assert client.get(path).status_code == 403
    decide(client, "approve", row)
    row.refresh_from_db()
    assert row.state == DisclosureState.WAITING


def test_the_database_refuses_one_person_for_two_and_secrecy_without_a_law(
    customer: Customer,
) -> None:
    row = entered(customer.user)
    mine = Disclosure.objects.filter(pk=row.pk)
    now = timezone.now()
    for wrong in (
        {"state": "disclosed", "decided_by": row.requested_by, "decided_at": now},
        {"state": "disclosed"},
        {"secret_until": now.date()},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            mine.update(**wrong)


def test_the_person_is_told_once_by_mail_and_in_the_centre(
    server: Server, nabzclan: NabzClanProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    row = entered(user)
    assert "Being examined" in browser.open("/privacy/centre").text
    assert row not in legal_requests.to_tell()
    legal_requests.approve(row, by=another())
    mail.outbox = []
    legal_requests.tell()
    legal_requests.tell()
    [sent] = [one for one in mail.outbox if one.to == [user.email]]
    assert "Court of Canaries" in sent.body
    assert "Your account" in sent.body
    row.refresh_from_db()
    assert row.told_person_at is not None
    text = browser.open("/privacy/centre").text
    assert "Court of Canaries" in text
    assert "Given" in text
    with pytest.raises(legal_requests.Told):
        legal_requests.keep_secret(row, until=date.today() + DAY, because="Order 5")


def test_mail_that_does_not_go_out_is_sent_later(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = legal_requests.approve(entered(customer.user), by=another())
    with monkeypatch.context() as away:
        away.setattr(settings, "EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
        away.setattr(settings, "EMAIL_PORT", 1)
        away.setattr(settings, "EMAIL_HOST", "127.0.0.1")
        legal_requests.tell()
    assert row in legal_requests.to_tell()
    legal_requests.tell()
    assert row not in legal_requests.to_tell()


def test_while_a_law_forbids_it_nothing_tells_the_person_and_then_they_are_told(
    officer: Client, customer: Customer, exports_directory: Path
) -> None:
    until = timezone.now().date() + 30 * DAY
    row = entered(customer.user, secret_until=until, secrecy_basis="Order 5")
    legal_requests.approve(row, by=another())
    officer.get(page_of(row))
    assert StaffAccess.objects.filter(user=customer.user, object_id=str(row.pk)).exists()

    def known() -> set[str]:
        seen = {
            "centre": bool(legal_requests.told_to(customer.user)),
            "counts": any(h.rows for h in centre.held(customer.user) if h.entry.name in HIDING),
            "looks": bool(staff_access.of(customer.user)[1]),
            "copy": str(row.pk) in copy_of(customer.user),
            "due": row in legal_requests.to_tell(),
        }
        return {name for name, shows in seen.items() if shows}

    assert known() == set()
    legal_requests.tell(now=timezone.now() + 29 * DAY)
    row.refresh_from_db()
    assert row.told_person_at is None
    assert row in legal_requests.to_tell(now=timezone.now() + 30 * DAY)
    legal_requests.keep_secret(row, until=None, because="")
    assert known() == {"centre", "counts", "looks", "copy", "due"}


HIDING = {"disclosures", "staff-access"}


def copy_of(user: User) -> str:
    export = exports.ask(user)
    assert exports.build(str(export.pk))
    with zipfile.ZipFile(export.path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert {part["name"] for part in manifest["data_sets"]} >= HIDING
        return b"".join(archive.read(name) for name in archive.namelist()).decode()


def test_the_register_outlives_the_person_without_them(customer: Customer) -> None:
    row = entered(customer.user, note="The warrant was examined.")
    legal_requests.approve(row, by=another())
    erased(customer)
    row.refresh_from_db()
    assert (row.person, row.note, row.authority) == (None, "", "Court of Canaries")
    assert row not in legal_requests.to_tell()


def test_it_is_kept_three_years_from_the_decision_and_until_the_person_knows(
    customer: Customer,
) -> None:
    at = timezone.now()
    waiting, refused, untold = entered(customer.user), entered(None), entered(customer.user)
    legal_requests.refuse(refused, by=another(), now=at)
    legal_requests.approve(untold, by=another(), now=at)
    rows = Disclosure.objects.filter(pk__in=[waiting.pk, refused.pk, untold.pk])
    legal_requests.expire(now=at + 1_095 * DAY - timedelta(seconds=1))
    assert rows.count() == 3
    legal_requests.expire(now=at + 1_095 * DAY)
    assert set(rows.all()) == {waiting, untold}
    legal_requests.tell()
    legal_requests.expire(now=at + 1_095 * DAY)
    assert set(rows.all()) == {waiting}
    assert legal_requests.expire in retention.EXPIRES


def test_a_demand_for_unknown_data_is_no_demand(customer: Customer) -> None:
    with pytest.raises(ValidationError):
        legal_requests.check(
            Disclosure(
                authority="x",
                legal_basis="x",
                reference="x",
                received_on=date(2026, 1, 1),
                data_sets=["nonsense"],
            )
        )


def test_beat_tells_people(database: None) -> None:
    tasks = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert "privacy.tasks.tell_of_disclosures" in tasks
