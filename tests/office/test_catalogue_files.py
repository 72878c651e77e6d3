"""The catalogue goes to files and comes back: previewed, checked as in forms, or not at all."""

import csv
import io
import json
import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from accounts.models import User
from gateway import price_versions
from gateway.models import Model, ModelPrice, Provider, Route, VipLevel
from tests.customers import Customer
from tests.models import PRICES, add_provider, add_routes, offer
from tests.processes import PROVIDER_KEY, ProviderProcess, Server, wait_until
from tests.staff import staff_client

TABLES = ("provider", "model", "route", "modelprice", "viplevel")
CSV, JSON = 0, 1
Rows = list[dict[str, Any]]
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')


@pytest.fixture(scope="module")
def operator(database: None) -> Client:
    return staff_client(["operator"])


@pytest.fixture
def model(provider: ProviderProcess) -> Model:
    return add_routes((add_provider(provider.url), "echo"))


def address(table: str, page: str) -> str:
    return f"/admin/gateway/{table}/{page}/"


def export(client: Client, table: str, form: int = CSV) -> str:
    answer = client.post(address(table, "export"), {"format": form, "resource": 0})
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    return answer.content.decode()


def rows_of(text: str) -> Rows:
    return list(csv.DictReader(io.StringIO(text)))


def written(rows: Rows) -> str:
    out = io.StringIO()
    sheet = csv.DictWriter(out, list(rows[0]))
    sheet.writeheader()
    sheet.writerows(rows)
    return out.getvalue()


def preview(client: Client, table: str, text: str, form: int = CSV) -> str:
    file = SimpleUploadedFile("catalogue.csv", text.encode())
    said = {"format": form, "resource": 0, "import_file": file}
    answer = client.post(address(table, "import"), said)
    assert answer.status_code == 200
    return answer.content.decode()


def confirm(client: Client, table: str, page: str) -> HttpResponse:
    fields = dict(HIDDEN.findall(page[page.index("process_import") :]))
    fields.pop("csrfmiddlewaretoken", None)
    answer = client.post(address(table, "process_import"), fields)
    assert isinstance(answer, HttpResponse)
    return answer


def whole(client: Client, table: str, rows: Rows) -> str:
    """Import rows, which must be right."""
    page = preview(client, table, written(rows))
    assert "Confirm import" in page, page
    assert confirm(client, table, page).status_code == 302
    return page


def price_row(of: Model, **more: Any) -> dict[str, Any]:
    names = ("input_price", "cache_read_price", "cache_write_price", "output_price")
    return {"model": of.name, "starts_at": "", **dict.fromkeys(names, 5), "note": "", **more}


@pytest.mark.parametrize("form", [CSV, JSON])
@pytest.mark.parametrize("table", TABLES)
def test_what_was_exported_changes_nothing_when_it_comes_back(
    operator: Client, model: Model, table: str, form: int
) -> None:
    coming = timezone.now() + timedelta(days=2)
    price_versions.add(model.id, PRICES, starts_at=coming, note='Quotes, "commas"')
    Provider.objects.filter(routes__model=model).update(retention_days=3, idle_seconds=1.5)
    text = export(operator, table, form)
    before = LogEntry.objects.count()
    page = preview(operator, table, text, form)
    count = len(rows_of(text)) if form == CSV else len(json.loads(text))
    assert f"0 new, 0 changed, {count} as they are" in page, page
    assert confirm(operator, table, page).status_code == 302
    assert export(operator, table, form) == text
    assert LogEntry.objects.count() == before


def test_no_file_holds_a_key(operator: Client, model: Model) -> None:
    provider = Provider.objects.get(routes__model=model)
    text = export(operator, "provider", JSON)
    assert provider.name in text
    assert PROVIDER_KEY not in text
    assert "key" not in text.lower().replace(PROVIDER_KEY, "")
    with_key = [{"name": provider.name, "encrypted_key": "x"}]
    assert "There is no column encrypted_key." in preview(operator, "provider", written(with_key))


