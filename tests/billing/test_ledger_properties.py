"""Whatever order money moves in, the invariants hold; found by hypothesis, not by hand."""

import uuid

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import invariants, ledger
from billing.ledger import Closing, HoldRequest, OpenHold
from billing.models import HoldState
from gateway import ids, pricing
from gateway.pricing import Prices, Tokens
from tests.customers import make_customer

amounts = st.integers(0, 400)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.lists(st.tuples(amounts, amounts), min_size=1, max_size=5)),
        st.tuples(st.just("settle"), st.lists(st.tuples(st.integers(0, 9), amounts), max_size=4)),
        st.tuples(st.just("release"), st.lists(st.integers(0, 9), max_size=4)),
        st.tuples(st.just("post"), amounts),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(credit=st.integers(0, 1_000), story=steps)
def test_no_order_of_holds_settlements_and_postings_breaks_an_invariant(
    credit: int, story: list[tuple[str, object]]
) -> None:
    customer = make_customer(credit=credit)
    account = customer.account.id
    holds: list[OpenHold] = []
    expected = credit
    closed: set[str] = set()
    for kind, what in story:
        if kind == "hold":
            requests = []
            for want, need in what:  # type: ignore[attr-defined]
                name = ids.new()
                requests.append(HoldRequest(account, name, max(want, need), min(want, need), name))
            holds += [hold for hold in ledger.authorize_now(requests) if hold]
        elif kind == "post":
            ledger.post(
                account=account,
                kind="top_up",
                amount=what,  # type: ignore[arg-type]
                reference=uuid.uuid4().hex,
            )
            expected += what  # type: ignore[operator]
        else:
            closings = []
            for entry in what:  # type: ignore[attr-defined]
                place, cost = entry if kind == "settle" else (entry, 0)
                if place < len(holds):
                    state = HoldState.SETTLED if kind == "settle" else HoldState.RELEASED
                    closings.append(Closing(holds[place], cost, state, None))
            # One batch never names a hold twice.
            closings = list({c.hold.id: c for c in closings}.values())
            for number, charged in ledger.close_now(closings).items():
                hold = closings[number].hold
                assert hold.id not in closed
                assert charged == min(closings[number].cost, hold.amount)
                closed.add(hold.id)
                expected -= charged
        customer.account.refresh_from_db()
        assert customer.account.balance == expected
        assert customer.account.held == sum(h.amount for h in holds if h.id not in closed)
        assert customer.account.available >= 0
    assert [v for v in invariants.check() if account in v.accounts] == []


buckets = st.integers(0, 10**8)
prices = st.integers(0, 10**9)


@given(
    tokens=st.builds(
        Tokens, input=buckets, cache_read=buckets, cache_write=buckets, output=buckets
    ),
    price=st.builds(Prices, input=prices, cache_read=prices, cache_write=prices, output=prices),
)
def test_a_cost_is_whole_never_negative_and_rounded_up_by_less_than_one(
    tokens: Tokens, price: Prices
) -> None:
    cost = pricing.cost(tokens, price)
    exact = (
        tokens.input * price.input
        + tokens.cache_read * price.cache_read
        + tokens.cache_write * price.cache_write
        + tokens.output * price.output
    )
    assert isinstance(cost, int)
    assert 0 <= cost * 1_000_000 - exact < 1_000_000
    worst = pricing.worst_case(
        price,
        most_input=tokens.input + tokens.cache_read + tokens.cache_write,
        most_output=tokens.output,
    )
    assert worst >= cost
