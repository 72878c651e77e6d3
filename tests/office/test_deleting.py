"""What a delete button of the back office offers can be done."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gateway.models import Incident, IncidentUpdate, Provider, ProviderCheck
from tests.staff import staff_client


@pytest.fixture(scope="module")
def operator(database: None) -> Client:
    return staff_client(["operator"])


def test_an_incident_goes_with_what_was_said_of_it(operator: Client) -> None:
    incident = Incident.objects.create(
        title="a slip of the pen", impact="minor", started_at=timezone.now()
    )
    IncidentUpdate.objects.create(incident=incident, state="resolved", text="It was none.")
    page = reverse("admin:gateway_incident_delete", args=[incident.pk])
    assert operator.get(page).context["perms_lacking"] == set()
    assert operator.post(page, {"post": "yes"}).status_code == 302
    assert not Incident.objects.filter(pk=incident.pk).exists()
    assert not IncidentUpdate.objects.filter(incident_id=incident.pk).exists()


def test_a_provider_without_routes_goes_with_what_its_probes_found(operator: Client) -> None:
    provider = Provider.objects.create(
        name=f"gone-{uuid.uuid4().hex[:6]}", dialect="openai", base_url="https://gone.example/v1"
    )
    ProviderCheck.objects.create(provider=provider, reachable=True)
    page = reverse("admin:gateway_provider_delete", args=[provider.pk])
    assert operator.post(page, {"post": "yes"}).status_code == 302
    assert not Provider.objects.filter(pk=provider.pk).exists()


def test_what_was_said_of_an_incident_is_deleted_by_nobody_by_itself(operator: Client) -> None:
    incident = Incident.objects.create(title="kept", impact="minor", started_at=timezone.now())
    said = IncidentUpdate.objects.create(incident=incident, state="resolved", text="It is over.")
    page = reverse("admin:gateway_incidentupdate_delete", args=[said.pk])
    assert operator.post(page, {"post": "yes"}).status_code == 403
    assert IncidentUpdate.objects.filter(pk=said.pk).exists()
    incident.delete()