def test_a_preview_names_each_change_and_writes_nothing(operator: Client, model: Model) -> None:
    rows = [{"name": model.name, "context_window": 4_321}]
    page = preview(operator, "model", written(rows))
    assert "0 new, 1 changed, 0 as they are" in page
    assert re.search(r"<del>128000</del> → <ins>4321</ins>", page)
    model.refresh_from_db()
    assert model.context_window == 128_000


def test_a_confirmed_import_is_written_logged_and_told_to_every_process(
    operator: Client, server: Server, customer: Customer, model: Model
) -> None:
    offer(server, customer, model)
    whole(operator, "model", [{"name": model.name, "context_window": 4_321}])
    model.refresh_from_db()
    assert (model.context_window, model.display_name) == (4_321, model.name)
    entry = LogEntry.objects.get(object_id=str(model.pk), content_type__model="model")
    assert entry.change_message == "Imported from a file: context_window."
    assert entry.user == User.objects.get(pk=operator.session["_auth_user_id"])

    def announced() -> bool:
        shown = customer.get(server, f"models/{model.name}").json()
        return bool(shown["context_window"] == 4_321)

    wait_until(lambda: all(announced() for _ in range(6)), seconds=4)


def test_new_rows_of_each_table_come_in(operator: Client, provider: ProviderProcess) -> None:
    name = f"new-{uuid.uuid4().hex[:8]}"
    whole(operator, "provider", [{"name": name, "base_url": provider.url}])
    about = {"display_name": "New", "context_window": 9, "max_output_tokens": 9}
    whole(operator, "model", [{"name": name, **about, "capabilities": '["chat"]', "enabled": 1}])
    route = {"model": name, "provider": name, "upstream_name": "echo"}
    whole(operator, "route", [{**route, "upstream_input_price": 7}])
    model = Model.objects.get(name=name)
    whole(operator, "modelprice", [price_row(model)])
    assert model.capabilities == ["chat"]
    assert model.routes.get().upstream_input_price == 7
    assert model.prices.in_force().get().created_by_id is not None
    VipLevel.objects.filter(level=99).delete()
    level = {"level": 99, "minute_limit": 5, "day_limit": 6, "price_percent": 99}
    whole(operator, "viplevel", [level])
    assert VipLevel.objects.get(level=99).day_limit == 6
    VipLevel.objects.filter(level=99).delete()


def test_one_wrong_row_keeps_the_whole_file_out(operator: Client, model: Model) -> None:
    rows: Rows = [
        {"name": model.name, "context_window": 4_321},
        {"name": f"x{model.name}", "context_window": 0},
    ]
    page = preview(operator, "model", written(rows))
    assert "Nothing was imported" in page
    assert "Row 2, context_window:" in page
    assert "Row 1" not in page
    assert "Confirm import" not in page


def test_what_became_wrong_since_the_preview_is_refused_as_a_whole(
    operator: Client, model: Model
) -> None:
    coming = timezone.now() + timedelta(days=2)
    rows: Rows = [
        price_row(model),
        price_row(model, starts_at=(coming + timedelta(days=1)).isoformat()),
    ]
    other = add_routes((Provider.objects.get(routes__model=model), "echo"))
    rows.append(price_row(other))
    page = preview(operator, "modelprice", written(rows))
    Model.objects.filter(pk=other.pk).update(name=f"x{other.name}")
    answer = confirm(operator, "modelprice", page)
    assert answer.status_code == 200
    assert "Row 3, model:" in answer.content.decode()
    assert model.prices.count() == 1


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"starts_at": "2020-01-01T00:00:00Z"}, "Row 1, starts_at:</strong> Prices start in the"),
        ({"starts_at": "soon"}, "Write a time like"),
        ({"input_price": -1}, "Row 1, input_price:"),
        ({"output_price": 10**12 + 1}, "Row 1, output_price:"),
        ({"output_price": ""}, "Row 1, output_price:"),
        ({"model": "nobody"}, "There is no model of the name “nobody”."),
    ],
)
def test_wrong_prices_are_refused_by_row(
    operator: Client, model: Model, changed: dict[str, Any], why: str
) -> None:
    page = preview(operator, "modelprice", written([price_row(model, **changed)]))
    assert why in page
    assert "Confirm import" not in page
    assert model.prices.count() == 1


