"""Who restricts a purpose, or objects to it, is left alone in code; everything else goes on."""

import html
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.utils import timezone

from accounts import mail, restrictions
from accounts.data_sets import Purpose
from accounts.models import Restriction, RestrictionKind, User
from billing import ids, ledger, mails
from billing.models import MICRO, AutoTopUp, LowBalanceAlert
from privacy import inventory
from tests.accounts.people import new_member
from tests.customers import Customer, make_customer
from tests.people import Browser, NabzClanProcess
from tests.processes import Server
from tests.shop import StripeProcess, bought
from tests.staff import staff_client

OFF = RestrictionKind.OBJECT


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


@pytest.fixture
def reader(customer: Customer) -> Customer:
    """A customer with an address of their own, to whom all that was due has been sent."""
    mails.send_all()
    customer.user.email = f"{customer.user.username}@example.com"
    customer.user.save(update_fields=["email"])
    return customer


def told(customer: Customer) -> list[str]:
    return [str(one.subject) for one in outbox.outbox if one.to == [customer.user.email]]


def put(customer: Customer, micro: int) -> None:
    ledger.post(
        account=customer.account.pk,
        kind="adjustment",
        amount=micro - customer.balance(),
        reference=f"test {ids.new()}",
    )


def post(browser: Browser, purpose: str, act: str) -> str:
    browser.open("/privacy/centre")
    page = browser.submit("/privacy/restrictions", purpose=purpose, act=act)
    assert page.status_code == 200, page.status_code
    return html.unescape(page.text)


def test_three_purposes_can_be_switched_off_and_three_cannot(customer: Customer) -> None:
    assert set(restrictions.OPTIONAL) | set(restrictions.ALWAYS) == set(Purpose)
    assert not set(restrictions.OPTIONAL) & set(restrictions.ALWAYS)
    for purpose in restrictions.ALWAYS:
        with pytest.raises(restrictions.NotOptional):
            restrictions.restrict(customer.user, purpose, kind=OFF)
    assert restrictions.of(customer.user) == {}


def test_a_restriction_counts_for_its_person_and_purpose_until_it_is_lifted(
    customer: Customer,
) -> None:
    other = make_customer().user
    begun = timezone.now() - timedelta(days=3)
    restrictions.restrict(customer.user, Purpose.ANALYSIS, kind=RestrictionKind.RESTRICT, now=begun)
    restrictions.restrict(customer.user, Purpose.ANALYSIS, kind=OFF)
    row = Restriction.objects.get(user=customer.user)
    assert (row.kind, row.since) == (OFF, begun), "since when stays, which right is used is new"
    people = User.objects.filter(pk__in=[customer.user.pk, other.pk])
    allowed = restrictions.without(Purpose.ANALYSIS, Purpose.SERVICE)
    assert list(people.filter(pk__in=allowed)) == [other]
    assert people.filter(pk__in=restrictions.without(Purpose.MESSAGES)).count() == 2
    assert restrictions.restricted(customer.user, Purpose.ANALYSIS)
    assert not restrictions.restricted(customer.user, Purpose.MESSAGES)
    assert restrictions.lift(customer.user, Purpose.ANALYSIS)
    assert not restrictions.lift(customer.user, Purpose.ANALYSIS)
    assert people.filter(pk__in=allowed.all()).count() == 2


def test_mail_that_can_be_done_without_is_not_sent(stripe: StripeProcess, reader: Customer) -> None:
    restrictions.restrict(reader.user, Purpose.MESSAGES, kind=OFF)
    order = bought(stripe, reader.account)
    LowBalanceAlert.objects.update_or_create(
        account=reader.account, defaults={"threshold": 2 * MICRO}
    )
    put(reader, MICRO)
    mails.send_all()
    assert told(reader) == []
    restrictions.lift(reader.user, Purpose.MESSAGES)
    mails.send_all()
    assert told(reader) == ["Your LumyxAI credits run low"], "it is still so, and now allowed"
    order.refresh_from_db()
    assert order.receipt_mailed_at is not None


