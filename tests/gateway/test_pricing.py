"""What calls cost: whole micro-credits, rounded up once, never down."""

from fractions import Fraction

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.pricing import (
    MOST_TOKENS,
    Prices,
    Tokens,
    affordable_output,
    cost,
    cost_in_sql,
    dearest_input,
    discounted,
    worst_case,
)

PRICES = Prices(input=3_000_000, cache_read=300_000, cache_write=3_750_000, output=15_000_000)
amounts = st.integers(0, 10**12)
counts = st.integers(0, MOST_TOKENS)
prices = st.builds(Prices, amounts, amounts, amounts, amounts)
tokens = st.builds(Tokens, counts, counts, counts, counts, counts)


def test_each_bucket_has_its_own_price() -> None:
    assert cost(Tokens(input=1_000), PRICES) == 3_000
    assert cost(Tokens(cache_read=1_000), PRICES) == 300
    assert cost(Tokens(cache_write=1_000), PRICES) == 3_750
    assert cost(Tokens(output=1_000), PRICES) == 15_000
    assert cost(Tokens(1_000, 1_000, 1_000, 1_000), PRICES) == 22_050


def test_thoughts_are_part_of_the_output_and_cost_nothing_more() -> None:
    assert cost(Tokens(output=10, reasoning=9), PRICES) == cost(Tokens(output=10), PRICES)


def test_nothing_costs_nothing_and_the_least_costs_one() -> None:
    assert cost(Tokens(), PRICES) == 0
    assert cost(Tokens(input=1), Prices(1, 0, 0, 0)) == 1
    assert cost(Tokens(input=1_000_000), Prices(1, 0, 0, 0)) == 1
    assert cost(Tokens(input=1_000_001), Prices(1, 0, 0, 0)) == 2


@given(tokens, prices)
def test_a_cost_is_the_exact_sum_rounded_up_once(used: Tokens, at: Prices) -> None:
    exact = Fraction(
        used.input * at.input
        + used.cache_read * at.cache_read
        + used.cache_write * at.cache_write
        + used.output * at.output,
        1_000_000,
    )
    charged = cost(used, at)
    assert exact <= charged < exact + 1


def test_a_discount_takes_off_each_price_and_rounds_up() -> None:
    assert discounted(PRICES, percent=100) is PRICES
    assert discounted(PRICES, percent=90) == Prices(2_700_000, 270_000, 3_375_000, 13_500_000)
    assert discounted(Prices(1, 2, 3, 4), percent=50) == Prices(1, 1, 2, 2)
    assert discounted(Prices(101, 102, 103, 104), percent=1) == Prices(2, 2, 2, 2)
    assert discounted(PRICES, percent=0) == Prices(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("at", "dearest"),
    [(Prices(3, 2, 1, 9), 3), (Prices(1, 3, 2, 9), 3), (Prices(1, 2, 3, 9), 3)],
)
def test_an_unknown_input_token_is_as_dear_as_the_dearest(at: Prices, dearest: int) -> None:
    assert dearest_input(at) == dearest


def test_the_worst_case_is_all_of_the_dearest() -> None:
    assert worst_case(PRICES, most_input=1_000, most_output=100) == 3_750 + 1_500
    assert worst_case(Prices(1, 0, 0, 0), most_input=1, most_output=0) == 1
    assert worst_case(Prices(0, 0, 0, 1), most_input=0, most_output=1) == 1


@given(tokens, prices)
def test_no_call_costs_more_than_its_worst_case(used: Tokens, at: Prices) -> None:
    most_input = used.input + used.cache_read + used.cache_write
    assert cost(used, at) <= worst_case(at, most_input=most_input, most_output=used.output)


def test_an_amount_pays_for_so_much_output_after_the_input() -> None:
    assert affordable_output(PRICES, amount=18_000, input_tokens=1_000) == 1_000
    assert affordable_output(PRICES, amount=17_999, input_tokens=1_000) == 999
    assert affordable_output(PRICES, amount=3_000, input_tokens=1_000) == 1
    assert affordable_output(PRICES, amount=0, input_tokens=1_000) == 1
    assert affordable_output(Prices(3, 3, 3, 0), amount=1, input_tokens=5) == MOST_TOKENS


@given(prices, amounts, st.integers(0, 10**6))
def test_what_can_be_afforded_is_never_more_than_the_amount(
    at: Prices, amount: int, input_tokens: int
) -> None:
    if at.output == 0:
        return
    output = affordable_output(at, amount=amount, input_tokens=input_tokens)
    if output > 1:
        assert cost(Tokens(input=input_tokens, output=output), at) <= amount
    assert cost(Tokens(input=input_tokens, output=output + 1), at) > amount or amount == 0


@pytest.mark.parametrize("dearest", [10**12, 10**10])
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=40)
def test_the_database_rounds_as_calls_are_rounded(dearest: int, data: st.DataObject) -> None:
    asked = st.integers(0, dearest)
    pairs = st.tuples(tokens, st.builds(Prices, asked, asked, asked, asked))
    calls = data.draw(st.lists(pairs, min_size=1, max_size=20))
    buckets = Prices.__struct_fields__
    names = [f"{bucket}_{what}" for what in ("tokens", "price") for bucket in buckets]
    rows = [
        [number, *(getattr(one, bucket) for one in call for bucket in buckets)]
        for number, call in enumerate(calls)
    ]
    row = f"({', '.join(['%s::bigint'] * (len(names) + 1))})"
    given_rows = f"(values {', '.join([row] * len(rows))}) as c (n, {', '.join(names)})"
    expression = cost_in_sql(names[:4], names[4:], dearest=dearest)
    assert ("numeric" in expression) == (dearest == 10**12)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {expression} from {given_rows} order by n",
            [value for row_ in rows for value in row_],
        )
        found = [int(one) for (one,) in cursor.fetchall()]
    assert found == [cost(used, at) for used, at in calls]
