"""The back office refuses what it cannot read, and does not fail at it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from gateway.models import Provider
from tests.customers import Customer
from tests.staff import staff_client

NUL = "\0"
DIGITS = "9" * 5_000


@pytest.fixture(scope="module")
def staff(database: None) -> Client:
    client = staff_client(superuser=True)
    # An error of ours comes back as the page that people get.
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("/admin/catalogue/price-change", {"model": NUL}),
        ("/admin/finance/ledger", {"until": "9999-12-31"}),
        ("/admin/billing/adjustment/add/", {"account": "abc"}),
        ("/admin/billing/refund/add/", {"order": "abc"}),
        ("/admin/privacy/disclosure/add/", {"person": "abc"}),
        ("/admin/accounts/user/", {"username": NUL}),
        ("/admin/accounts/user/", {"q": NUL}),
        ("/admin/accounts/user/", {"id__regex": "("}),
        ("/admin/gateway/hourlyuse/", {"hour__year": "9" * 30}),
        ("/admin/gateway/apikey/%00/change/", {}),
        (
            "/admin/autocomplete/",
            {
                "term": NUL,
                "app_label": "privacy",
                "model_name": "disclosure",
                "field_name": "person",
            },
        ),
    ],
)
def test_an_address_that_cannot_be_read_is_refused(
    staff: Client, address: str, asked: dict[str, str]
) -> None:
    assert staff.get(address, asked).status_code == 400


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/admin/operations/errands/try-again", {"row": DIGITS}),
        ("/admin/operations/inbox/try-again", {"row": NUL}),
        ("/admin/billing/adjustment/add/", {"account": "abc"}),
        ("/admin/billing/refund/add/", {"order": "abc"}),
        ("/admin/privacy/disclosure/add/", {"person": "abc"}),
        ("/admin/billing/refund/", {"action": "approve", "_selected_action": "abc"}),
        ("/admin/gateway/route/", {"action": "delete_selected", "_selected_action": DIGITS}),
        ("/admin/gateway/provider/process_import/", {"format": "99", "import_file_name": "x"}),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    staff: Client, address: str, sent: dict[str, str]
) -> None:
    assert staff.post(address, sent).status_code == 400


def test_an_action_on_all_of_a_list_that_cannot_be_filtered_is_refused(staff: Client) -> None:
    sent = {"action": "approve", "_selected_action": "abc", "select_across": "1"}
    assert staff.post("/admin/billing/refund/?id__exact=abc", sent).status_code in (302, 400)


def test_a_file_whose_rows_are_no_rows_is_refused_in_words(staff: Client) -> None:
    before = Provider.objects.count()
    file = SimpleUploadedFile("rows.json", b"[[1]]", content_type="application/json")
    sent = {"format": "1", "import_file": file, "resource": "0"}
    answer = staff.post(reverse("admin:gateway_provider_import"), sent)
    assert answer.status_code == 200
    assert "encountered while trying to read file" in answer.content.decode()
    assert Provider.objects.count() == before


def test_customers_pages_and_good_questions_are_as_they_were(
    staff: Client, customer: Customer
) -> None:
    user = customer.user
    answer = staff.get("/admin/accounts/user/", {"q": user.username})
    assert answer.status_code == 200
    assert user.username in answer.content.decode()
