"""A call on the website is a receipt: its lines, the rounding and the cut make the charge."""

from typing import Any

import pytest
from django.utils import timezone

from gateway import call_receipts, calls, ids, pricing
from gateway.models import Model, VipLevel
from gateway.pricing import Prices, Tokens
from tests.calls import add_call
from tests.customers import Customer, visit
from tests.models import PRICES

USED = {"input_tokens": 7, "cache_read_tokens": 3, "output_tokens": 5, "reasoning_tokens": 2}
PAID = {f"{name}_price": getattr(PRICES, name) for name in PRICES.__struct_fields__}


def public(id: Any) -> str:
    return ids.public(id.hex)


def test_a_call_shows_lines_that_add_up_to_its_charge(customer: Customer) -> None:
    charge = pricing.cost(Tokens(7, 3, 0, 5, 2), PRICES)
    attempts = [
        {"provider": "first", "ms": 120, "reason": "status_503"},
        {"provider": "second", "ms": 800},
    ]
    id = add_call(
        customer, at=timezone.now(), charge=charge, attempts=attempts, provider="second",
        latency_ms=950, first_token_ms=400, streamed=True, **USED, **PAID,
    )  # fmt: skip
    client = visit(customer)
    text = client.get(f"/usage/{public(id)}").content.decode()
    for words in (
        "0.000014", "0.0000015", "0.00004", "0.0000555", "+0.0000005", "0.000056",
        "of them 2 for reasoning", "refused with status 503", "second</strong> answered",
        "400 ms after the call came in", "950 ms in all", "not stored", public(id), "Test",
        "so you pay for exactly them",
    ):  # fmt: skip
        assert words in text, words
    assert "<html" in text
    assert "<html" not in client.get(f"/usage/{public(id)}", headers={"HX-Request": "true"}).text


def test_a_first_token_is_told_of_streamed_calls_alone(customer: Customer) -> None:
    client = visit(customer)
    for streamed in (True, False):
        id = add_call(customer, at=timezone.now(), first_token_ms=400, streamed=streamed)
        page = client.get(f"/usage/{public(id)}").content.decode()
        assert ("First token" in page) is streamed
        found = calls.find(customer.account, public(id))
        assert found is not None
        assert found[0]["first_token_ms"] == (400 if streamed else None)


@pytest.mark.parametrize(
    ("tokens", "prices", "less"),
    [
        (Tokens(1, 0, 0, 1), Prices(1, 1, 1, 1), 0),
        (Tokens(999_999, 7, 13, 123_456), Prices(3_333_333, 1, 999_999, 7_777_777), 0),
        (Tokens(1_000_000, 0, 0, 0), Prices(5, 0, 0, 0), 0),
        (Tokens(100, 0, 0, 100), Prices(2_000_000, 0, 0, 8_000_000), 900),
        (Tokens(), Prices(1, 1, 1, 1), 0),
        (Tokens(10**8, 10**8, 10**8, 10**8), Prices(10**12, 10**12, 10**12, 10**12), 0),
    ],
)
def test_lines_rounding_and_cut_are_the_charge_exactly(
    database: None, tokens: Tokens, prices: Prices, less: int
) -> None:
    charge = pricing.cost(tokens, prices) - less
    call = {
        "tokens": {n: getattr(tokens, n) for n in tokens.__struct_fields__},
        "charge_micro": charge,
        "charge_basis": "reported",
        "model": "none",
        "started_at": "2026-11-01T00:00:00Z",
        "attempts": [],
    }
    receipt = call_receipts.of(call, prices)
    assert sum(line.amount for line in receipt.lines) == receipt.sum
    assert receipt.sum + receipt.rounding - receipt.cut * pricing.TOKENS == charge * pricing.TOKENS
    assert 0 <= receipt.rounding < pricing.TOKENS
    assert receipt.cut == less


def test_a_vip_sees_what_was_paid_of_the_list_price(customer: Customer, provider: Any) -> None:
    model = Model.objects.get(name="echo")
    level = VipLevel.objects.get(level=1)
    paid = pricing.discounted(PRICES, percent=level.price_percent)
    columns = {f"{name}_price": getattr(paid, name) for name in paid.__struct_fields__}
    charge = pricing.cost(Tokens(7, 3, 0, 5, 2), paid)
    id = add_call(customer, at=timezone.now(), model=model.name, charge=charge, **USED, **columns)
    text = visit(customer).get(f"/usage/{public(id)}").content.decode()
    assert f"{level.price_percent} % of the list prices" in text


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"status": 402, "error_code": "insufficient_credits", "charge_basis": "rejected"},
         ("do not cover the call", "refused before it began", "no provider was asked")),
        ({"status": 504, "error_code": "provider_timeout", "charge_basis": "nothing"},
         ("did not answer, or fell silent", "so the call cost nothing")),
        ({"status": 499, "charge_basis": "nothing"}, ("Your program closed the connection",)),
        ({"status": 418, "error_code": "unheard_of", "charge_basis": "rejected"},
         ("The call failed.",)),
        ({"charge_basis": "free", "endpoint": "messages/count_tokens"}, ("This endpoint is free",)),
    ],
)  # fmt: skip
def test_a_call_that_cost_nothing_says_why(
    customer: Customer,
    columns: dict[str, Any],
    words: tuple[str, ...],
) -> None:
    id = add_call(customer, at=timezone.now(), **columns)
    text = visit(customer).get(f"/usage/{public(id)}").content.decode()
    for one in words:
        assert one in text