def test_mail_about_a_payment_that_was_not_made_is_sent_all_the_same(reader: Customer) -> None:
    restrictions.restrict(reader.user, Purpose.MESSAGES, kind=OFF)
    AutoTopUp.objects.create(account=reader.account, enabled=False, why_off="card_declined")
    mails.send_all()
    assert told(reader) == ["Automatic top-up is off"]


@pytest.mark.parametrize("about", list(mail.About), ids=lambda about: about.name)
def test_each_kind_of_mail_is_either_needed_or_left_out(
    reader: Customer, about: mail.About
) -> None:
    left_out = {mail.About.NEWS, mail.About.LOW_BALANCE, mail.About.RECEIPT}
    restrictions.restrict(reader.user, Purpose.MESSAGES, kind=OFF)
    how = {"subject": about.name, "template": "billing/mail/auto_top_up_off.txt"}
    assert mail.send(reader.user, about, context={}, **how)
    assert told(reader) == ([] if about in left_out else [about.name])
    restrictions.lift(reader.user, Purpose.MESSAGES)
    assert mail.send(reader.user, about, context={}, **how)
    assert told(reader).count(about.name) == (1 if about in left_out else 2)


def test_people_object_and_allow_it_again_in_the_privacy_centre(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    page = browser.open("/privacy/centre").text
    for effect in restrictions.OPTIONAL.values():
        assert effect.title in page
        assert html.escape(effect.stops) in page
    for why in restrictions.ALWAYS.values():
        assert html.escape(why) in page
    for about in mail.About:
        assert about.words in page
    assert "Statistics and trends: switched off" in post(browser, "ANALYSIS", "object")
    assert restrictions.of(user)[Purpose.ANALYSIS].kind == RestrictionKind.OBJECT
    assert "you objected" in browser.open("/privacy/centre").text
    post(browser, "MESSAGES", "restrict")
    assert restrictions.of(user)[Purpose.MESSAGES].kind == RestrictionKind.RESTRICT
    assert "switched on again" in post(browser, "ANALYSIS", "lift")
    assert set(restrictions.of(user)) == {Purpose.MESSAGES}


@pytest.mark.parametrize(
    ("purpose", "act"),
    [("ACCOUNT", "object"), ("LAW", "restrict"), ("nonsense", "object"), ("ANALYSIS", "nonsense")],
)
def test_what_cannot_be_switched_off_is_not_found(
    browser: Browser, nabzclan: NabzClanProcess, purpose: str, act: str
) -> None:
    user = new_member(browser, nabzclan)
    browser.open("/privacy/centre")
    page = browser.submit("/privacy/restrictions", purpose=purpose, act=act)
    assert page.status_code == 404
    assert not Restriction.objects.filter(user=user).exists()


def test_a_form_is_needed_and_a_person(browser: Browser, nabzclan: NabzClanProcess) -> None:
    url = f"{browser.server.url}/privacy/restrictions"
    assert browser.get(url, timeout=10, allow_redirects=False).status_code == 302
    new_member(browser, nabzclan)
    assert browser.get(url, timeout=10).status_code == 405
    assert (
        browser.post(url, {"purpose": "ANALYSIS", "act": "object"}, timeout=10).status_code == 403
    )


def test_it_is_in_the_copy(customer: Customer) -> None:
    restrictions.restrict(customer.user, Purpose.MESSAGES, kind=OFF)
    [entry] = [one for one in inventory.data_sets() if one.name == "restrictions"]
    [row] = entry.of(customer.user).values(*entry.columns)
    assert (row["purpose"], row["kind"]) == ("MESSAGES", "object")


def test_staff_who_look_after_privacy_see_it_and_cannot_change_it(customer: Customer) -> None:
    row = restrictions.restrict(customer.user, Purpose.MESSAGES, kind=OFF)
    officer = staff_client(["privacy officer"])
    page = f"/admin/accounts/restriction/{row.pk}/change/"
    assert officer.get(page).status_code == 200
    assert officer.post(page, {"kind": "restrict"}).status_code == 403
    assert staff_client(["operator"]).get(page).status_code == 403
