"""Providers are probed apart from calls; one that is away goes last until it is back."""

import pytest
import requests

from gateway import probes
from gateway.models import Dialect, Provider, ProviderCheck
from tests.customers import Customer
from tests.models import add_provider, add_routes, offer
from tests.processes import ProviderProcess, Server, free_port, wait_until


def found(provider: Provider) -> ProviderCheck:
    check = probes.probe(provider)
    probes.note(provider, check)
    provider.refresh_from_db()
    return check


@pytest.mark.parametrize("dialect", [Dialect.OPENAI, Dialect.ANTHROPIC])
def test_a_provider_that_answers_is_reachable(provider: ProviderProcess, dialect: Dialect) -> None:
    check = found(add_provider(provider.url, dialect=dialect))
    assert (check.reachable, check.status, check.reason) == (True, 200, "")
    assert check.latency_ms is not None


def test_a_refused_key_and_a_silent_port_are_told_apart(provider: ProviderProcess) -> None:
    refused = add_provider(provider.url)
    refused.key = "another key"
    refused.save()
    assert found(refused).reason == "key_refused"
    assert found(add_provider(f"http://127.0.0.1:{free_port()}/v1")).reason == "unreachable"
    assert found(add_provider("http://10.0.0.1/v1")).reason == "address_refused"


def test_a_provider_that_is_away_twice_goes_last_until_it_is_back(
    server: Server, customer: Customer, provider: ProviderProcess
) -> None:
    first, second = add_provider(provider.url), add_provider(provider.url)
    model = offer(server, customer, add_routes((first, "echo"), (second, "echo")))
    assert customer.chat(server, model).ok
    assert customer.wait_for_log(1)[-1].provider == first.name

    def answered_by(name: str) -> bool:
        seen = len(customer.logged())
        assert customer.chat(server, model).ok
        return bool(customer.wait_for_log(seen + 1)[-1].provider == name)

    Provider.objects.filter(pk=first.pk).update(base_url=f"http://127.0.0.1:{free_port()}/v1")
    first.refresh_from_db()
    found(first)
    assert first.unreachable_since is None
    found(first)
    assert first.unreachable_since is not None
    wait_until(lambda: all(answered_by(second.name) for _ in range(4)), seconds=8)
    Provider.objects.filter(pk=first.pk).update(base_url=provider.url)
    first.refresh_from_db()
    found(first)
    assert first.unreachable_since is None
    wait_until(lambda: all(answered_by(first.name) for _ in range(4)), seconds=8)


def test_all_enabled_providers_are_probed_and_old_checks_go(provider: ProviderProcess) -> None:
    on, off = add_provider(provider.url), add_provider(provider.url, enabled=False)
    old = ProviderCheck.objects.create(provider=on, reachable=True)
    ProviderCheck.objects.filter(pk=old.pk).update(checked_at="2020-01-01T00:00:00Z")
    # Others of this test run lead nowhere, and would take their time.
    Provider.objects.exclude(pk__in=[on.pk, off.pk]).filter(name__startswith="p-").update(
        enabled=False
    )
    assert probes.probe_all() >= 1
    assert on.checks.count() == 1
    assert off.checks.count() == 0
    assert requests.get(f"{provider.url}/_last", timeout=5).ok
