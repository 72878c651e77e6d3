"""Models are loaded with what their providers charge us, and staff set the prices."""

from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from accounts.ciphers import cipher
from gateway import price_versions, upstream_prices
from gateway.models import Model, Provider, Route
from tests.customers import Customer
from tests.models import PRICES, add_provider
from tests.processes import Server


def load(*arguments: str) -> str:
    out = StringIO()
    call_command("load_catalogue", *arguments, stdout=out)
    return out.getvalue()


def test_models_come_with_windows_and_upstream_prices_and_cannot_be_called_yet(
    server: Server, customer: Customer
) -> None:
    printed = load()
    entries = upstream_prices.read()
    assert len(entries.models) >= 15
    for entry in entries.models:
        assert entry.name in printed
        model = Model.objects.get(name=entry.name)
        assert model.context_window >= 4_000
        assert not model.prices.exists()
        route = Route.objects.get(model=model)
        assert route.upstream_input_price
        assert not route.provider.enabled
    assert customer.chat(server, entries.models[0].name).status_code == 404


def test_loading_again_changes_nothing_that_staff_set() -> None:
    load()
    name = upstream_prices.read().models[0].name
    Model.objects.filter(name=name).update(display_name="Ours", context_window=1)
    price_versions.add(Model.objects.get(name=name).id, PRICES, starts_at=timezone.now())
    provider = Route.objects.get(model__name=name).provider
    Provider.objects.filter(pk=provider.pk).update(base_url="https://eu.example.com/v1")
    Route.objects.filter(model__name=name).update(upstream_input_price=1, weight=5)
    printed = load()
    model = Model.objects.get(name=name)
    assert model.display_name == "Ours"
    assert model.prices.get().prices == PRICES
    assert model.context_window > 1
    route = Route.objects.get(model=model)
    assert (route.weight, route.provider.base_url) == (5, "https://eu.example.com/v1")
    assert route.upstream_input_price is not None
    assert route.upstream_input_price > 1
    assert "updated" in printed
    assert "updated" not in load()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(
        '{"providers": {"dry": {"dataset": "openai", "dialect": "openai", "base_url": '
        '"https://api.openai.com/v1"}}, "models": [{"name": "dry-run", "display_name": "Dry", '
        '"provider": "dry", "upstream_name": "gpt-4o", "max_output_tokens": 5, '
        '"capabilities": ["chat"]}]}'
    )
    assert "dry-run" in load("--dry-run", f"--file={file}")
    assert not Model.objects.filter(name="dry-run").exists()
    file.write_text(file.read_text().replace("gpt-4o", "no-such-model"))
    with pytest.raises(CommandError, match="knows no model"):
        load(f"--file={file}")
    file.write_text("{")
    with pytest.raises(CommandError, match=r"one\.json"):
        load(f"--file={file}")


def test_provider_keys_are_encrypted_anew_under_the_newest_key() -> None:
    provider = add_provider("https://api.example.com/v1")
    before, newest = bytes(provider.encrypted_key), Fernet.generate_key().decode()
    with override_settings(ENCRYPTION_KEYS=[newest, *settings.ENCRYPTION_KEYS]):
        call_command("rotate_secrets", stdout=StringIO())
    provider.refresh_from_db()
    assert bytes(provider.encrypted_key) != before
    clear = Fernet(newest).decrypt(bytes(provider.encrypted_key))
    with override_settings(ENCRYPTION_KEYS=[*settings.ENCRYPTION_KEYS, newest]):
        call_command("rotate_secrets", stdout=StringIO())
    provider.refresh_from_db()
    assert cipher().decrypt(bytes(provider.encrypted_key)) == clear
