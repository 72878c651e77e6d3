"""Whatever staff see or do of people in the admin is written down first, and its people read it."""

import html
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.options import ModelAdmin
from django.contrib.admin.widgets import AutocompleteMixin
from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from djstripe import models as copies

from accounts.data_sets import DataSet
from accounts.models import User
from billing import adjustments, refunds
from billing.models import (
    MICRO,
    Adjustment,
    AdjustmentKind,
    AutoTopUp,
    LowBalanceAlert,
)
from gateway.models import ApiKey, RequestLog
from lumyx.celery import app
from lumyx.office import urls as office_urls
from privacy import (
    acceptances,
    data_requests,
    exports,
    inventory,
    owners,
    policies,
    reasons,
    retention,
    staff_access,
)
from privacy.models import Look, Notice, StaffAccess
from tests.accounts.people import new_member
from tests.customers import Customer, make_customer
from tests.people import Browser, NabzClanProcess
from tests.privacy.stripe_rows import copy_what_stripe_says
from tests.processes import Server
from tests.shop import StripeProcess, bought, settle_events
from tests.staff import REASON, make_staff, staff_client

USERS = reverse("admin:accounts_user_changelist")
KEYS = reverse("admin:gateway_apikey_changelist")
SEARCH = {"app_label": "billing", "model_name": "adjustment", "field_name": "account"}


@pytest.fixture
def support(database: None) -> Client:
    return staff_client(["support"])


@pytest.fixture
def finance(database: None) -> Client:
    return staff_client(["finance"])


def me(client: Client) -> User:
    return User.objects.get(pk=client.session["_auth_user_id"])


def looks(customer: Customer, how: Look | None = None) -> list[StaffAccess]:
    rows = StaffAccess.objects.filter(user=customer.user).order_by("id")
    return list(rows.filter(how=how) if how else rows)


def page_of(row: object, kind: str = "change") -> str:
    meta = row._meta  # type: ignore[attr-defined]
    name = f"admin:{meta.app_label}_{meta.model_name}_{kind}"
    return reverse(name, args=[row.pk])  # type: ignore[attr-defined]


