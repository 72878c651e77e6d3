"""Everybody can find a model, compare some, and read what each costs, who runs it and how well."""

import re
import uuid
from datetime import date, timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.amounts import in_credits
from gateway import availability, price_versions, timelines
from gateway.models import Model, Provider, Route, VipLevel
from gateway.pricing import Prices, Tokens, cost, discounted
from gateway.public_prices import written
from privacy import acceptances, policies
from tests.customers import make_customer
from tests.gateway.test_availability import note_checks
from tests.models import add_model, add_provider

HTMX = {"HX-Request": "true"}
PRICES = Prices(1_234_567, 345_678, 2_345_678, 7_654_321)
NONE = '<span aria-hidden="true">–</span><span class="sr">none</span>'
FIRST = "https://first.example/v1"


@pytest.fixture
def family(database: None) -> str:
    """A word that the names of this test's models begin with, and nobody else's."""
    return f"f{uuid.uuid4().hex[:10]}"


def offer(family: str, name: str, *, at: Provider | None = None, **fields: object) -> Model:
    prices = fields.pop("prices", PRICES)
    assert isinstance(prices, Prices)
    runner = at or add_provider(FIRST, retention_days=30, terms_reviewed_on=date(2026, 10, 2))
    model = add_model(f"{family}/{name}", runner, prices=prices)
    if fields:
        Model.objects.filter(pk=model.pk).update(**fields)
        model.refresh_from_db()
    return model


def text_of(
    path: str, client: Client | None = None, *, headers: dict[str, str] | None = None
) -> str:
    answer = (client or Client()).get(path, headers=headers)
    assert answer.status_code == 200, path
    return unescape(answer.content.decode())


def found(query: str) -> list[str]:
    """Return the names of the models that the catalogue shows, in its order."""
    page = text_of(f"/models?{query}")
    return re.findall(r'<code id="id-\d+">[^/]+/([^<]+)</code>', page)


def compared(family: str, *names: str) -> dict[str, list[str]]:
    """Return the rows of the comparison of some models, by what stands before each."""
    query = "&".join(f"model={family}/{name}" for name in names)
    rows = re.findall(
        r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>',
        text_of(f"/models/compare?{query}"),
        re.DOTALL,
    )
    return {words: re.findall(r"<td.*?</td>", cells, re.DOTALL) for words, cells in rows}


def member(level: int) -> Client:
    """Return the browser of somebody of a VIP level who is signed in."""
    user = make_customer(vip_level=level).user
    acceptances.affirm_age(user)
    acceptances.record(user, policies.all_current())
    client = Client()
    client.force_login(user)
    return client


def test_a_stranger_finds_models_by_name_and_by_what_they_need(family: str) -> None:
    at = add_provider(FIRST)
    offer(family, "small", at=at, context_window=8_192, capabilities=["chat"])
    offer(family, "wide", context_window=1_000_000, prices=Prices(9_000_000, 0, 0, 90_000_000))
    offer(family, "vectors", context_window=32_000, capabilities=["embeddings"])
    assert found(f"q={family}") == ["small", "vectors", "wide"]
    assert found(f"q=WIDE+{family}") == ["wide"]
    assert found(f"q={family}&can=chat&can=tools") == ["wide"]
    assert found(f"q={family}&context=32000") == ["vectors", "wide"]
    assert found(f"q={family}&input=1.234567") == ["small", "vectors"]
    assert found(f"q={family}&input=1.234566") == []
    assert found(f"q={family}&output=7.7") == ["small", "vectors"]
    assert found(f"q={family}&provider={at.name}") == ["small"]
    assert found(f"q={family}&sort=context") == ["wide", "vectors", "small"]
    assert found(f"q={family}&sort=output") == ["small", "wide", "vectors"]
    assert found(f"q={family}&sort=newest") == ["vectors", "wide", "small"]


def test_nothing_is_offered_that_no_model_has(family: str) -> None:
    offer(family, "small", context_window=20_000, capabilities=["chat", "tools"])
    known = {name for model in Model.objects.all() for name in model.capabilities}
    largest = max(model.context_window for model in Model.objects.all())
    page = text_of("/models")
    offered = set(re.findall(r'name="can" value="([a-z_]+)"', page))
    assert {"chat", "tools"} <= offered <= known
    contexts = re.findall(r'<option value="(\d+)"', page)
    assert contexts
    assert max(map(int, contexts)) <= largest
    assert "Clear all" not in page
    # What an address asks for stays in sight, and can be taken away.
    assert '<option value="1000000" selected' in text_of("/models?context=1000000")


