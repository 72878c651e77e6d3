"""What staff do about a customer is named before, has a reason, and is logged."""

import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts import second_factor, states
from accounts.models import State, User
from billing.models import MICRO, Adjustment, AdjustmentState, Order, Refund, RefundState
from gateway import keys
from gateway.models import ApiKey
from privacy import data_requests, erasure, exports, reasons
from privacy.models import DataRequest, Erasure, Export, Look, RequestState, StaffAccess
from tests.customers import Customer, visit
from tests.processes import Server, wait_until
from tests.shop import StripeProcess, bought
from tests.staff import staff_client

WHY = {"reason": "abuse, ticket 9"}
ASKED = {"words": "Asked by letter.", "evidence": "letter 3, identity card seen"}
ROLES = ("support", "finance", "privacy officer", "operator")
MAY = {
    "freeze": {"support", "operator"},
    "thaw": {"support", "operator"},
    "revoke": {"support"},
    "revoke_all": {"support"},
    "credits": {"finance"},
    "refund": {"finance"},
    "export": {"privacy officer"},
    "delete": {"privacy officer"},
    "child": {"privacy officer"},
}


@pytest.fixture(scope="module")
def client_of(database: None) -> Callable[[str], Client]:
    made: dict[str, Client] = {}
    return lambda role: made.setdefault(role, staff_client([role]))


@pytest.fixture
def support(client_of: Callable[[str], Client]) -> Client:
    return client_of("support")


@pytest.fixture
def finance(client_of: Callable[[str], Client]) -> Client:
    return client_of("finance")


@pytest.fixture
def officer(client_of: Callable[[str], Client]) -> Client:
    return client_of("privacy officer")


def place(name: str, user: User, *more: object) -> str:
    return reverse(f"office:customer_{name}", args=[user.pk, *more])


def places(customer: Customer, order: Order) -> dict[str, str]:
    more = {"revoke": [customer.key_row.pk], "refund": [order.pk]}
    return {name: place(name, customer.user, *more.get(name, [])) for name in MAY}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def logged(row: Any) -> list[str]:
    entries = LogEntry.objects.filter(
        content_type__model=row._meta.model_name, object_id=str(row.pk)
    )
    return [entry.get_change_message() for entry in entries.order_by("pk")]


def acted(customer: Customer) -> list[tuple[str, str]]:
    rows = StaffAccess.objects.filter(user=customer.user, how=Look.ACTED).order_by("id")
    return list(rows.values_list("kind", "reason"))


