"""Staff try prices on the calls of the last 30 days, to the micro-credit and about nobody."""

import html
import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts import restrictions
from accounts.data_sets import Purpose
from accounts.models import RestrictionKind
from gateway import price_changes, price_versions, pricing
from gateway.models import Model, RequestLog, Route
from gateway.pricing import Prices, Tokens
from tests.calls import add_call
from tests.customers import Customer, make_customer
from tests.models import PRICES, add_model, add_provider
from tests.staff import staff_client

PAGE = "/admin/catalogue/price-change"
NEW = Prices(3_141_593, 271_829, 3_999_999, 9_000_001)
CREDITS = {"input": "3.141593", "cache_read": "0.271829", "cache_write": "3.999999"}
CREDITS |= {"output": "9.000001"}
BUCKETS = ("input", "cache_read", "cache_write", "output")
DICE = random.Random(8)


@pytest.fixture(scope="module")
def people(database: None) -> list[Customer]:
    return [make_customer() for _ in range(12)]


@pytest.fixture(scope="module")
def finance(database: None) -> Client:
    return staff_client(["finance"])


@pytest.fixture
def model(database: None) -> Model:
    """A model of its own."""
    name = f"tried-{DICE.getrandbits(48):x}"
    made = add_model(name, add_provider("https://api.example.com/v1"), prices=None)
    price_versions.add(made.id, PRICES, starts_at=timezone.now() - timedelta(days=40))
    return made


def used() -> Tokens:
    """Return what a call may have used, mostly with a part of a micro-credit at its end."""
    return Tokens(
        DICE.randrange(20_000), DICE.randrange(9_000), DICE.randrange(700), DICE.randrange(3_000)
    )


def call(
    person: Customer,
    model: Model,
    tokens: Tokens,
    *,
    percent: int = 100,
    days: int = 0,
    **more: object,
) -> None:
    """Log a call as the gateway would have charged it."""
    prices = pricing.discounted(PRICES, percent=percent)
    add_call(
        person,
        at=timezone.now() - timedelta(days=days, seconds=1),
        model=model.name,
        **{f"{bucket}_tokens": getattr(tokens, bucket) for bucket in BUCKETS},
        **{f"{bucket}_price": getattr(prices, bucket) for bucket in BUCKETS},
        **{"charge": pricing.cost(tokens, prices), **more},
    )


def anew(calls: list[tuple[Tokens, int]]) -> int:
    """Charge the calls one by one, as the gateway does."""
    return sum(
        pricing.cost(tokens, pricing.discounted(NEW, percent=percent)) for tokens, percent in calls
    )


def test_it_is_exactly_what_the_same_calls_would_be_charged(
    people: list[Customer], model: Model
) -> None:
    made: list[tuple[Tokens, int]] = []
    for number in range(240):
        tokens, percent = used(), (100, 95, 90, 77)[number % 4]
        call(people[number % 12], model, tokens, percent=percent, days=number % 29)
        made.append((tokens, percent))
    found = price_changes.forecast(model, NEW)
    assert (found.total.calls, found.unexplained, found.days) == (240, 0, 30)
    assert found.total.anew == anew(made)
    charged = RequestLog.objects.filter(model=model.name).values_list("charge", flat=True)
    assert found.total.charged == sum(charged)
    for bucket in BUCKETS:
        assert getattr(found.total.tokens, bucket) == sum(getattr(one, bucket) for one, _ in made)
    assert price_changes.forecast(model, PRICES).total.difference == 0


def test_huge_counts_and_prices_do_not_run_over(people: list[Customer], model: Model) -> None:
    most = Prices(10**12, 10**12, 10**12, 10**12)
    tokens = Tokens(10**8, 10**8, 10**8, 10**8 - 1)
    for person in people[:5]:
        call(person, model, tokens)
    assert price_changes.forecast(model, most).total.anew == 5 * pricing.cost(tokens, most)


def test_what_is_not_paid_stays_free_and_what_was_cut_stays_cut(
    people: list[Customer], model: Model
) -> None:
    tokens = Tokens(1_000, 0, 0, 1_000)
    for person in people[:5]:
        call(person, model, tokens)
        call(person, model, tokens, charge=0, charge_basis="nothing")
        call(person, model, tokens, charge=7)
    found = price_changes.forecast(model, NEW).total
    assert (found.calls, found.cut) == (10, 5)
    assert found.anew == 5 * pricing.cost(tokens, NEW) + 5 * 7


def test_prices_that_no_list_price_explains_are_left_out(
    people: list[Customer], model: Model
) -> None:
    for person in people[:5]:
        now = timezone.now()
        add_call(person, at=now, model=model.name, input_tokens=10, input_price=123, charge=1)
        call(person, model, Tokens(10))
    found = price_changes.forecast(model, NEW)
    assert (found.unexplained, found.total.calls) == (5, 5)


def test_each_call_is_judged_by_the_prices_of_its_own_moment(
    people: list[Customer], model: Model
) -> None:
    half = pricing.discounted(PRICES, percent=50)
    price_versions.add(model.id, half, starts_at=timezone.now())
    tokens = Tokens(1_001)
    for person in people[:5]:
        # Half of the first prices, and all of the second.
        call(person, model, tokens, percent=50, days=3)
        add_call(
            person,
            at=timezone.now(),
            model=model.name,
            input_tokens=tokens.input,
            **{f"{bucket}_price": getattr(half, bucket) for bucket in BUCKETS},
            charge=pricing.cost(tokens, half),
        )
    assert price_changes.forecast(model, NEW).total.anew == 5 * anew([(tokens, 50), (tokens, 100)])


