"""Staff test the connection to a provider: a real call that costs nothing, told in our words."""

import uuid

import pytest
import requests
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import User
from gateway.models import Provider
from tests.models import add_provider
from tests.processes import PROVIDER_KEY, ProviderProcess, free_port
from tests.staff import staff_client


@pytest.fixture(scope="module")
def operator(database: None) -> Client:
    return staff_client(["operator"])


def page_of(provider: Provider) -> str:
    return reverse("office:provider_connection", args=[provider.pk])


def test_the_providers_page_leads_to_the_test(operator: Client, provider: ProviderProcess) -> None:
    row = add_provider(provider.url)
    page = operator.get(reverse("admin:gateway_provider_change", args=[row.pk]))
    assert "Test connection" in page.content.decode()
    action = reverse("admin:gateway_provider_test_connection", args=[row.pk])
    assert operator.get(action).headers["Location"] == page_of(row)
    assert not row.checks.exists()


@pytest.mark.parametrize("key", ["echo", "-1", "٣", "1.5"])
def test_there_is_no_test_of_what_is_no_provider(operator: Client, key: str) -> None:
    path = reverse("admin:gateway_provider_test_connection", args=[key])
    assert operator.get(path).status_code == 404


def test_only_a_sent_form_asks_the_provider(operator: Client, provider: ProviderProcess) -> None:
    row = add_provider(provider.url)
    assert operator.get(page_of(row)).status_code == 200
    assert not row.checks.exists()
    answer = operator.post(page_of(row), follow=True).content.decode()
    check = row.checks.get()
    assert (check.reachable, check.status) == (True, 200)
    assert "It answered with its list of models." in answer
    assert f"{check.latency_ms} ms" in answer
    assert PROVIDER_KEY not in answer


def test_it_asks_for_the_list_of_models_alone(operator: Client, provider: ProviderProcess) -> None:
    before = requests.get(f"{provider.url}/_last", timeout=5).content
    operator.post(page_of(add_provider(provider.url)))
    # The stand-in's last call, which would have cost something, is still the same.
    assert requests.get(f"{provider.url}/_last", timeout=5).content == before


def test_what_fails_is_told_in_our_words(operator: Client, provider: ProviderProcess) -> None:
    refused = add_provider(provider.url)
    refused.key = uuid.uuid4().hex
    refused.save()
    answer = operator.post(page_of(refused), follow=True).content.decode()
    assert "It refused the key." in answer
    assert "401" in answer
    silent = add_provider(f"http://127.0.0.1:{free_port()}/v1")
    assert "No connection was made" in operator.post(page_of(silent), follow=True).content.decode()
    inside = add_provider("http://10.0.0.1/v1")
    assert "is none that we call" in operator.post(page_of(inside), follow=True).content.decode()


def test_it_is_written_down_who_tested_what(operator: Client, provider: ProviderProcess) -> None:
    row = add_provider(provider.url)
    operator.post(page_of(row))
    entry = LogEntry.objects.get(object_id=str(row.pk), content_type__model="provider")
    assert entry.user == User.objects.get(pk=operator.session["_auth_user_id"])
    assert entry.change_message == "Tested the connection: answered, status 200."


@pytest.mark.parametrize("role", ["support", "finance", "privacy officer"])
def test_others_do_not_ask_providers(role: str, provider: ProviderProcess) -> None:
    row, client = add_provider(provider.url), staff_client([role])
    assert client.get(page_of(row)).status_code == 403
    assert client.post(page_of(row)).status_code == 403
    assert not row.checks.exists()


def test_strangers_are_sent_to_sign_in(provider: ProviderProcess) -> None:
    row = add_provider(provider.url)
    assert Client().post(page_of(row)).status_code == 302
    assert not row.checks.exists()
