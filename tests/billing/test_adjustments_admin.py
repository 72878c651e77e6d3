"""Staff request and decide about adjustments in the admin, where every act is logged."""

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts import second_factor
from billing.models import MICRO, Adjustment, AdjustmentState
from privacy.models import StaffAccess
from tests.billing.ledgers import assert_sound
from tests.customers import Customer
from tests.staff import staff_client

WAITING, REFUSED = AdjustmentState.WAITING, AdjustmentState.REFUSED
ADD = reverse("admin:billing_adjustment_add")
LIST = reverse("admin:billing_adjustment_changelist")


@pytest.fixture
def broke(new_customer: Callable[..., Customer]) -> Customer:
    return new_customer(credit=0)


@pytest.fixture(scope="module")
def finance(database: None) -> Client:
    return staff_client(["finance"])


@pytest.fixture(scope="module")
def colleague(database: None) -> Client:
    return staff_client(["finance"])


def form(client: Client, customer: Customer, **change: str) -> dict[str, str]:
    """Return the fields of the form as the page has them, changed."""
    hidden = re.search(r'name="id" value="([^"]+)"', client.get(ADD).content.decode())
    assert hidden is not None
    fields = {"id": hidden[1], "account": str(customer.account.pk), "kind": "grant"}
    return {**fields, "credits": "12.5", "reason": "an outage", **change}


def decide(client: Client, action: str, *rows: Adjustment) -> str:
    fields = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    fields |= {"confirmed": "yes", "reason": "ticket 77"}
    return client.post(LIST, fields, follow=True).content.decode()


def logged(adjustment: Adjustment) -> list[str]:
    entries = LogEntry.objects.filter(
        content_type__model="adjustment", object_id=str(adjustment.pk)
    )
    return [entry.get_change_message() for entry in entries.order_by("pk")]


def test_finance_gives_credits_in_the_admin_once_for_each_form(
    finance: Client, broke: Customer
) -> None:
    fields = form(finance, broke, bonus="on")
    page = finance.post(ADD, fields, follow=True)
    assert page.redirect_chain == [(LIST, 302)]
    assert b"Done: the credits were moved." in page.content
    assert finance.post(ADD, fields).status_code == 302
    other = finance.post(ADD, {**fields, "credits": "13"}, follow=True)
    assert b"Nothing was moved this time" in other.content
    assert broke.balance() == broke.account.bonus == 12_500_000
    row = Adjustment.objects.get(account=broke.account)
    assert str(row.requested_by_id) == finance.session["_auth_user_id"]
    assert logged(row) == ["Added."]
    shown = finance.get(reverse("admin:billing_adjustment_change", args=[row.pk]))
    assert b"an outage" in shown.content
    assert_sound(broke)


def test_a_colleague_approves_in_the_admin_and_the_requester_cannot(
    finance: Client, colleague: Client, broke: Customer
) -> None:
    page = finance.post(ADD, form(finance, broke, credits="500"), follow=True)
    assert b"waits until a second person approves it" in page.content
    row = Adjustment.objects.get(account=broke.account)
    assert "Somebody else has to approve" in decide(finance, "approve", row)
    assert broke.balance() == 0
    assert str(row.pk) in finance.get(LIST, {"state__exact": "waiting"}).content.decode()
    assert "Done: the credits were moved." in decide(colleague, "approve", row)
    assert broke.balance() == 500 * MICRO
    assert "This was decided before." in decide(colleague, "decline", row)
    assert logged(row) == ["Added.", "Done: the credits were moved. Why: ticket 77"]
    assert_sound(broke)


def test_deciding_says_first_what_will_happen_to_whom_and_asks_why(
    finance: Client, colleague: Client, broke: Customer
) -> None:
    finance.post(ADD, form(finance, broke, credits="500"))
    row = Adjustment.objects.get(account=broke.account)
    page = colleague.get(reverse("admin:billing_adjustment_change", args=[row.pk])).content
    assert b'name="action" value="approve"' in page
    assert f'href="/admin/customers/{broke.user.pk}' in page.decode()
    chosen = {"action": "approve", "_selected_action": [str(row.pk)]}
    asked = colleague.post(LIST, chosen).content.decode()
    assert f"Give 500 credits to {broke.user.username} (grant), asked for by" in asked
    assert f'name="_selected_action" value="{row.pk}"' in asked
    looked = StaffAccess.objects.filter(
        user=broke.user, staff_id=colleague.session["_auth_user_id"]
    )
    assert set(looked.values_list("how", flat=True)) == {"opened"}
    for reason in ("", "ok"):
        unsaid = colleague.post(LIST, {**chosen, "confirmed": "yes", "reason": reason})
        assert unsaid.status_code == 400
    row.refresh_from_db()
    assert (row.state, broke.balance(), logged(row)) == (WAITING, 0, ["Added."])
    colleague.post(LIST, {**chosen, "confirmed": "yes", "reason": "ticket 77"})
    assert broke.balance() == 500 * MICRO