def test_who_objects_to_analysis_is_left_out(
    people: list[Customer], model: Model, new_customer: Callable[..., Customer]
) -> None:
    objector = new_customer()
    restrictions.restrict(objector.user, Purpose.ANALYSIS, kind=RestrictionKind.OBJECT)
    for person in (*people[:5], objector):
        call(person, model, Tokens(1_000))
    assert price_changes.forecast(model, NEW).total.calls == 5


def test_margins_are_of_what_the_routes_cost(people: list[Customer], model: Model) -> None:
    route = Route.objects.get(model=model)
    costs = {f"upstream_{bucket}_price": 1_000_000 for bucket in BUCKETS}
    Route.objects.filter(pk=route.pk).update(**costs)
    for person in people[:5]:
        call(person, model, Tokens(1_000_000), provider=route.provider.name)
        call(person, model, Tokens(1_000_000), provider="gone")
    double = Prices(4_000_000, 0, 0, 0)
    found = price_changes.forecast(model, double).total
    assert (found.costed_calls, found.cost) == (5, 5_000_000)
    assert (str(found.margin), str(found.margin_anew)) == ("50.0 %", "75.0 %")


def test_few_accounts_are_told_only_together(people: list[Customer], model: Model) -> None:
    for person in people[:6]:
        call(person, model, Tokens(1_000))
    for person in people[6:11]:
        call(person, model, Tokens(1_000), percent=95)
    call(people[11], model, Tokens(1_000), percent=90)
    found = price_changes.forecast(model, NEW)
    assert [(one.percent, one.sum.calls) for one in found.shares] == [(100, 6), (None, 6)]
    assert sum(one.sum.charged for one in found.shares) == found.total.charged


def test_the_page_tells_nothing_of_fewer_than_five_accounts(
    finance: Client, people: list[Customer], model: Model
) -> None:
    for person in people[:4]:
        call(person, model, Tokens(123_457))
    page = finance.get(PAGE, {"model": model.name, **CREDITS}).content.decode()
    assert "Fewer than 5 accounts" in page
    assert "123,457" not in page
    assert "493,828" not in page


def test_the_page_shows_what_would_have_been(
    finance: Client, people: list[Customer], model: Model
) -> None:
    tokens = Tokens(1_000_000, 0, 0, 1)
    for person in people[:5]:
        call(person, model, tokens)
    page = finance.get(PAGE, {"model": model.name, **CREDITS}).content.decode()
    shown = [int(one.replace(",", "")) for one in re.findall(r'title="([\d,]+) micro', page)]
    assert 5 * pricing.cost(tokens, PRICES) in shown
    assert 5 * pricing.cost(tokens, NEW) in shown
    assert "5,000,000" in page
    assert "Set them from" not in page


def test_it_begins_with_the_prices_in_force(finance: Client, model: Model) -> None:
    page = finance.get(PAGE, {"model": model.name}).content.decode()
    assert re.search(r'name="cache_read" value="0\.5"', page)
    assert "At the new prices" not in page


def test_prices_that_cannot_be_are_refused_with_a_reason(finance: Client, model: Model) -> None:
    for wrong in ({"output": "-1"}, {"output": "0.0000001"}, {"output": ""}, {"output": "x"}):
        page = finance.get(PAGE, {"model": model.name, **CREDITS, **wrong}).content.decode()
        assert "errorlist" in page, wrong
        assert "By kind of token" not in page
    page = finance.get(PAGE, {"model": "nobody's", **CREDITS}).content.decode()
    assert "errorlist" in page


def test_it_leads_operators_to_the_filled_form_and_writes_nothing(
    people: list[Customer], model: Model
) -> None:
    operator, before = staff_client(["operator"]), LogEntry.objects.count()
    page = html.unescape(operator.get(PAGE, {"model": model.name, **CREDITS}).content.decode())
    link = re.search(r'href="(/admin/gateway/modelprice/add/\?[^"]+)"', page)
    assert link is not None
    filled = parse_qs(urlsplit(link[1]).query)
    assert filled["input_price"] == ["3.141593"]
    form = operator.get(link[1]).content.decode()
    assert 'value="3.141593"' in form
    assert f'<option value="{model.pk}" selected' in form
    assert LogEntry.objects.count() == before
    assert model.prices.count() == 1


@pytest.mark.parametrize("role", ["support", "privacy officer"])
def test_others_do_not_open_it(database: None, role: str) -> None:
    assert staff_client([role]).get(PAGE).status_code == 403


def test_it_is_no_page_for_customers_and_strangers(people: list[Customer]) -> None:
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(people[0].user)
    assert client.get(PAGE).status_code == 404


def test_the_page_asks_the_database_as_often_for_more_calls(
    finance: Client,
    people: list[Customer],
    model: Model,
    django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    for person in people:
        call(person, model, used(), days=1)
    # Each of the 30 days is read in a transaction of its own, of four statements.
    with django_assert_max_num_queries(150):
        finance.get(PAGE, {"model": model.name, **CREDITS})
