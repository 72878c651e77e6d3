"""Staff find a customer by what they have of them, and see on one page what their role may."""

import logging
import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import second_factor
from accounts.models import User
from billing import adjustments
from billing.models import MICRO, Account, AdjustmentKind, Order
from gateway import call_search, ids, keys
from gateway.models import ApiKey
from privacy import data_requests, exports, reasons
from privacy.models import Look, StaffAccess
from tests.calls import add_call
from tests.customers import Customer
from tests.shop import StripeProcess, bought
from tests.staff import REASON, make_staff, staff_client

FIND = "/admin/customers"
ROLES = ("support", "finance", "privacy officer", "operator")


def page(user: User) -> str:
    return reverse("office:customer", args=[user.pk])


def without_reason(client: Client) -> Client:
    session = client.session
    del session[reasons.IN_SESSION]
    session.save()
    return client


def text(answer: Any) -> str:
    return str(answer.content.decode())


def looks(customer: Customer, how: Look | None = None) -> list[tuple[str, str]]:
    rows = StaffAccess.objects.filter(user=customer.user).order_by("id")
    found = rows.filter(how=how) if how else rows
    return list(found.values_list("kind", "object_id"))


def found_by(client: Client, words: str) -> list[tuple[User, str]]:
    """Return who a search finds, and by what."""
    answer = client.post(FIND, {"q": words})
    assert answer.status_code == 200, text(answer)
    assert "q=" not in answer.request["QUERY_STRING"]
    found = answer.context["found"]
    return [(hit.user, hit.by) for hit in found.hits]


@pytest.fixture(scope="module")
def boss(database: None) -> Client:
    return staff_client(superuser=True)


@pytest.fixture
def support(database: None) -> Client:
    return staff_client(["support"])


@pytest.mark.parametrize("role", ROLES)
def test_every_role_opens_the_search_and_a_customer(role: str, customer: Customer) -> None:
    client = staff_client([role])
    assert client.get(FIND).status_code == 200
    assert found_by(client, customer.user.username) == [(customer.user, "username")]
    answer = client.get(page(customer.user))
    assert answer.status_code == 200
    assert customer.user.email in text(answer)


def test_customers_strangers_and_staff_without_a_role_find_no_customer(customer: Customer) -> None:
    for path in (FIND, page(customer.user)):
        stranger = Client().get(path)
        assert stranger.status_code == 302
        assert "/admin" not in stranger.headers["Location"].partition("?")[0]
        visitor = Client()
        visitor.force_login(customer.user)
        assert visitor.get(path).status_code == 404
        assert visitor.post(path, {"q": "x"}).status_code == 404
        assert staff_client().get(path).status_code == 403
    assert staff_client().post(FIND, {"q": customer.user.username}).status_code == 403
    assert looks(customer) == []


def test_a_reason_is_asked_for_before_anybody_is_searched_or_seen(customer: Customer) -> None:
    client = without_reason(staff_client(superuser=True))
    for path in (FIND, page(customer.user)):
        answer = client.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/admin/reason?next=")
    refused = client.post(FIND, {"q": customer.user.username})
    assert refused.status_code == 403
    assert customer.user.username not in text(refused)
    assert looks(customer) == []
    client.post("/admin/reason", {"reason": "ticket 12", "next": page(customer.user)})
    assert client.get(page(customer.user)).status_code == 200
    assert set(StaffAccess.objects.filter(user=customer.user).values_list("reason", flat=True)) == {
        "ticket 12"
    }


def test_a_person_is_found_by_each_of_their_names(boss: Client, customer: Customer) -> None:
    user = customer.user
    User.objects.filter(pk=user.pk).update(nabzclan_id=f"nz{uuid.uuid4().hex[:10]}")
    user.refresh_from_db()
    assert found_by(boss, f"  {user.username.upper()} ") == [(user, "username")]
    assert found_by(boss, str(user.nabzclan_id)) == [(user, "NabzClan id")]
    assert found_by(boss, user.email.upper()) == [(user, "email")]
    assert found_by(boss, str(user.pk)) == [(user, "account id")]
    assert found_by(boss, user.username[:-2]) == [(user, "beginning of the username")]
    assert looks(customer, Look.FOUND) == [("accounts.User", str(user.pk))] * 5


def test_a_search_lists_nobody_for_too_little_and_no_more_than_twenty(boss: Client) -> None:
    # No beginning of it is the whole id of somebody else.
    stem = f"zq{uuid.uuid4().hex[:6]}"
    for n in range(22):
        User.objects.create_customer(nabzclan_id=f"{stem}-{n}", username=f"{stem}-{n}", email="")
    assert len(found_by(boss, stem)) == 20
    assert "No more than 20" in text(boss.post(FIND, {"q": stem}))
    for little in ("a", stem[:2], "%", "__", "%%%", "___", f"{stem[:3]}%"):
        assert found_by(boss, little) == [], little
    assert "at least 3 characters" in text(boss.post(FIND, {"q": "zz"}))
    whole = User.objects.create(username=f"é{stem[0]}")
    assert found_by(boss, whole.username) == [(whole, "username")]
    for wrong in ("", "   ", "nul\0nul", "x" * 301):
        assert boss.post(FIND, {"q": wrong}).status_code == 400


