"""The demo data that `make run` shows a newcomer with."""

from pathlib import Path

import requests
from django.core.management import call_command
from django.test import override_settings

from accounts.models import User
from billing.models import LedgerEntry
from gateway import keys
from gateway.models import Provider, Route
from tests.customers import Customer
from tests.people import Browser, NabzClanProcess
from tests.processes import ProviderProcess, Server, wait_until


def read(file: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


@override_settings(STANDINS=True)
def load(file: Path, provider: ProviderProcess) -> dict[str, str]:
    with override_settings(STANDIN_PROVIDER_URL=provider.url):
        call_command("load_demo", env_file=file)
    return read(file)


def test_the_demo_customer_can_call_a_model_at_once(
    server: Server, provider: ProviderProcess, tmp_path: Path
) -> None:
    file = tmp_path / "demo.env"
    demo = load(file, provider)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {"LUMYX_URL", "LUMYX_API_KEY", "DATABASE_URL", "REDIS_URL"} <= set(demo)
    row = keys.find(demo["LUMYX_API_KEY"])
    assert row is not None
    customer = Customer(row.user, row.user.account, row, demo["LUMYX_API_KEY"])
    # The demo's provider key is not the one that this stand-in wants.
    made = Provider.objects.get(name="primary")
    made.key = Provider.objects.get(name="standin").key
    made.save()
    call_command("load_demo", env_file=file)

    def works() -> bool:
        return customer.chat(server, demo["LUMYX_MODEL"]).status_code in {200, 502}

    wait_until(works, seconds=8)
    models = requests.get(f"{server.api}/models", headers=customer.headers, timeout=5).json()
    assert demo["LUMYX_MODEL"] in {model["id"] for model in models["data"]}


def test_a_newcomer_signs_in_as_the_demo_customer_and_sees_their_key(
    server: Server, provider: ProviderProcess, nabzclan: NabzClanProcess, tmp_path: Path
) -> None:
    load(tmp_path / "demo.env", provider)
    browser = Browser(server)
    browser.go_to_nabzclan("/keys")
    page = browser.consent(1)
    assert page.url == f"{server.url}/keys"
    assert "Demo" in page.text


def test_loading_again_keeps_the_key_the_credits_and_what_staff_changed(
    provider: ProviderProcess, tmp_path: Path
) -> None:
    file = tmp_path / "demo.env"
    first = load(file, provider)
    staff = User.objects.get(username=first["LUMYX_ADMIN_USER"])
    assert staff.check_password(first["LUMYX_ADMIN_PASSWORD"])
    Provider.objects.filter(name="primary").update(base_url="https://api.example.com/v1")
    Route.objects.filter(model__name="lumyx-mini_v1").update(upstream_name="real-model")
    grants = LedgerEntry.objects.filter(account__user__nabzclan_id="1").count()
    assert load(file, provider) == first
    assert LedgerEntry.objects.filter(account__user__nabzclan_id="1").count() == grants
    assert Provider.objects.get(name="primary").base_url == "https://api.example.com/v1"
    assert Route.objects.get(model__name="lumyx-mini_v1").upstream_name == "real-model"


def test_settings_put_a_real_provider_in_the_stand_ins_place(
    provider: ProviderProcess, tmp_path: Path
) -> None:
    with override_settings(
        PROVIDER_BASE_URL="https://api.example.com/v1",
        PROVIDER_API_KEY="sk-real",
        PROVIDER_MODELS={"lumyx-plus_v1": "gpt-real"},
    ):
        load(tmp_path / "demo.env", provider)
    made = Provider.objects.get(name="primary")
    assert (made.base_url, made.key) == ("https://api.example.com/v1", "sk-real")
    assert Route.objects.get(model__name="lumyx-plus_v1").upstream_name == "gpt-real"
    assert b"sk-real" not in bytes(made.encrypted_key)
