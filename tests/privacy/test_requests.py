"""What people ask has an owner, steps and evidence, and about data a clock; none is forgotten."""

import html
import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import states
from accounts.models import User
from lumyx.celery import app
from privacy import data_requests, erasure, identifiers, retention
from privacy.conformance.probes import rights
from privacy.models import DataRequest, Erasure, RequestState
from tests.accounts.people import new_member
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.test_cookies import signed_in
from tests.processes import Server
from tests.staff import staff_client

DAY = timedelta(days=1)
QUEUE = "/admin/privacy/datarequest/"
NO_STEPS = {"steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0"}


@pytest.fixture
def browser(server: Server) -> Browser:
    return Browser(server)


def chosen(site: Client, query: str) -> list[str]:
    """Return what the contact form is about before anybody chose."""
    page = site.get(f"/contact{query}").content.decode()
    values = re.findall(r'<option value="([^"]*)" selected>', page)
    return [value for value in values if value]


def page_of(request: DataRequest) -> str:
    return f"/admin/privacy/datarequest/{request.pk}/change/"


def work(client: Client, request: DataRequest, **said: object) -> str:
    answer = client.post(page_of(request), {**NO_STEPS, **said}, follow=True)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_stranger_writes_and_gets_a_number_and_a_date(browser: Browser) -> None:
    browser.open("/contact")
    page = browser.submit(
        "/contact", topic="access", email="asks@example.com", words="What do you hold of mine?"
    )
    number = re.search(r"[0-9A-F]{8}", page.text.split("number")[1])
    assert number is not None
    row = next(r for r in DataRequest.objects.filter(kind="access") if r.number == number[0])
    assert row.email == "asks@example.com"
    assert row.due_at == row.opened_at + 30 * DAY


@pytest.mark.parametrize("kind", ["billing", "frozen", "broken", "other"])
def test_what_is_not_about_data_starts_no_deadline_and_stands_in_the_queue(
    customer: Customer, kind: str
) -> None:
    site = signed_in(customer)
    said = {"topic": kind, "words": "Please look at this."}
    sent = site.post("/contact", said, REMOTE_ADDR=f"2001:db8::{uuid4().hex[:4]}", follow=True)
    assert "You get an answer." in html.unescape(sent.content.decode())
    row = DataRequest.objects.get(user=customer.user)
    assert (row.kind, row.due_at) == (kind, None)
    assert row.number in sent.content.decode()
    assert "It waits for our answer." in site.get("/privacy/centre").content.decode()
    officer = staff_client(["privacy officer"])
    assert row.number in officer.get(QUEUE).content.decode()
    work(officer, row, outcome="done", step="Answered.", evidence="mail 4")
    row.refresh_from_db()
    assert row.state == RequestState.DONE