def test_what_cannot_be_understood_is_said_and_left_out(family: str) -> None:
    offer(family, "one")
    wrong = "input=cheap&output=NaN&can=fly&context=-1&provider=nobody&sort=mood"
    page = text_of(f"/models?q={family}&{wrong}&page=9&x=%00")
    assert f"{family}/one" in page
    assert "Not filtered by everything you asked for." in page
    for field in ("Input price", "Output price", "Can do", "Context", "Provider", "Sort by"):
        assert f" {field}" in page
    assert Client().get("/models?q=%00&input=1e999999&output=-1").status_code == 200
    assert "No model fits all of this" in text_of("/models?q=there-is-no-such-model")


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("cheap", "Write a number, such as 2.5."),
        ("-5", "Write 0 or more."),
        ("1e20", "or less."),
        ("0.0000001", "Write 6 decimals at the most."),
    ],
)
def test_a_price_that_is_none_is_said_beside_its_field_and_stays(
    family: str, typed: str, why: str
) -> None:
    offer(family, "one")
    path = f"/models?q={family}&input={typed}"
    page = text_of(path)
    price, output = page.split('<label for="id_input">')[1].split('<label for="id_output">')
    assert f'value="{typed}"' in price
    assert 'aria-invalid="true"' in price
    assert why in price
    assert why not in output.split("</fieldset>")[0]
    part = Client().get(path, headers=HTMX)
    beside = part.content.decode().split('hx-swap-oob="innerHTML:#id_input_said">')[1]
    assert why in beside.split("</div>")[0]
    assert part["HX-Push-Url"].endswith(f"&input={typed}")
    right = Client().get(f"/models?q={family}&input=2.5", headers=HTMX).content.decode()
    assert right.split('"innerHTML:#id_input_said">')[1].split("</div>")[0].strip() == ""


def test_nothing_is_a_price_to_filter_by(family: str) -> None:
    offer(family, "free", prices=Prices(0, 0, 0, 0))
    offer(family, "dear")
    assert found(f"q={family}&input=0") == ["free"]
    part = Client().get(f"/models?q={family}&input=0&output=", headers=HTMX)
    assert part["HX-Push-Url"] == f"/models?q={family}&input=0"
    page = text_of(f"/models?q={family}&input=0")
    assert "input ≤ 0" in page
    assert f"/models?q={family}&input=0&sort=context" in page