def test_started_prices_stay_final(operator: Client, model: Model) -> None:
    started = model.prices.get()
    row = next(one for one in rows_of(export(operator, "modelprice")) if one["model"] == model.name)
    page = preview(operator, "modelprice", written([{**row, "input_price": "1"}]))
    assert "have started, so they are final" in page
    started.refresh_from_db()
    assert started.prices == PRICES


def test_prices_below_cost_are_marked_before_they_are_written(
    operator: Client, model: Model
) -> None:
    Route.objects.filter(model=model).update(upstream_input_price=1_000_000)
    page = preview(operator, "modelprice", written([price_row(model)]))
    assert "is sold below cost" in page
    assert model.prices.count() == 1
    confirm(operator, "modelprice", page)
    assert model.prices.count() == 2


def test_addresses_are_judged_as_in_the_form(operator: Client) -> None:
    with override_settings(STANDINS=False):
        for url in ("https://169.254.169.254/v1", "http://api.example.com/v1", "https://10.0.0.1"):
            page = preview(operator, "provider", written([{"name": "inside", "base_url": url}]))
            assert "Row 1, base_url:" in page, url
    trains = {"name": "t", "base_url": "https://8.8.8.8/v1", "trains_on_content": 1, "enabled": 1}
    assert "rules out providers" in preview(operator, "provider", written([trains]))
    assert not Provider.objects.filter(name__in=["inside", "t"]).exists()


def test_a_file_sends_no_stored_key_to_another_host(operator: Client, model: Model) -> None:
    provider = Provider.objects.get(routes__model=model)
    assert provider.key
    row = {"name": provider.name, "base_url": "http://127.0.0.1:9/v1"}
    assert "goes to no other host" in preview(operator, "provider", written([row]))
    before = provider.base_url
    provider.refresh_from_db()
    assert provider.base_url == before


def test_a_file_is_imported_once(operator: Client, model: Model) -> None:
    page = preview(operator, "modelprice", written([price_row(model)]))
    confirm(operator, "modelprice", page)
    again = confirm(operator, "modelprice", page)
    assert again["Location"] == address("modelprice", "import")
    assert model.prices.count() == 2


def test_what_is_no_table_is_refused(operator: Client) -> None:
    assert "error" in preview(operator, "model", "{", JSON)
    assert "Confirm import" not in preview(operator, "model", "\x00\x01")
    assert "at most 2 MB" in preview(operator, "model", "name\n" + "x" * 2_000_001)


@pytest.mark.parametrize("role", ["support", "finance", "privacy officer"])
def test_who_may_not_change_rows_imports_none(
    role: str, model: Model, new_customer: Callable[..., Customer]
) -> None:
    client = staff_client([role])
    for table in TABLES:
        for page in ("import", "process_import"):
            assert client.post(address(table, page), {}).status_code == 403, (table, page)


def test_who_may_not_see_a_table_exports_none(model: Model) -> None:
    support = staff_client(["support"])
    for table in ("provider", "route"):
        assert support.get(address(table, "export")).status_code == 403
    assert model.name in export(support, "model")
    assert ModelPrice.objects.count() == len(rows_of(export(support, "modelprice")))


def test_lists_lead_to_both(operator: Client) -> None:
    for table in TABLES:
        page = operator.get(f"/admin/gateway/{table}/").content.decode()
        assert address(table, "import") in page
        assert address(table, "export") in page
    assert address("model", "import") not in (
        staff_client(["support"]).get("/admin/gateway/model/").content.decode()
    )