def test_a_key_is_found_by_what_is_shown_of_it(boss: Client, customer: Customer) -> None:
    key = customer.key_row
    for shown in (key.display, f"{key.prefix}...{key.last4}", key.prefix, f"…{key.last4}"):
        assert (customer.user, f"key {key.display}") in found_by(boss, shown), shown
    assert set(looks(customer, Look.FOUND)) == {
        ("gateway.ApiKey", str(key.pk)),
        ("accounts.User", str(customer.user.pk)),
    }
    assert found_by(boss, f"{key.prefix}…zzzz") == []


def test_a_whole_key_is_found_by_its_digest_and_goes_nowhere(
    boss: Client, customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    expected = [(customer.user, f"key {customer.key_row.display}")]
    answer = boss.post(FIND, {"q": f"Authorization: Bearer {customer.key}"})
    assert [(hit.user, hit.by) for hit in answer.context["found"].hits] == expected
    assert "revoke it" in text(answer)
    keys.rotate(customer.key_row, overlap=timedelta(days=1))
    expected = [(customer.user, f"key {customer.key_row.display}")]
    assert found_by(boss, customer.key) == expected, "its old text, too"
    keys.revoke(customer.key_row)
    answer = boss.post(FIND, {"q": customer.key})
    assert [(hit.user, hit.by) for hit in answer.context["found"].hits] == expected
    assert "revoke it" not in text(answer)
    wrong = customer.key[:-1] + ("0" if customer.key[-1] != "0" else "1")
    refused = boss.post(FIND, {"q": wrong})
    assert "no key of ours" in text(refused)
    everything = text(answer) + text(refused) + caplog.text
    assert customer.key[7:-4] not in everything
    assert customer.key[7:] not in str(list(StaffAccess.objects.values_list("reason", "object_id")))


def test_a_call_is_found_by_its_id_in_one_day_of_the_log(boss: Client, customer: Customer) -> None:
    call = add_call(customer, at=timezone.now() - timedelta(hours=1))
    public = ids.public(call.hex)
    assert found_by(boss, public) == [(customer.user, "call")]
    assert ("gateway.RequestLog", str(call)) in looks(customer, Look.FOUND)
    other = boss.post(FIND, {"q": ids.public(ids.new())})
    assert "has no such call" in text(other)
    Account.objects.filter(pk=customer.account.pk).update(user=None)
    assert "was erased" in text(boss.post(FIND, {"q": public}))


def test_the_look_up_of_a_call_reads_the_days_around_its_time_alone(customer: Customer) -> None:
    public = ids.public(add_call(customer, at=timezone.now()).hex)
    with CaptureQueriesContext(connection) as captured:
        assert call_search.find(public) is not None
    with connection.cursor() as cursor:
        cursor.execute("explain " + captured[0]["sql"])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert len(set(re.findall(r"gateway_requestlog_\w+", plan))) <= 2, plan


def test_a_payment_is_found_by_each_of_its_numbers(
    boss: Client, stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    customer.account.refresh_from_db()
    known = customer.account.stripe_customer.pk
    numbers = [str(order.payment_intent), str(order.checkout_session), order.receipt_number]
    for number in (*numbers, str(order.pk)):
        assert found_by(boss, number) == [(customer.user, "order")], number
    assert found_by(boss, known) == [(customer.user, "stripe customer")]
    assert found_by(boss, str(customer.account.public_id)) == [(customer.user, "account")]
    for nothing in ("pi_nothing", "cus_nothing", "re_nothing", "LX-999999999", "du_x", "ch_x"):
        assert found_by(boss, nothing) == [], nothing
    assert ("billing.Order", str(order.pk)) in looks(customer, Look.FOUND)


def test_what_a_role_may_not_read_it_cannot_search(
    stripe: StripeProcess, customer: Customer
) -> None:
    order = bought(stripe, customer.account)
    call = ids.public(add_call(customer, at=timezone.now()).hex)
    finance, officer = staff_client(["finance"]), staff_client(["privacy officer"])
    for key in (customer.key, customer.key_row.display):
        assert found_by(finance, key) == []
        assert found_by(officer, key) == []
    assert found_by(finance, call) == []
    assert found_by(officer, call) == [(customer.user, "call")]
    assert found_by(officer, str(order.payment_intent)) == []
    assert found_by(finance, str(order.payment_intent)) == [(customer.user, "order")]


def test_searching_goes_on_without_showing_the_factor_anew(
    support: Client, customer: Customer
) -> None:
    session = support.session
    session[second_factor.SHOWN_AT] -= 3_600
    session.save()
    assert found_by(support, customer.user.username) == [(customer.user, "username")]
    assert support.post(page(customer.user), {}).status_code == 302, "nothing else is posted so"


def seeded(stripe: StripeProcess, customer: Customer) -> Order:
    staff, _ = make_staff("finance")
    order = bought(stripe, customer.account)
    adjustments.request(
        account=customer.account,
        kind=AdjustmentKind.GRANT,
        amount=MICRO,
        reason="an outage in May",
        by=staff,
    )
    for n in range(3):
        add_call(customer, at=timezone.now() - timedelta(minutes=n), model="seen-model")
    data_requests.open_request("access", "What do you hold?", user=customer.user)
    exports.ask(customer.user)
    LogEntry.objects.log_actions(staff.pk, [customer.user], CHANGE, "Frozen: a test")
    LogEntry.objects.log_actions(staff.pk, [customer.key_row], CHANGE, "Changed the key")
    return order


SECTIONS = {
    "support": {"who", "balance", "keys", "calls", "payments", "adjustments", "ledger", "acts"},
    "finance": {"who", "balance", "payments", "adjustments", "ledger", "acts"},
    "privacy officer": {"who", "calls", "privacy", "restrictions", "acts", "looks"},
    "operator": {"who", "calls", "acts"},
}


@pytest.mark.parametrize("role", ROLES)
def test_a_customers_page_shows_what_the_role_may_see_and_notes_each_row(
    role: str, stripe: StripeProcess, customer: Customer
) -> None:
    order = seeded(stripe, customer)
    answer = staff_client([role]).get(page(customer.user))
    assert {section.name for section in answer.context["sections"]} == SECTIONS[role]
    shown = text(answer)
    seen = {kind for kind, _ in looks(customer, Look.OPENED)}
    for section, sign, kind in (
        ("keys", '<section id="keys"', "gateway.ApiKey"),
        ("calls", "seen-model", "gateway.RequestLog"),
        ("payments", order.receipt_number, "billing.Order"),
        ("adjustments", "an outage in May", "billing.Adjustment"),
        ("ledger", '<section id="ledger"', "billing.LedgerEntry"),
        ("privacy", "See what you hold about me", "privacy.DataRequest"),
        ("acts", "Frozen: a test", "admin.LogEntry"),
    ):
        may = section in SECTIONS[role]
        assert (sign in shown) == may, section
        assert (kind in seen) == may, section
    assert ("Changed the key" in shown) == (role == "privacy officer"), "as the log itself"
    assert set(StaffAccess.objects.filter(user=customer.user).values_list("reason", flat=True)) == {
        REASON
    }


def test_a_customers_page_shows_no_secret(
    boss: Client, stripe: StripeProcess, customer: Customer
) -> None:
    seeded(stripe, customer)
    shown = text(boss.get(page(customer.user)))
    assert customer.key not in shown
    assert bytes(customer.key_row.digest).hex() not in shown
    assert customer.key_row.display in shown


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_a_customers_page_asks_as_much_however_much_there_is(
    boss: Client, stripe: StripeProcess, customer: Customer
) -> None:
    seeded(stripe, customer)
    few = queries(boss, page(customer.user))
    for n in range(60):
        add_call(customer, at=timezone.now() - timedelta(seconds=n))
    for n in range(25):
        keys.issue(customer.user, name=f"Key {n}")
    for _ in range(3):
        data_requests.open_request("access", "And now?", user=customer.user)
    many = queries(boss, page(customer.user))
    assert many <= few + 3
    assert many < 90
    context = boss.get(page(customer.user)).context
    rows = {section.name: section.rows for section in context["sections"]}
    assert (len(rows["calls"]), len(rows["keys"])) == (50, 20)


def test_somebody_with_nothing_has_a_page_and_nobody_has_none(boss: Client) -> None:
    user = User.objects.create(username=uuid.uuid4().hex)
    answer = boss.get(page(user))
    assert answer.status_code == 200
    assert "No account for credits yet" in text(answer)
    nobody = reverse("office:customer", args=[uuid.uuid4()])
    assert boss.get(nobody).status_code == 404


def test_tables_of_people_lead_to_the_page(boss: Client, customer: Customer) -> None:
    for table, words in (
        (reverse("admin:accounts_user_changelist"), str(customer.user.pk)),
        (reverse("admin:gateway_apikey_changelist"), str(customer.key_row.pk)),
        (reverse("admin:billing_account_changelist"), str(customer.account.public_id)),
    ):
        assert page(customer.user) in text(boss.get(table, {"q": words})), table


def test_the_links_to_whole_tables_open(
    boss: Client, stripe: StripeProcess, customer: Customer
) -> None:
    seeded(stripe, customer)
    found = boss.get(page(customer.user)).context["sections"]
    tables = [section.more for section in found if section.more]
    assert len(tables) == 6
    for table in tables:
        answer = boss.get(table)
        assert answer.status_code == 200, table
        assert answer.context["cl"].result_count >= 1, table


def test_a_key_of_another_kind_is_no_word_of_the_search(boss: Client, customer: Customer) -> None:
    keys.of_playground(customer.user)
    assert ApiKey.objects.filter(user=customer.user, kind="playground").exists()
    assert found_by(boss, "lx-") == []
    assert found_by(boss, "…") == []