def test_what_was_decided_meanwhile_is_said_to_be_gone(
    finance: Client, colleague: Client, broke: Customer
) -> None:
    finance.post(ADD, form(finance, broke, credits="500"))
    row = Adjustment.objects.get(account=broke.account)
    decide(colleague, "decline", row)
    agreed = {"action": "approve", "_selected_action": [str(row.pk)], "confirmed": "yes"}
    waiting = f"{LIST}?state__exact=waiting"
    page = colleague.post(waiting, {**agreed, "reason": "ticket 77"}, follow=True).content
    assert b"1 of the rows are not in this list any more" in page


def test_a_colleague_declines_in_the_admin(
    finance: Client, colleague: Client, broke: Customer
) -> None:
    finance.post(ADD, form(finance, broke, credits="500"))
    row = Adjustment.objects.get(account=broke.account)
    assert "Declined: nothing was moved." in decide(colleague, "decline", row)
    assert broke.balance() == 0
    assert logged(row)[1:] == ["Declined: nothing was moved. Why: ticket 77"]


def test_a_correction_that_is_not_there_is_refused_in_words(
    finance: Client, broke: Customer
) -> None:
    fields = form(finance, broke, kind="correction", credits="-0.000001")
    page = finance.post(ADD, fields, follow=True).content
    assert b"Refused: the account has less than that free." in page
    assert Adjustment.objects.get(account=broke.account).state == REFUSED


@pytest.mark.parametrize(
    "change",
    [
        {"credits": "0"},
        {"credits": "-1"},
        {"credits": "1e9"},
        {"credits": "NaN"},
        {"credits": "0.0000001"},
        {"kind": "correction", "bonus": "on"},
        {"kind": "gift"},
        {"reason": " "},
        {"reason": "why"},
        {"account": "0"},
        {"id": "x"},
    ],
    ids=str,
)
def test_a_form_out_of_bounds_moves_nothing(
    finance: Client, broke: Customer, change: dict[str, str]
) -> None:
    assert finance.post(ADD, form(finance, broke, **change)).status_code == 200
    assert not Adjustment.objects.filter(account=broke.account).exists()


def test_a_nul_moves_nothing(finance: Client, broke: Customer) -> None:
    sent = form(finance, broke, reason="an outage\0")
    assert finance.post(ADD, sent).status_code == 400
    assert not Adjustment.objects.filter(account=broke.account).exists()


@pytest.mark.parametrize("of", ["public_id", "username"])
def test_the_account_is_found_by_its_id_and_its_owners_name(
    finance: Client, broke: Customer, of: str
) -> None:
    term = broke.user.username if of == "username" else str(broke.account.public_id)
    place = {"app_label": "billing", "model_name": "adjustment", "field_name": "account"}
    answer = finance.get(reverse("admin:autocomplete"), {"term": term, **place})
    assert [found["id"] for found in answer.json()["results"]] == [str(broke.account.pk)]


def test_support_looks_at_adjustments_and_neither_makes_nor_decides_them(
    finance: Client, broke: Customer
) -> None:
    support = staff_client(["support"])
    finance.post(ADD, form(finance, broke, credits="500"))
    row = Adjustment.objects.get(account=broke.account)
    assert support.get(LIST).status_code == 200
    assert support.get(ADD).status_code == 403
    for action in ("approve", "decline"):
        decide(support, action, row)
    row.refresh_from_db()
    assert (row.state, broke.balance()) == (WAITING, 0)


def test_giving_and_deciding_ask_for_a_fresh_second_factor(
    finance: Client, broke: Customer
) -> None:
    finance.post(ADD, form(finance, broke, credits="500"))
    row = Adjustment.objects.get(account=broke.account)
    client = staff_client(["finance"])
    fields = form(client, broke)
    session = client.session
    session[second_factor.SHOWN_AT] -= settings.RECENT_SIGN_IN_MINUTES * 60 + 1
    session.save()
    action = {"action": "approve", "_selected_action": [str(row.pk)]}
    for answer in (client.get(ADD), client.post(ADD, fields), client.post(LIST, action)):
        assert answer.status_code == 302
        assert "/accounts/2fa/reauthenticate/" in answer["Location"]
    assert client.get(LIST).status_code == 200
    row.refresh_from_db()
    assert (row.state, broke.balance()) == (WAITING, 0)