def test_a_general_message_that_waits_breaks_no_promise_but_is_not_forgotten(
    customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    before = rights.queue(timezone.now())
    row = data_requests.open_request(
        "billing", "A refund, please.", user=customer.user, now=timezone.now() - 40 * DAY
    )
    after = rights.queue(timezone.now())
    assert (after.passed, after.measured) == (before.passed, before.measured)
    data_requests.alarm()
    assert [line for line in caplog.messages if str(row.pk) in line and "without a date" in line]
    [told] = [sent for sent in mail.outbox if row.number in sent.subject]
    assert "without a date" in told.body
    data_requests.close(row, by=None, words="Paid back.", evidence="refund 1")


@pytest.mark.parametrize(
    ("page", "kind"),
    [
        ("/status", "broken"),
        ("/pricing", "billing"),
        ("/billing", "billing"),
        ("/nowhere", "broken"),
        ("/privacy/centre", "question"),
    ],
)
def test_a_page_that_leads_to_contact_says_what_it_is_about(
    customer: Customer, page: str, kind: str
) -> None:
    site = signed_in(customer)
    assert f'href="/contact?about={kind}"' in site.get(page).content.decode()
    assert chosen(site, f"?about={kind}") == [kind]


def test_who_is_frozen_or_paused_is_led_to_contact(customer: Customer) -> None:
    site, link = signed_in(customer), 'href="/contact?about=frozen"'
    assert link not in site.get("/billing").content.decode()
    states.freeze(customer.user)
    assert link in site.get("/billing").content.decode()
    assert chosen(site, "?about=frozen") == ["frozen"]


def test_contact_asks_what_it_is_about_where_no_page_said(database: None) -> None:
    for query in ("", "?about=", "?about=nonsense", "?about=%00"):
        assert chosen(Client(), query) == [], query


@pytest.mark.parametrize(
    "said",
    [
        {"topic": "access", "email": "nobody", "words": "x"},
        {"topic": "access", "email": "", "words": "x"},
        {"topic": "nonsense", "email": "a@example.com", "words": "x"},
        {"topic": "", "email": "a@example.com", "words": "x"},
        {"topic": "access", "email": "a@example.com", "words": ""},
        {"topic": "access", "email": "a@example.com", "words": "x" * 4_001},
        {"topic": "access", "email": "a@example.com", "words": "nul \0 nul"},
    ],
)
def test_what_cannot_be_answered_is_said_at_once(database: None, said: dict[str, str]) -> None:
    count = DataRequest.objects.count()
    answer = Client().post("/contact", said, REMOTE_ADDR="203.0.113.5")
    assert answer.status_code == 400
    assert DataRequest.objects.count() == count


def test_nobody_can_flood_the_queue(database: None) -> None:
    said = {"topic": "question", "email": "flood@example.com", "words": "again"}
    answers = [Client().post("/contact", said, REMOTE_ADDR="203.0.113.99") for _ in range(8)]
    assert answers[-1].status_code == 429
    assert settings.PRIVACY_CONTACT in answers[-1].content.decode()
    assert DataRequest.objects.filter(email="flood@example.com").count() == 5


def test_mistakes_leave_the_form_open_but_not_for_ever(database: None) -> None:
    said = {"topic": "question", "email": "slip@example.com", "words": "a question"}
    wrong, address = said | {"email": "slip@"}, "203.0.113.98"
    codes = [Client().post("/contact", wrong, REMOTE_ADDR=address).status_code for _ in range(6)]
    assert set(codes) == {400}
    assert Client().post("/contact", said, REMOTE_ADDR=address).status_code == 302
    codes = [Client().post("/contact", wrong, REMOTE_ADDR=address).status_code for _ in range(60)]
    assert codes[-1] == 429


def test_who_is_signed_in_follows_it_in_the_privacy_centre(
    browser: Browser, nabzclan: NabzClanProcess
) -> None:
    user = new_member(browser, nabzclan)
    browser.open("/contact")
    assert (
        "Your email address"
        not in browser.submit("/contact", topic="objection", words="No statistics, please.").text
    )
    row = DataRequest.objects.get(user=user)
    assert row.email == ""
    assert row.number in browser.open("/privacy/centre").text
    officer = staff_client(["privacy officer"])
    work(officer, row, step="Asked what is meant.")
    assert "Asked what is meant." in browser.open("/privacy/centre").text


def test_mail_from_outside_is_opened_by_command(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("Please delete\0 all.\n"))
    said = io.StringIO()
    call_command("open_request", "deletion", "--user", customer.user.username, stdout=said)
    row = DataRequest.objects.get(user=customer.user)
    assert row.number in said.getvalue()
    assert row.words == "Please delete all."
    for wrong in (["--user", "nobody-of-this-name"], ["--email", "no address"]):
        with pytest.raises(CommandError):
            call_command("open_request", "deletion", *wrong)
    monkeypatch.setattr("sys.stdin", io.StringIO("  \n"))
    with pytest.raises(CommandError):
        call_command("open_request", "deletion", "--email", "a@example.com")


def test_staff_own_work_and_end_it_with_evidence(customer: Customer) -> None:
    row = data_requests.open_request("correction", "My name is wrong.", user=customer.user)
    officer = staff_client(["privacy officer"])
    me = User.objects.get(pk=officer.session["_auth_user_id"])
    work(officer, row, owner=str(me.pk))
    row.refresh_from_db()
    assert row.owner == me
    assert "give evidence" in work(officer, row, outcome="done", step="Corrected.")
    row.refresh_from_db()
    assert row.state == RequestState.OPEN
    work(officer, row, owner=str(me.pk), outcome="done", step="Corrected.", evidence="mail 12")
    row.refresh_from_db()
    assert row.state == RequestState.DONE
    assert row.closed_at is not None
    assert [step.by for step in row.steps.all()] == [me, me]
    assert row.steps.last() is not None
    assert officer.post(page_of(row), {"step": "More."}).status_code == 403
    with pytest.raises(data_requests.Closed):
        data_requests.add_step(row, by=me, words="More.")
    with pytest.raises(data_requests.NoEvidence):
        data_requests.close(row, by=me, words="Done.", evidence=" ")


def test_only_the_privacy_officer_works_the_queue(customer: Customer) -> None:
    row = data_requests.open_request("access", "What?", user=customer.user)
    for role in ("support", "finance", "operator"):
        assert staff_client([role]).get(page_of(row)).status_code in (302, 403)


def test_support_reads_and_answers_messages_that_are_not_about_data_and_nothing_else(
    customer: Customer,
) -> None:
    message = data_requests.open_request("billing", "canary-bill", user=customer.user)
    about_data = data_requests.open_request("access", "canary-data", user=customer.user)
    support = staff_client(["support"])
    listed = support.get(QUEUE, {"q": customer.user.username}).content.decode()
    assert message.number in listed
    assert about_data.number not in listed
    assert "canary-bill" in support.get(page_of(message)).content.decode()
    assert support.get(page_of(about_data)).status_code in (302, 403)
    answered = {"step": "Explained it.", "evidence": "mail 7", "outcome": "done"}
    form = {**answered, **NO_STEPS}
    assert support.post(page_of(about_data), form).status_code in (302, 403)
    assert support.post(page_of(message), form).status_code == 302
    message.refresh_from_db()
    about_data.refresh_from_db()
    assert (message.state, about_data.state) == ("done", "open")
    assert "Explained it." in support.get(page_of(message)).content.decode()
    for role in ("finance", "operator"):
        assert staff_client([role]).get(page_of(message)).status_code == 403


def test_the_alarm_goes_off_at_day_10_and_once(
    customer: Customer, caplog: pytest.LogCaptureFixture
) -> None:
    row = data_requests.open_request("deletion", "canary-words", user=customer.user)
    assert row not in data_requests.late(now=row.opened_at + 10 * DAY - timedelta(seconds=1))
    at = row.opened_at + 10 * DAY
    assert row in data_requests.late(now=at)
    data_requests.alarm(now=at)
    data_requests.alarm(now=at + DAY)
    alarms = [line for line in caplog.messages if str(row.pk) in line]
    assert len(alarms) == 1
    assert "canary-words" not in caplog.text
    data_requests.close(row, by=None, words="Erased.", evidence="receipt 1")
    assert row not in data_requests.late(now=at)


def test_a_report_of_a_child_is_due_in_72_hours_and_alarms_after_24(customer: Customer) -> None:
    row = data_requests.open_request("child", "My son is nine.", email="parent@example.com")
    assert row.due_at == row.opened_at + 3 * DAY
    assert row not in data_requests.late(now=row.opened_at + DAY - timedelta(seconds=1))
    assert row in data_requests.late(now=row.opened_at + DAY)


def test_a_report_that_is_confirmed_erases_the_child_within_the_hour(customer: Customer) -> None:
    row = data_requests.open_request("child", "He is nine.", email="parent@example.com")
    officer = staff_client(["privacy officer"])
    said = {"outcome": "confirmed", "step": "Asked the parent.", "evidence": "mail 3"}
    name = customer.user.username
    assert "no customer of this name" in work(officer, row, account="nobody-here", **said)
    other = data_requests.open_request("access", "What?", user=customer.user)
    assert "Only a report of a child" in work(officer, other, account=name, **said)
    assert not Erasure.objects.filter(user=customer.user).exists()
    work(officer, row, account=name.upper(), **said)
    found = Erasure.objects.get(user=customer.user)
    assert (found.why, found.request) == ("child", row)
    assert erasure.carry_out(str(found.pk), now=found.grace_until)
    row.refresh_from_db()
    assert row.state == RequestState.DONE
    assert not User.objects.filter(pk=customer.user.pk).exists()


def test_a_report_that_names_the_child_holds_nothing_up_and_ends_with_it(
    customer: Customer,
) -> None:
    waiting = erasure.ask(customer.user)
    name = customer.user.username
    assert len(name) >= identifiers.SHORTEST_UNIQUE
    row = data_requests.open_request("child", f"{name} is nine.", email="parent@example.com")
    said = {"outcome": "confirmed", "step": f"{name} it is.", "evidence": f"mail of {name}"}
    work(staff_client(["privacy officer"]), row, account=name, **said)
    waiting.refresh_from_db()
    assert erasure.carry_out(str(waiting.pk), now=waiting.grace_until), waiting.scanned
    row.refresh_from_db()
    assert row.state == RequestState.DONE
    assert (row.words, row.email) == ("", "parent@example.com")
    assert not [step for step in row.steps.all() if name in f"{step.words}{step.evidence}"]
    assert waiting.request is not None
    waiting.request.refresh_from_db()
    assert waiting.request.state == RequestState.DONE


def test_the_words_are_forgotten_30_days_after_the_end() -> None:
    row = data_requests.open_request("question", "canary", email="canary@example.com")
    data_requests.close(row, by=None, words="Answered canary.", evidence="mail canary")
    data_requests.expire(now=timezone.now() + 29 * DAY)
    row.refresh_from_db()
    assert row.words == "canary"
    data_requests.expire(now=timezone.now() + 30 * DAY + timedelta(seconds=1))
    row.refresh_from_db()
    assert (row.words, row.email, row.state) == ("", "", RequestState.DONE)
    assert [(step.words, step.evidence) for step in row.steps.all()] == [("", "")]


def test_beat_looks_for_late_requests_and_the_sweep_forgets() -> None:
    tasks = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert "privacy.tasks.alarm_requests" in tasks
    assert data_requests.expire in retention.EXPIRES
