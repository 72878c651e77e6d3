"""What is held, who receives it, and the record of both, made from what the service works with."""

import uuid

import pytest
from django.test import Client

from gateway.models import Provider
from privacy import inventory
from tests.customers import Customer
from tests.staff import staff_client


@pytest.fixture
def site(database: None) -> Client:
    return Client()


def test_every_data_set_and_column_is_on_the_public_page(site: Client) -> None:
    page = site.get("/privacy/what-we-hold").content.decode()
    for entry in inventory.data_sets():
        assert f'id="set-{entry.name}"' in page
        for column in entry.columns:
            assert f'<span class="tag">{column}</span>' in page


def test_the_recipients_are_the_providers_that_are_switched_on(site: Client) -> None:
    name = f"inference-{uuid.uuid4().hex[:6]}"
    row = Provider.objects.create(
        name=name,
        base_url="https://api.inference.example/v1",
        enabled=True,
        retention_days=30,
        terms_reviewed_on="2026-11-01",
    )
    try:
        page = site.get("/privacy/recipients").content.decode()
        assert name in page
        assert "api.inference.example" in page
        assert "up to 30 days" in page
        assert "1 November 2026" in page
        assert "Stripe" in page
        assert "NabzClan" in page
        Provider.objects.filter(pk=row.pk).update(enabled=False)
        assert name not in site.get("/privacy/recipients").content.decode()
    finally:
        row.delete()


def test_neither_page_sets_a_cookie(site: Client) -> None:
    for path in ("/privacy/what-we-hold", "/privacy/recipients", "/privacy/versions"):
        assert not site.get(path).cookies


def test_the_privacy_officer_has_the_record_and_others_do_not(customer: Customer) -> None:
    path = "/admin/record-of-processing"
    officer = staff_client(["privacy officer"])
    found = officer.get(path, {"format": "json"}).json()
    assert [one["data_set"] for one in found["activities"]] == [
        entry.name for entry in inventory.data_sets()
    ]
    for activity in found["activities"]:
        assert activity["purposes"]
        assert activity["kept"]
        assert activity["on_erasure"]
    assert "Record of processing" in officer.get(path).content.decode()
    assert staff_client(["support"]).get(path).status_code == 403
    client = Client()
    assert client.get(path).status_code == 302
    client.force_login(customer.user)
    assert client.get(path).status_code == 404