def test_htmx_gets_the_part_that_changes_and_an_address_to_share(family: str) -> None:
    offer(family, "one")
    path = f"/models?q={family}&context=&input=&sort=name&can=chat"
    part = Client().get(path, headers=HTMX)
    assert f"{family}/one" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert part["HX-Push-Url"] == f"/models?q={family}&can=chat"
    whole = Client().get(path)
    assert "<html" in whole.content.decode()
    assert "HX-Push-Url" not in whole
    assert "HX-Request" in part["Vary"]
    assert "HX-Request" in whole["Vary"]
    restored = Client().get(path, headers={**HTMX, "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


def test_more_models_cost_no_more_queries(family: str) -> None:
    def queries(path: str) -> int:
        """Count at a moment when nothing that pages keep for some seconds is asked anew."""
        counted = []
        for _ in range(3):
            with CaptureQueriesContext(connection) as seen:
                text_of(path)
            counted.append(len(seen))
        return min(counted)

    at = add_provider(FIRST)
    offer(family, "a", at=at)
    availability.of_all()
    paths = ("/models", "/pricing", f"/models/compare?model={family}/a")
    before = [queries(path) for path in paths]
    for name in ("b", "c", "d"):
        offer(family, name, at=at)
    assert [queries(path) for path in paths] == before


def test_a_vip_sees_their_own_prices_beside_the_list(family: str) -> None:
    model = offer(family, "one")
    row = VipLevel.objects.filter(level__lte=3).latest("level")
    own = discounted(PRICES, percent=row.price_percent)
    assert own.input < PRICES.input
    vip, path = member(3), f"/models/{family}/one"
    for page in (f"/models?q={family}", path, "/pricing", f"/models/compare?model={family}/one"):
        text = text_of(page, vip)
        assert written(own.input) in text, page
        assert written(PRICES.input) in text, page
    assert "no-store" in vip.get(path)["Cache-Control"]
    price_versions.add(
        model.id, Prices(4_000_000, 0, 0, 0), starts_at=timezone.now() + timedelta(days=1)
    )
    assert written(4_000_000 * row.price_percent // 100) in text_of(path, vip)
    strangers = text_of(f"/models?q={family}")
    assert written(PRICES.input) in strangers
    assert "your price" not in strangers
    assert "your price" not in text_of(f"/models?q={family}", member(0))


def test_a_model_page_says_what_it_costs_who_runs_it_and_what_comes(family: str) -> None:
    model = offer(family, "one", context_window=123_456, max_output_tokens=7_890)
    starts_at = timezone.now() + timedelta(days=3)
    price_versions.add(model.id, Prices(5_000_001, 1, 1, 1), starts_at=starts_at)
    second = add_provider(FIRST, retention_days=0)
    Route.objects.create(model=model, provider=second, upstream_name="x", position=1)
    page = text_of(f"/models/{family}/one")
    for price in (PRICES.input, PRICES.cache_read, PRICES.cache_write, PRICES.output, 5_000_001):
        assert written(price) in page
    assert "From <time datetime=" in page
    assert f"{starts_at:%H:%M} UTC" in page
    for level in VipLevel.objects.filter(price_percent__lt=100):
        assert written(discounted(PRICES, percent=level.price_percent).output) in page
        assert f"{level.price_percent} % of the list price" in page
    assert "123,456 tokens" in page
    assert "7,890 tokens" in page
    first = model.routes.order_by("position")[0].provider
    assert page.index(f"<h3>{first.name}</h3>") < page.index(f"<h3>{second.name}</h3>")
    assert "up to 30 days" in page
    assert "not at all" in page
    assert "2 Oct 2026" in page
    assert f'"model": "{family}/one"' in page
    assert "chat/completions" in page
    assert f"/playground?model={family}%2Fone" in page
    assert f'<link rel="canonical" href="http://127.0.0.1/models/{family}/one">' in page


def test_an_embeddings_model_has_code_for_embeddings_and_no_playground(family: str) -> None:
    offer(family, "vectors", capabilities=["embeddings"])
    page = text_of(f"/models/{family}/vectors")
    assert "/v1/embeddings" in page
    assert "client.embeddings.create(" in page
    assert "chat/completions" not in page
    assert "/playground?model=" not in page


def test_the_estimate_is_what_a_call_would_be_charged(family: str) -> None:
    offer(family, "one")
    tokens = Tokens(input=1_001, cache_read=77, cache_write=5, output=333)
    query = "input=1001&cache_read=77&cache_write=5&output=333&calls=1000"
    charge = cost(tokens, PRICES)
    page = text_of(f"/models/{family}/one?{query}")
    part = text_of(f"/models/{family}/one?{query}", headers=HTMX)
    for text in (page, part):
        assert f'value="{in_credits(charge)}"' in text
        assert f'value="{in_credits(charge * 1_000)}"' in text
    assert "<html" not in part
    wrong = text_of(f"/models/{family}/one?input=-1&output=a&calls=0", headers=HTMX)
    assert "Input tokens:" in wrong
    assert "Output tokens:" in wrong
    assert "Calls like this:" in wrong


@pytest.mark.parametrize("state", ["unknown", "disabled", "unpriced", "withdrawn"])
def test_a_model_that_is_not_on_offer_is_not_found_and_leads_to_the_catalogue(
    family: str, state: str
) -> None:
    model = offer(family, "one")
    offer(family, "two")
    if state == "disabled":
        Model.objects.filter(pk=model.pk).update(enabled=False)
    elif state == "withdrawn":
        Provider.objects.filter(routes__model=model).update(enabled=False)
    elif state == "unpriced":
        model = add_model(f"{family}/unpriced", add_provider(FIRST), prices=None)
    name = f"{family}/on" if state == "unknown" else model.name
    answer = Client().get(f"/models/{name}")
    assert answer.status_code == 404
    page = answer.content.decode()
    assert 'href="/models"' in page
    assert f'href="/models/{family}/two"' in page


def test_models_stand_side_by_side(family: str) -> None:
    offer(family, "cheap", prices=Prices(1_000_000, 0, 0, 2_000_000), context_window=10)
    offer(family, "dear", prices=Prices(3_000_000, 0, 0, 2_000_000), capabilities=["chat"])
    page = text_of(f"/models/compare?model={family}/cheap&model={family}/dear&model=nope")
    assert page.index(f"<code>{family}/cheap</code>") < page.index(f"<code>{family}/dear</code>")
    rows = dict(re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', page, re.DOTALL))
    cheap, dear = re.findall(r"<td.*?</td>", rows["Input"], re.DOTALL)
    assert "1.00" in cheap
    assert "lowest" in cheap
    assert "3.00" in dear
    assert "lowest" not in dear
    assert "lowest" not in rows["Output"]
    assert re.findall(r"(yes|no)</span></span>", rows["Tools"]) == ["yes", "no"]
    assert "We do not offer <code>nope</code>" in page
    remove = re.findall(r'href="(/models/compare\?[^"]+)"', page)
    assert f"/models/compare?model={family}%2Fdear" in remove


def test_what_an_embeddings_model_has_not_is_never_the_best(family: str) -> None:
    offer(family, "a", prices=Prices(2_000_000, 9, 9, 5_000_000), max_output_tokens=4_096)
    offer(family, "b", prices=Prices(3_000_000, 9, 9, 6_000_000), max_output_tokens=8_192)
    only_in = Prices(20_000, 0, 0, 0)
    offer(
        family, "vectors", prices=only_in, capabilities=["embeddings"], max_output_tokens=1_000_000
    )
    rows = compared(family, "a", "vectors")
    assert "lowest" in rows["Input"][1]
    for words in ("Cache read", "Cache write", "Output", "Most output"):
        assert NONE in rows[words][1], words
        assert not [cell for cell in rows[words] if "data-best" in cell], words
    rows = compared(family, "a", "b", "vectors")
    assert ["lowest" in cell for cell in rows["Output"]] == [True, False, False]
    assert ["largest" in cell for cell in rows["Most output"]] == [False, True, False]


def test_an_embeddings_model_has_no_price_of_output(family: str) -> None:
    model = offer(family, "vectors", prices=Prices(20_000, 0, 0, 0), capabilities=["embeddings"])
    for path in (f"/models?q={family}", "/pricing", f"/models/{model.name}"):
        page = text_of(path)
        row = page[page.index("0.02</span>") :].split("</tr>")[0]
        output = row[row.index('data-label="Output') :].split("</td>")[0]
        assert NONE in output, path
        assert "0.00" not in row, path
    assert "Most output" not in text_of(f"/models/{model.name}")
    assert "Most output" in text_of(f"/models/{offer(family, 'chats').name}")


def test_comparing_helps_where_there_is_too_little_or_too_much(family: str) -> None:
    names = [offer(family, str(n)).name for n in range(5)]
    begin = text_of("/models/compare")
    assert "Second model" in begin
    assert "Nothing to compare yet" in begin
    assert "Add a second model" in text_of(f"/models/compare?model={names[0]}&model={names[0]}")
    query = "&".join(f"model={name}" for name in names)
    page = text_of(f"/models/compare?{query}")
    assert "Four models fit side by side." in page
    assert f"<code>{names[3]}</code>" in page
    assert f"<code>{names[4]}</code>" not in page
    assert Client().get("/models/compare?model=%00&model=" + "x" * 5_000).status_code == 200


def test_uptime_and_times_are_those_of_the_probes(family: str) -> None:
    at = add_provider(FIRST)
    offer(family, "one", at=at)
    path = f"/models/{family}/one"
    assert "no probes" in text_of(path)
    ages = [timedelta(hours=n) for n in range(1, 4)]
    note_checks(at, *((age, 321) for age in ages), (timedelta(days=9), None))
    page = text_of(path)
    assert "321 ms" in page
    assert "75 %" in page
    assert "100 %" in page
    by_day = availability.of_all()[at.pk].by_day
    assert page.count('<li data-mood="none"') == timelines.DAYS - len(by_day)
    assert page.count('<li data-mood="bad"') == 1
    assert "75 % up in 30 days" in text_of(f"/models/compare?model={family}/one")


def test_a_provider_that_is_away_is_said_to_be(family: str) -> None:
    at = add_provider(FIRST)
    offer(family, "one", at=at)
    assert "not reachable" not in text_of(f"/models?q={family}")
    Provider.objects.filter(pk=at.pk).update(unreachable_since=timezone.now())
    assert "not reachable" in text_of(f"/models?q={family}")
    assert "No provider of this model answers" in text_of(f"/models/{family}/one")


def test_strangers_get_no_cookie(family: str) -> None:
    offer(family, "one")
    for path in ("/models", f"/models/{family}/one", f"/models/compare?model={family}/one"):
        assert not Client().get(path).cookies, path
