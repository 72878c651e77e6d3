"""Finance makes and disables codes in the admin; their texts are shown once and kept nowhere."""

import re

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts import second_factor
from accounts.models import Session
from billing import codes
from billing.codes import UnknownCode
from billing.models import MICRO, Code
from tests.customers import Customer
from tests.staff import staff_client

WRITTEN = re.compile(r"LUMYX(?:-[0-9A-HJKMNP-TV-Z]{5}){3}")
ADD = reverse("admin:billing_code_add")
LIST = reverse("admin:billing_code_changelist")


def form(page: str, **change: str) -> dict[str, str]:
    """Return the fields of the form that a page shows, changed."""
    batch = re.search(r'name="batch" value="([^"]+)"', page)
    assert batch is not None
    fields = {"batch": batch[1], "count": "3", "credits": "2.5", "most": "1", "most_each": "1"}
    return {**fields, "bonus": "on", "note": "summer", **change}


def open_form(client: Client) -> str:
    return client.get(ADD).content.decode()


@pytest.fixture(scope="module")
def finance(database: None) -> Client:
    return staff_client(["finance"])


def test_finance_makes_a_batch_whose_texts_are_shown_once_and_kept_nowhere(
    finance: Client, customer: Customer
) -> None:
    answer = finance.post(ADD, form(open_form(finance)))
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    texts = WRITTEN.findall(answer.content.decode())
    assert len(set(texts)) == 3
    rows = [codes.redeem(customer.account, text).code for text in texts]
    assert customer.balance() == 10 * MICRO + 3 * 2_500_000
    logged = LogEntry.objects.filter(
        content_type__model="code", object_id__in=[row.pk for row in rows]
    )
    assert {entry.change_message for entry in logged} == {"Made, in a batch of 3."}
    assert len(logged) == 3
    session = Session.objects.get(pk=finance.session.session_key).get_decoded()
    everything = (
        finance.get(LIST).content.decode()
        + "".join(
            finance.get(reverse("admin:billing_code_change", args=[row.pk])).content.decode()
            for row in rows
        )
        + str([vars(row) for row in rows])
        + str([vars(entry) for entry in logged])
        + str(session)
    )
    for text in texts:
        body = text.removeprefix("LUMYX-")
        assert body not in everything
        assert body.replace("-", "") not in everything


def test_a_batch_comes_as_a_file_where_that_is_wanted(finance: Client, customer: Customer) -> None:
    answer = finance.post(ADD, form(open_form(finance), as_file="on"))
    assert answer["Content-Type"].startswith("text/plain")
    assert answer["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer["Cache-Control"]
    lines = answer.content.decode().splitlines()
    assert len(lines) == 3
    assert codes.redeem(customer.account, lines[0])


def test_a_form_that_was_sent_twice_makes_one_batch(finance: Client) -> None:
    fields = form(open_form(finance))
    assert finance.post(ADD, fields).status_code == 200
    again = finance.post(ADD, {**fields, "count": "4"}, follow=True)
    assert again.redirect_chain == [(LIST, 302)]
    assert b"were made before" in again.content
    assert Code.objects.filter(batch=fields["batch"]).count() == 3


@pytest.mark.parametrize(
    "change",
    [
        {"count": "0"},
        {"count": "501"},
        {"credits": "0"},
        {"credits": "-1"},
        {"credits": "50.000001"},
        {"credits": "0.0000001"},
        {"credits": "NaN"},
        {"credits": "1", "most_each": "51"},
        {"most": "0"},
        {"batch": "x"},
        {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"},
    ],
    ids=str,
)
def test_a_form_out_of_bounds_makes_nothing(finance: Client, change: dict[str, str]) -> None:
    fields = form(open_form(finance))
    answer = finance.post(ADD, {**fields, **change})
    assert answer.status_code == 200
    assert not WRITTEN.search(answer.content.decode())
    assert not Code.objects.filter(batch=fields["batch"]).exists()


def test_finance_disables_codes_and_that_is_logged(finance: Client, customer: Customer) -> None:
    code, text = codes.make(value=MICRO, by=None)
    fields = {"action": "disable_codes", "_selected_action": [str(code.pk)]}
    asked = finance.post(LIST, fields).content.decode()
    assert f"Nobody can redeem …{code.hint}, 1 credits up to 1 times" in asked
    code.refresh_from_db()
    assert code.disabled_at is None
    assert finance.post(LIST, {**fields, "confirmed": "yes"}).status_code == 302
    with pytest.raises(UnknownCode):
        codes.redeem(customer.account, text)
    assert LogEntry.objects.filter(
        content_type__model="code", object_id=str(code.pk), change_message="Disabled."
    ).exists()


def test_a_large_batch_waits_until_a_colleague_approves_it(customer: Customer) -> None:
    maker, colleague = staff_client(["finance"]), staff_client(["finance"])
    page = maker.post(ADD, form(open_form(maker), count="2", credits="50")).content.decode()
    assert "once a second person has approved them" in page
    text = WRITTEN.findall(page)[0]
    code = Code.objects.get(hint=text[-4:], created_by=maker.session["_auth_user_id"])
    chosen = {"action": "approve", "_selected_action": [str(code.pk)], "confirmed": "yes"}
    own = maker.post(LIST, chosen, follow=True).content.decode()
    assert "Somebody else has to approve what you made." in own
    with pytest.raises(UnknownCode):
        codes.redeem(customer.account, text)
    shown = colleague.get(reverse("admin:billing_code_change", args=[code.pk])).content.decode()
    assert 'name="action" value="approve"' in shown
    colleague.post(LIST, chosen)
    assert codes.redeem(customer.account, text).amount == 50 * MICRO


def test_support_looks_at_codes_and_neither_makes_nor_disables_them(database: None) -> None:
    support = staff_client(["support"])
    code, _ = codes.make(value=MICRO, by=None)
    assert support.get(LIST).status_code == 200
    assert support.get(ADD).status_code == 403
    chosen = {"action": "disable_codes", "_selected_action": [str(code.pk)]}
    support.post(LIST, {**chosen, "confirmed": "yes"})
    code.refresh_from_db()
    assert code.disabled_at is None


def test_making_codes_asks_for_a_fresh_second_factor(database: None) -> None:
    client = staff_client(["finance"])
    fields = form(open_form(client))
    session = client.session
    session[second_factor.SHOWN_AT] -= settings.RECENT_SIGN_IN_MINUTES * 60 + 1
    session.save()
    for answer in (client.get(ADD), client.post(ADD, fields)):
        assert answer.status_code == 302
        assert "/accounts/2fa/reauthenticate/" in answer["Location"]
    assert not Code.objects.filter(batch=fields["batch"]).exists()