def me(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def everything(customer: Customer) -> list[Any]:
    """Return all that an act of this page could change."""
    user = User.objects.get(pk=customer.user.pk)
    return [
        user.state,
        *ApiKey.objects.filter(user=user).order_by("pk").values_list("revoked_at", flat=True),
        customer.balance(),
        Adjustment.objects.filter(account=customer.account).count(),
        Refund.objects.filter(order__account=customer.account).count(),
        DataRequest.objects.filter(user=user).count(),
        Export.objects.filter(user=user).count(),
        Erasure.objects.filter(user=user).count(),
    ]


def forms(customer: Customer, report: DataRequest) -> dict[str, dict[str, str]]:
    """Return forms that would do it, were it allowed."""
    sure = {"confirmed": "yes", "id": str(uuid.uuid4()), "reason": "ticket 9"}
    child = {**ASKED, "report": str(report.pk), "username": customer.user.username}
    return {
        **dict.fromkeys(("freeze", "thaw", "revoke", "revoke_all"), WHY),
        "credits": {**sure, "kind": "grant", "credits": "1"},
        "refund": {**sure, "dollars": "1"},
        **dict.fromkeys(("export", "delete"), ASKED),
        "child": child,
    }


def test_nobody_does_what_their_role_may_not_nor_without_a_reason_or_a_factor(
    client_of: Callable[[str], Client], stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    report = data_requests.open_request("child", "He is nine.", email="parent@example.com")
    sent, before = forms(customer, report), everything(customer)
    paths = places(customer, order)
    visitor, nothing, tardy = (
        visit(customer),
        staff_client(superuser=True),
        staff_client(superuser=True),
    )
    session = nothing.session
    del session[reasons.IN_SESSION]
    session.save()
    session = tardy.session
    session[second_factor.SHOWN_AT] = time.time() - 3_600
    session.save()
    for name, path in paths.items():
        for role in set(ROLES) - MAY[name]:
            client = client_of(role)
            assert client.post(path, sent[name]).status_code == 403, (role, name)
        assert nothing.post(path, sent[name]).status_code == 403, name
        assert nothing.get(path).headers["Location"].startswith("/admin/reason"), name
        for answer in (tardy.get(path), tardy.post(path, sent[name])):
            assert answer.headers["Location"].startswith("/accounts/"), name
        assert visitor.post(path, sent[name]).status_code == 404, name
        assert Client().post(path, sent[name]).status_code == 302, name
    assert everything(customer) == before
    assert DataRequest.objects.get(pk=report.pk).state == RequestState.OPEN


def test_every_act_is_named_first_and_a_form_that_says_nothing_does_nothing(
    client_of: Callable[[str], Client], stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    report = data_requests.open_request("child", "He is nine.", email="parent@example.com")
    before = everything(customer)
    sent = forms(customer, report)
    for name, path in places(customer, order).items():
        if name == "thaw":
            continue
        client = client_of(sorted(MAY[name])[0])
        asked = text(client.get(path))
        assert "What happens" in asked, name
        assert customer.user.username in asked, name
        assert re.search(r"undone|can undo|Nothing moves yet|Nothing of theirs changes", asked), (
            name
        )
        for missing in sorted(set(sent[name]) - {"confirmed", "id", "kind"}):
            lacking = {**sent[name], missing: ""}
            assert client.post(path, lacking).status_code == 400, (name, missing)
        assert client.post(path, {}).status_code == 400, name
    assert everything(customer) == before


def test_support_freezes_and_thaws_with_a_reason_that_the_customer_reads(
    support: Client, server: Server, customer: Customer
) -> None:
    path = place("freeze", customer.user)
    assert support.post(path, {"reason": "four"}).status_code == 400
    assert customer.chat(server).status_code == 200
    answer = support.post(path, WHY, follow=True)
    assert answer.redirect_chain == [(reverse("office:customer", args=[customer.user.pk]), 302)]
    wait_until(lambda: customer.chat(server).status_code == 403, seconds=8)
    assert logged(customer.user) == ["Frozen: abuse, ticket 9"]
    assert ("accounts.User", "Frozen: abuse, ticket 9") in acted(customer)
    assert "Frozen: abuse, ticket 9" in text(answer)
    assert "Frozen: abuse, ticket 9" in text(visit(customer).get("/privacy/centre"))
    again = support.post(path, {"reason": "once more"}, follow=True)
    assert "Nothing was changed: the account is frozen." in text(again)
    support.post(place("thaw", customer.user), {"reason": "settled"})
    wait_until(lambda: customer.chat(server).status_code == 200, seconds=8)
    assert logged(customer.user) == ["Frozen: abuse, ticket 9", "Thawed: settled"]


def test_an_account_that_closes_stays_so(support: Client, customer: Customer) -> None:
    states.begin_closing(customer.user)
    for name in ("freeze", "thaw"):
        answer = support.post(place(name, customer.user), WHY, follow=True)
        assert "the account is closing" in text(answer)
    customer.user.refresh_from_db()
    assert customer.user.state == State.CLOSING


def test_support_revokes_one_key_once(support: Client, customer: Customer) -> None:
    other, _ = keys.issue(customer.user, name="Other")
    path = place("revoke", customer.user, customer.key_row.pk)
    assert customer.key_row.display in text(support.get(path))
    answer = support.post(path, WHY, follow=True)
    assert "The key is revoked." in text(answer)
    assert "revoked before" in text(support.post(path, WHY, follow=True))
    customer.key_row.refresh_from_db()
    other.refresh_from_db()
    assert customer.key_row.revoked_at is not None
    assert other.revoked_at is None
    assert logged(customer.key_row) == ["Revoked: abuse, ticket 9"]
    assert ("gateway.ApiKey", "a test of the admin") in acted(customer)


def test_nobody_revokes_a_key_under_another_customers_name(
    support: Client, customer: Customer, new_customer: Callable[..., Customer]
) -> None:
    other = new_customer()
    path = place("revoke", other.user, customer.key_row.pk)
    assert support.post(path, WHY).status_code == 404
    customer.key_row.refresh_from_db()
    assert customer.key_row.revoked_at is None


def test_support_revokes_all_keys_but_the_playgrounds(support: Client, customer: Customer) -> None:
    keys.issue(customer.user, name="Other")
    playground = keys.of_playground(customer.user)
    path = place("revoke_all", customer.user)
    assert "Revoke 2 keys" in text(support.get(path))
    assert "2 keys are revoked." in text(support.post(path, WHY, follow=True))
    live = ApiKey.objects.filter(user=customer.user, revoked_at=None)
    assert [key.pk for key in live] == [playground.pk]
    for key in ApiKey.objects.programs().filter(user=customer.user):
        assert logged(key) == ["Revoked: abuse, ticket 9"]
    assert [kind for kind, _ in acted(customer)].count("gateway.ApiKey") == 2
    assert "no key to revoke" in text(support.post(path, WHY, follow=True))


@pytest.mark.parametrize("action", ["freeze", "thaw", "revoke_keys"])
def test_the_lists_freeze_nobody_and_revoke_nothing_without_a_page_that_says_so(
    customer: Customer, action: str
) -> None:
    boss, before = staff_client(superuser=True), everything(customer)
    for table, row in (("accounts_user", customer.user), ("gateway_apikey", customer.key_row)):
        chosen = {"action": action, "_selected_action": [str(row.pk)]}
        boss.post(reverse(f"admin:{table}_changelist"), chosen)
        assert logged(row) == []
    assert everything(customer) == before


def give(client: Client, customer: Customer, **change: str) -> tuple[str, dict[str, str]]:
    """Fill the form for credits in; return what is shown before it is agreed to, and the form."""
    path = place("credits", customer.user)
    hidden = re.search(r'name="id" value="([^"]+)"', text(client.get(path)))
    assert hidden is not None
    fields = {"id": hidden[1], "kind": "grant", "credits": "12.5", "reason": "an outage", **change}
    return text(client.post(path, fields)), fields


def agree(client: Client, customer: Customer, fields: dict[str, str], answer: str = "yes") -> str:
    path = place("credits", customer.user)
    return text(client.post(path, {**fields, "confirmed": answer}, follow=True))


def test_finance_gives_credits_once_after_it_has_seen_what_that_does(
    finance: Client, customer: Customer
) -> None:
    had = customer.balance()
    shown, fields = give(finance, customer, bonus="on")
    assert f"Give 12.5 credits to {customer.user.username}, as a bonus grant." in shown
    assert "Free credits go from 10 to 22.5." in shown
    assert "It is done at once." in shown
    assert 'value="yes"' in shown
    assert 'value="yes"' not in agree(finance, customer, fields, "no"), "thought better of"
    assert customer.balance() == had
    assert "Done: the credits were moved." in agree(finance, customer, fields)
    agree(finance, customer, fields)
    assert customer.balance() - had == 12_500_000
    differs = agree(finance, customer, {**fields, "credits": "13"})
    assert "Nothing was moved this time" in differs
    [row] = Adjustment.objects.filter(account=customer.account)
    assert logged(row) == ["Added."]
    assert row.requested_by == me(finance)


def test_large_grants_wait_and_who_asked_cannot_approve(
    finance: Client, customer: Customer
) -> None:
    had = customer.balance()
    shown, fields = give(finance, customer, credits=str(settings.APPROVAL_CREDITS + 1))
    assert "It waits until a second person approves it" in shown
    after = agree(finance, customer, fields)
    waiting = "/admin/billing/adjustment/?state__exact=waiting"
    assert waiting in after
    row = Adjustment.objects.get(account=customer.account)
    assert row.state == AdjustmentState.WAITING
    approve = {"action": "approve", "_selected_action": [str(row.pk)]}
    approve |= {"confirmed": "yes", "reason": "ticket 77"}
    table = reverse("admin:billing_adjustment_changelist")
    assert "Somebody else has to approve" in text(finance.post(table, approve, follow=True))
    assert finance.get(waiting).status_code == 200
    assert customer.balance() == had
    staff_client(["finance"]).post(table, approve)
    assert customer.balance() - had == (settings.APPROVAL_CREDITS + 1) * MICRO


def test_small_grants_in_a_row_wait_too(finance: Client, customer: Customer) -> None:
    for _ in range(2):
        shown, fields = give(finance, customer, credits=str(settings.APPROVAL_CREDITS / 2))
        assert "at once" in shown
        agree(finance, customer, fields)
    shown, fields = give(finance, customer, credits="0.000001")
    assert "It waits until a second person approves it" in shown
    agree(finance, customer, fields)
    assert Adjustment.objects.filter(account=customer.account, state="waiting").count() == 1


def test_corrections_take_no_more_than_is_free(finance: Client, customer: Customer) -> None:
    shown, fields = give(finance, customer, kind="correction", credits="-3")
    assert "Take 3 credits from" in shown
    agree(finance, customer, fields)
    assert customer.balance() == 7 * MICRO
    shown, fields = give(finance, customer, kind="correction", credits="-8")
    assert "Only 7 credits are free" in shown
    agree(finance, customer, fields)
    assert customer.balance() == 7 * MICRO
    for wrong in ({"credits": "-1"}, {"credits": "0"}, {"kind": "correction", "bonus": "on"}):
        shown, fields = give(finance, customer, **wrong)
        assert 'value="yes"' not in shown, wrong
        agree(finance, customer, fields)
    assert Adjustment.objects.filter(account=customer.account).count() == 2


def test_finance_pays_a_purchase_back_once(
    finance: Client, stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    path = place("refund", customer.user, order.pk)
    assert "At most $20.00" in text(finance.get(path))
    fields = {"id": str(uuid.uuid4()), "dollars": "5", "reason": "as they asked"}
    assert "At most $20.00" in text(finance.post(path, {**fields, "dollars": "20.01"}))
    shown = text(finance.post(path, fields))
    assert "$5.00 of" in shown
    assert "It is done at once." in shown
    assert not Refund.objects.filter(order=order).exists()
    for _ in range(2):
        finance.post(path, {**fields, "confirmed": "yes"})
    [refund] = Refund.objects.filter(order=order)
    assert (refund.state, refund.amount) == (RefundState.DONE, 500)
    assert logged(refund) == ["Added."]
    assert ("billing.Order", "a test of the admin") in acted(customer)


def test_large_refunds_wait_for_somebody_else(
    finance: Client, stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account, cents=6_000)
    path = place("refund", customer.user, order.pk)
    fields = {"id": str(uuid.uuid4()), "dollars": "60", "reason": "as they asked"}
    assert "It waits until a second person approves it" in text(finance.post(path, fields))
    after = finance.post(path, {**fields, "confirmed": "yes"}, follow=True)
    assert "/admin/billing/refund/?state__exact=waiting" in text(after)
    refund = Refund.objects.get(order=order)
    approve = {"action": "approve", "_selected_action": [str(refund.pk)]}
    approve |= {"confirmed": "yes", "reason": "ticket 77"}
    table = reverse("admin:billing_refund_changelist")
    assert "Somebody else has to approve" in text(finance.post(table, approve, follow=True))
    refund.refresh_from_db()
    assert refund.state == RefundState.WAITING


def test_the_officer_starts_an_export_that_the_person_and_the_register_see(
    officer: Client, customer: Customer, exports_directory: Path
) -> None:
    path = place("export", customer.user)
    after = officer.post(path, ASKED, follow=True)
    assert "The copy is being made." in text(after)
    assert "or lies ready" in text(officer.post(path, ASKED, follow=True)), "once"
    [export] = Export.objects.filter(user=customer.user)
    [row] = DataRequest.objects.filter(user=customer.user)
    assert (row.kind, row.state, row.owner, row.words) == (
        *("export", "open", me(officer), "Asked by letter."),
    )
    assert [step.evidence for step in row.steps.all()][-1] == ASKED["evidence"]
    assert logged(row) == ["Export begun on somebody’s behalf."]
    assert exports.build(str(export.pk))
    assert "or lies ready" in text(officer.post(path, ASKED, follow=True)), "still once"
    centre = text(visit(customer).get("/privacy/centre"))
    assert row.number in centre
    assert "A copy of everything held is being made" in centre
    assert me(officer).username not in centre


def test_an_export_goes_on_with_the_request_that_the_person_sent(
    officer: Client, customer: Customer, exports_directory: Path
) -> None:
    row = data_requests.open_request("export", "My data, please.", user=customer.user)
    officer.post(place("export", customer.user), ASKED)
    assert [one.pk for one in DataRequest.objects.filter(user=customer.user)] == [row.pk]
    assert "Asked by letter." in [step.words for step in row.steps.all()]


def test_the_officer_starts_a_deletion_that_its_person_may_call_off(
    officer: Client, customer: Customer
) -> None:
    path = place("delete", customer.user)
    assert "The deletion is begun." in text(officer.post(path, ASKED, follow=True))
    assert "a deletion is under way" in text(officer.post(path, ASKED, follow=True))
    [begun] = Erasure.objects.filter(user=customer.user)
    assert (begun.why, begun.state, begun.grace_until - begun.asked_at) == (
        *("asked", "grace", erasure.GRACE),
    )
    [row] = DataRequest.objects.filter(user=customer.user)
    assert (row, row.kind, row.owner) == (begun.request, "deletion", me(officer))
    assert ASKED["evidence"] in [step.evidence for step in row.steps.all()]
    customer.user.refresh_from_db()
    assert customer.user.state == State.CLOSING
    assert logged(begun) == ["Deletion begun on somebody’s behalf."]
    assert erasure.call_off(customer.user)
    row.refresh_from_db()
    assert row.state == RequestState.DONE


def test_the_officer_confirms_a_report_of_a_child_by_its_name(
    officer: Client, customer: Customer
) -> None:
    path = place("child", customer.user)
    report = data_requests.open_request("child", "He is nine.", email="parent@example.com")
    said = {**ASKED, "report": str(report.pk), "username": "somebody-else"}
    assert "not the username of this account" in text(officer.post(path, said))
    other = data_requests.open_request("access", "What?", user=customer.user)
    said["username"] = customer.user.username.upper()
    assert officer.post(path, {**said, "report": str(other.pk)}).status_code == 400
    assert not Erasure.objects.filter(user=customer.user).exists()
    assert "erased within the hour" in text(officer.post(path, said, follow=True))
    found = Erasure.objects.get(user=customer.user)
    assert (found.why, found.request) == ("child", report)
    assert [step.evidence for step in report.steps.all()] == [ASKED["evidence"]]
    assert logged(found) == ["A child’s account: erased without grace."]


def test_members_of_staff_are_neither_exported_nor_erased(officer: Client, database: None) -> None:
    colleague = me(staff_client(["support"]))
    for name in ("export", "delete", "child"):
        assert officer.post(place(name, colleague), ASKED).status_code == 404
    assert not DataRequest.objects.filter(user=colleague).exists()


def test_nobody_thaws_themselves_and_superusers_alone_freeze_staff(customer: Customer) -> None:
    support, boss = staff_client(["support"]), staff_client(superuser=True)
    me = User.objects.get(pk=support.session["_auth_user_id"])
    said = {"reason": "a ticket of today"}
    states.freeze(me)
    assert support.post(f"/admin/customers/{me.pk}/thaw", said).status_code == 403
    other = User.objects.get(pk=boss.session["_auth_user_id"])
    assert support.post(f"/admin/customers/{other.pk}/freeze", said).status_code == 403
    assert boss.post(f"/admin/customers/{me.pk}/thaw", said).status_code == 302
    me.refresh_from_db()
    other.refresh_from_db()
    assert (me.state, other.state) == (State.ACTIVE, State.ACTIVE)