@pytest.fixture
def bulk_act(monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the list of keys do something to many at once; return what it is called."""

    def rename(_: object, __: object, rows: QuerySet[ApiKey]) -> None:
        rows.update(name="Renamed")

    monkeypatch.setattr(admin.site.get_model_admin(ApiKey), "actions", [rename])
    return rename.__name__


def without_reason(client: Client) -> Client:
    session = client.session
    del session[reasons.IN_SESSION]
    session.save()
    return client


def test_a_page_of_somebody_writes_who_when_what_and_why(
    support: Client, customer: Customer
) -> None:
    before = timezone.now()
    assert support.get(page_of(customer.user)).status_code == 200
    [row] = looks(customer)
    assert (row.staff, row.kind, row.object_id, row.how, row.reason) == (
        *(me(support), "accounts.User", str(customer.user.pk)),
        *(Look.OPENED, REASON),
    )
    assert before <= row.at <= timezone.now()


def test_a_list_writes_a_row_for_each_row_that_it_shows_and_for_no_other(
    support: Client, customer: Customer
) -> None:
    other = make_customer()
    assert support.get(KEYS, {"q": str(customer.key_row.pk)}).status_code == 200
    [row] = looks(customer)
    assert (row.kind, row.object_id, row.how) == (
        "gateway.ApiKey",
        str(customer.key_row.pk),
        Look.LIST,
    )
    assert looks(other) == []
    assert support.get(KEYS, {"q": "nothing is called so"}).status_code == 200
    assert len(looks(customer)) == 1


def test_histories_searches_changes_and_acts_are_noted_as_such(
    customer: Customer, bulk_act: str
) -> None:
    boss = staff_client(superuser=True)
    boss.get(page_of(customer.user, "history"))
    boss.get(reverse("admin:autocomplete"), {**SEARCH, "term": customer.user.username})
    boss.post(page_of(customer.user), {"is_staff": "on", "sure": "on"})
    acted = {"action": bulk_act, "_selected_action": [str(customer.key_row.pk)]}
    assert boss.post(KEYS, acted).status_code == 302
    assert [(row.kind, row.object_id, row.how) for row in looks(customer)] == [
        ("accounts.User", str(customer.user.pk), Look.HISTORY),
        ("billing.Account", str(customer.account.pk), Look.FOUND),
        ("accounts.User", str(customer.user.pk), Look.CHANGED),
        ("gateway.ApiKey", str(customer.key_row.pk), Look.ACTED),
    ]


def test_acting_on_everything_that_a_list_found_notes_all_of_it(
    customer: Customer, bulk_act: str
) -> None:
    boss = staff_client(superuser=True)
    name = f"batch-{uuid.uuid4().hex[:8]}"
    other = make_customer()
    for person in (customer, other):
        ApiKey.objects.filter(pk=person.key_row.pk).update(name=name)
    acted = {"action": bulk_act, "_selected_action": [str(customer.key_row.pk)]}
    boss.post(f"{KEYS}?q={name}", {**acted, "select_across": "1"})
    assert len(looks(customer, Look.ACTED)) == len(looks(other, Look.ACTED)) == 1


def test_a_form_about_somebody_is_noted_before_it_is_filled_in_and_when_it_is_sent(
    finance: Client, customer: Customer
) -> None:
    add = reverse("admin:billing_adjustment_add")
    finance.get(add, {"account": str(customer.account.pk)})
    said = {"id": str(uuid.uuid4()), "account": str(customer.account.pk), "kind": "grant"}
    finance.post(add, {**said, "credits": "1", "reason": "an outage"})
    assert Adjustment.objects.filter(account=customer.account).exists()
    assert [(row.kind, row.object_id, row.how) for row in looks(customer)] == [
        ("billing.Account", str(customer.account.pk), Look.OPENED),
        ("billing.Account", str(customer.account.pk), Look.ADDED),
    ]


def test_what_hangs_on_a_row_is_noted_with_it(customer: Customer) -> None:
    officer = staff_client(["privacy officer"])
    row = data_requests.open_request("access", "What?", user=customer.user)
    data_requests.add_step(row, by=None, words="Looked.")
    officer.get(page_of(row))
    assert {one.kind for one in looks(customer)} == {"privacy.DataRequest", "privacy.RequestStep"}


def test_ones_own_rows_are_not_noted(support: Client) -> None:
    support.get(page_of(me(support)))
    assert not StaffAccess.objects.filter(user=me(support)).exists()


def test_the_log_itself_is_noted_once_a_person_and_page_however_long_it_is(
    customer: Customer,
) -> None:
    officer = staff_client(["privacy officer"])
    row = {type(customer.user): [customer.user.pk]}
    for _ in range(5):
        staff_access.note(me(officer), row, how=Look.OPENED, reason=customer.user.username)
    log = reverse("admin:privacy_staffaccess_changelist")
    for times in (1, 2, 3):
        assert officer.get(log, {"q": customer.user.username}).status_code == 200
        assert len(looks(customer, Look.LIST)) == times
    assert {one.kind for one in looks(customer, Look.LIST)} == {"privacy.StaffAccess"}
    [first, *_] = looks(customer)
    assert officer.get(page_of(first)).status_code == 200
    assert officer.post(page_of(first), {"reason": "another"}).status_code == 403
    assert officer.post(page_of(first, "delete"), {"post": "yes"}).status_code == 403
    assert StaffAccess.objects.filter(pk=first.pk, reason=customer.user.username).exists()


@pytest.mark.parametrize("role", ["support", "finance", "operator"])
def test_only_the_privacy_officer_reads_the_log(database: None, role: str) -> None:
    log = reverse("admin:privacy_staffaccess_changelist")
    assert staff_client([role]).get(log).status_code == 403


def test_without_a_row_there_is_no_page_and_no_change(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = staff_client(superuser=True)
    boss.raise_request_exception = False

    def fail(*_: object, **__: object) -> None:
        raise OSError("the log is away")

    monkeypatch.setattr(StaffAccess.objects, "bulk_create", fail)
    for path in (page_of(customer.user), USERS, page_of(customer.user, "history")):
        answer = boss.get(path)
        assert answer.status_code == 500
        assert customer.user.username not in answer.content.decode()
    found = boss.get(reverse("admin:autocomplete"), {**SEARCH, "term": customer.user.username})
    assert found.status_code == 500
    boss.post(page_of(customer.user), {"is_staff": "on", "sure": "on"})
    customer.user.refresh_from_db()
    assert customer.user.is_active


def test_a_page_that_does_not_say_whom_it_shows_is_not_shown(
    support: Client, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    support.raise_request_exception = False
    monkeypatch.setattr(
        ModelAdmin, "changelist_view", lambda *_, **__: HttpResponse(customer.user.username)
    )
    answer = support.get(reverse("admin:billing_code_changelist"))
    assert answer.status_code == 200, "codes belong to nobody"
    answer = support.get(reverse("admin:billing_order_changelist"))
    assert answer.status_code == 500
    assert customer.user.username not in answer.content.decode()


def test_without_a_reason_pages_lead_to_the_question_and_nothing_else_works(
    customer: Customer, bulk_act: str
) -> None:
    boss = without_reason(staff_client(superuser=True))
    answer = boss.get(USERS, {"q": "é&x"})
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/reason?next=%2Fadmin%2Faccounts%2Fuser")
    assert boss.head(USERS).status_code == 302
    found = boss.get(reverse("admin:autocomplete"), {**SEARCH, "term": "a"})
    assert found.status_code == 403
    acted = {"action": bulk_act, "_selected_action": [str(customer.key_row.pk)]}
    refused = boss.post(KEYS, acted)
    assert refused.status_code == 403
    assert "Give a reason" in refused.content.decode()
    assert ApiKey.objects.get(pk=customer.key_row.pk).name != "Renamed"
    assert looks(customer) == []
    for path in ("/admin/", reverse("admin:billing_code_changelist"), "/admin/billing/"):
        assert boss.get(path).status_code == 200, path


def test_a_reason_is_given_shown_changed_and_ends_after_half_an_hour(customer: Customer) -> None:
    support = without_reason(staff_client(["support"]))
    page = page_of(customer.user)
    asked = support.get(page, follow=True)
    assert 'name="reason"' in asked.content.decode()
    answer = support.post("/admin/reason", {"reason": " ticket <7> ", "next": page}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert "ticket &lt;7&gt;" in answer.content.decode()
    support.post("/admin/reason", {"reason": "another ticket", "next": page})
    support.get(page)
    assert [row.reason for row in looks(customer)] == ["ticket <7>", "another ticket"]
    session = support.session
    session[reasons.IN_SESSION] |= {"at": time.time() - reasons.KEPT_SECONDS + 5}
    session.save()
    assert support.get(page).status_code == 200
    session[reasons.IN_SESSION] |= {"at": time.time() - reasons.KEPT_SECONDS}
    session.save()
    assert support.get(page).status_code == 302


@pytest.mark.parametrize("reason", ["", "    ", "four", "nul \0 nul", "x" * 201])
def test_a_reason_that_says_nothing_is_refused(database: None, reason: str) -> None:
    support = without_reason(staff_client(["support"]))
    assert support.post("/admin/reason", {"reason": reason, "next": USERS}).status_code == 400
    assert support.get(USERS).status_code == 302


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/admin/",
        "//evil.example",
        "/dashboard",
        "/admin/\\evil",
        "javascript:x",
    ],
)
def test_the_question_leads_on_within_the_admin_alone(support: Client, target: str) -> None:
    answer = support.post("/admin/reason", {"reason": "a good one", "next": target})
    place = answer.headers["Location"]
    assert place == "/admin/" or place.startswith("/admin/%5C")


def test_the_reason_stands_where_people_are_shown_and_nowhere_else(database: None) -> None:
    boss = staff_client(superuser=True)
    assert REASON in boss.get(USERS).content.decode()
    for place in ("/admin/", reverse("admin:gateway_jobrun_changelist"), "/admin/operations/jobs"):
        page = boss.get(place)
        assert page.status_code == 200
        assert REASON not in page.content.decode(), place
        assert "no reason to look" not in page.content.decode(), place


def test_customers_find_no_question(customer: Customer) -> None:
    client = Client()
    assert client.get("/admin/reason").status_code == 302
    client.force_login(customer.user)
    assert client.get("/admin/reason").status_code == 404


def test_the_first_page_of_the_admin_names_nobody(customer: Customer) -> None:
    boss = staff_client(superuser=True)
    boss.post(page_of(customer.user), {"is_active": "on", "is_staff": "on", "sure": "on"})
    assert LogEntry.objects.filter(user=me(boss), object_id=str(customer.user.pk)).exists()
    boss.get(page_of(customer.user))
    assert customer.user.username not in boss.get("/admin/").content.decode()


def test_the_person_reads_it_without_a_name_in_the_centre_and_the_export(
    server: Server, nabzclan: NabzClanProcess, exports_directory: Path
) -> None:
    browser = Browser(server)
    user = new_member(browser, nabzclan)
    assert "No member of staff has looked" in browser.open("/privacy/centre").text
    boss = staff_client(superuser=True)
    boss.get(page_of(user))
    boss.get(page_of(user.account))
    text = html.unescape(browser.open("/privacy/centre").text)
    section = text.split('id="looks"')[1].split("</section>")[0]
    assert "Your balance" in section
    assert REASON in section
    assert str(user.pk) in section
    export = exports.ask(user)
    assert exports.build(str(export.pk))
    with zipfile.ZipFile(export.path) as archive:
        rows = json.loads(archive.read("staff-access.json"))["rows"]
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert [row["reason"] for row in rows] == [REASON, REASON]
    for secret in (me(boss).username, str(me(boss).pk)):
        assert secret not in section
        assert secret not in everything


def test_the_centre_shows_the_latest_50_pages_and_counts_all(customer: Customer) -> None:
    staff, _ = make_staff("support")
    seen = {User: [customer.user.pk], ApiKey: [customer.key_row.pk]}
    for _ in range(40):
        staff_access.note(staff, seen, how=Look.LIST, reason="many pages")
    found, total = staff_access.of(customer.user)
    assert (len(found), total) == (50, 80)
    assert found[0].at >= found[-1].at


def test_it_is_kept_for_24_months(customer: Customer) -> None:
    staff, _ = make_staff("support")
    at = timezone.now() - timedelta(days=3_000)
    seen = {User: [customer.user.pk]}
    staff_access.note(staff, seen, how=Look.OPENED, reason="long ago", now=at)
    staff_access.expire(now=at + timedelta(days=730, seconds=-1))
    assert len(looks(customer)) == 1
    staff_access.expire(now=at + timedelta(days=730))
    assert looks(customer) == []
    assert staff_access.expire in retention.EXPIRES
    assert app.conf.beat_schedule["drop what is too old"]["task"] == "privacy.tasks.sweep_retention"


def test_every_personal_table_in_the_admin_leads_to_its_person() -> None:
    tables = {entry.model for entry in inventory.data_sets()}
    for model in tables & set(admin.site._registry):
        assert owners.is_personal(model), model._meta.label
    labels = {model._meta.label for model in tables}
    assert set(owners.OWNERS) <= labels
    for model in set(admin.site._registry) - tables:
        assert not owners.is_personal(model)


def test_every_page_of_the_admin_is_known_to_show_people_or_to_show_none() -> None:
    """A page that hangs on no model passes unseen, so each is named here."""
    free = set()

    def walk(patterns: list[URLPattern | URLResolver]) -> None:
        for one in patterns:
            if isinstance(one, URLResolver):
                walk(one.url_patterns)
            elif not hasattr(one.callback, "model_admin"):
                free.add(one.name)

    walk(admin.site.get_urls())
    assert free == {
        *("index", "login", "logout", "password_change", "password_change_done"),
        *("autocomplete", "jsi18n", "view_on_site", "app_list", "search", None),
        # The catalogue as files.
        *(f"gateway_{table}_{kind}" for table in CATALOGUE for kind in FILES),
    }
    below = [p for p in get_resolver().url_patterns if str(p.pattern).startswith("admin/")]
    assert {p.name for p in below if isinstance(p, URLPattern)} == {
        "record_of_processing",
        "staff_reason",
    }


def test_forms_search_for_people_and_list_none_but_staff(rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user, _ = make_staff(superuser=True)
    listing = set()
    for model, model_admin in admin.site._registry.items():
        may = {False: model_admin.has_add_permission, True: model_admin.has_change_permission}
        for change in (change for change, allowed in may.items() if allowed(request)):
            fields = model_admin.get_form(request, None, change=change).base_fields
            listing |= {
                f"{model._meta.label}.{name}"
                for name, field in fields.items()
                if isinstance(field, ModelChoiceField)
                and field.queryset is not None
                and owners.is_personal(field.queryset.model)
                and not isinstance(field.widget.widget, AutocompleteMixin)
            }
    assert listing == {"privacy.DataRequest.owner"}, "staff alone own requests"


def seeded(server: Server, stripe: StripeProcess) -> Customer:
    """Somebody with a row in nearly every table."""
    person = make_customer()
    staff, _ = make_staff("finance")
    person.chat(server)
    person.wait_for_log(1)
    order = bought(stripe, person.account)
    refunds.request(order, cents=500, reason="as asked", by=staff)
    stripe.dispute(bought(stripe, person.account))
    settle_events()
    adjustments.request(
        account=person.account, kind=AdjustmentKind.GRANT, amount=MICRO, reason="x", by=staff
    )
    AutoTopUp.objects.create(account=person.account, threshold=1, amount=500, monthly_ceiling=500)
    LowBalanceAlert.objects.get_or_create(account=person.account, defaults={"threshold": 1})
    acceptances.record(person.user, policies.all_current())
    Notice.objects.create(user=person.user, kind="privacy", version="2026-03-20")
    request = data_requests.open_request("access", "What?", user=person.user)
    data_requests.add_step(request, by=staff, words="Looked.")
    exports.ask(person.user)
    staff_access.note(staff, {User: [person.user.pk]}, how=Look.OPENED, reason="seed")
    LogEntry.objects.log_actions(staff.pk, [person.key_row], CHANGE, "Changed.")
    return person


@pytest.fixture
def copied() -> Iterator[Callable[[Customer], None]]:
    """Makes copies of kinds that nothing else makes here, linked as dj-stripe links them.

    They are empty but for the links, so that other tests must not meet them.
    """
    made: list[Model] = []
    yield lambda person: made.extend(copy_what_stripe_says(person))
    saved = [row for row in made if isinstance(row, copies.PaymentMethod)]
    copies.PaymentIntent.objects.filter(payment_method__in=saved).update(payment_method=None)
    for row in reversed(made):
        row.delete()


def test_every_row_that_is_held_of_somebody_leads_back_to_them_in_few_queries(
    server: Server,
    stripe: StripeProcess,
    exports_directory: Path,
    copied: Callable[[Customer], None],
    django_assert_max_num_queries: object,
) -> None:
    person, other = seeded(server, stripe), seeded(server, stripe)
    copied(person)
    copied(other)
    found = {name: rows_lead_back(entry, person) for name, entry in personal().items()}
    for entry in personal().values():
        rows_lead_back(entry, other)
    empty = {name for name, count in found.items() if not count}
    assert empty <= MAY_BE_EMPTY, empty
    calls = list(RequestLog.objects.filter(account_id=person.account.pk).values_list("pk"))
    with django_assert_max_num_queries(2):  # type: ignore[operator]
        owners.of(RequestLog, [pk for (pk,) in calls])


MAY_BE_EMPTY = {
    *("nabzclan", "avatar", "sessions", "last-visit", "restrictions", "second-factors"),
    *("redemptions", "uncollected", "disclosures", "inactivity-notices"),
    *("sealed-receipts", "deletions", "deletions-elsewhere"),
}
"""Who is made here comes without NabzClan, never signs in, redeems no code, uses no more than they
have, and stays."""


def personal() -> dict[str, DataSet]:
    return {e.name: e for e in inventory.data_sets() if owners.is_personal(e.model)}


def rows_lead_back(entry: DataSet, person: Customer) -> int:
    keys = list(entry.of(person.user).values_list("pk", flat=True))
    assert owners.of(entry.model, keys) == {str(key): person.user.pk for key in keys}, entry.name
    return len(keys)


@pytest.mark.parametrize("key", ["x", "", "9" * 40, "a\0b", "0" * 32])
def test_a_key_that_no_row_has_leads_nowhere(support: Client, key: str) -> None:
    for model in (User, RequestLog, LogEntry, AutoTopUp, Adjustment):
        assert owners.of(model, [key]) == {}
    office = set(_office(office_urls.urlpatterns))
    assert {page.name for page in office if page.callback.shows_people is None} == NOBODYS


def _office(patterns: Iterable[Any]) -> Iterator[Any]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _office(one.url_patterns)
        else:
            yield one


CATALOGUE = ("model", "modelprice", "provider", "route", "viplevel")
FILES = ("export", "import", "process_import")
NOBODYS = {
    *("close_route", "hold_route", "inbox", "jobs", "price_change", "provider_connection"),
    *("routes", "routes_live", "try_events_again"),
    *("finance_reconcile", "finance_report", "finance_report_csv", "finance_report_print"),
    *("finance_reports", "privacy_policies", "privacy_policy_discard", "privacy_policy_draft"),
    *("privacy_policy_edit", "privacy_policy_new", "privacy_policy_preview"),
    *("privacy_policy_publish", "privacy_promises"),
    # Asks for the reason by itself, and notes each person whose errand is tried.
    "try_errands_again",
}
"""Pages of the back office that show nobody and do nothing to anybody."""
