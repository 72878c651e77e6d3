"""Whatever order money moves in, the invariants hold; found by hypothesis, not by hand."""

import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from billing import budgets, invariants, ledger
from billing.budgets import Spent
from billing.ledger import Closing, HoldRequest, OpenHold, Receipt
from billing.models import Budget, Hold, HoldState
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
            for number, receipt in sorted(ledger.close_now(closings).items()):
                hold = closings[number].hold
                assert hold.id not in closed
                closed.add(hold.id)
                charge = min(closings[number].cost, hold.amount)
                expected -= charge
                assert receipt == Receipt(charge, expected)
        customer.account.refresh_from_db()
        assert customer.account.balance == expected
        assert customer.account.held == sum(h.amount for h in holds if h.id not in closed)
        assert customer.account.available >= 0
    assert [v for v in invariants.check() if account in v.accounts] == []


BODIES = ("a" * 32, "b" * 32)
limits = st.one_of(st.none(), st.integers(0, 600))
calls = st.fixed_dictionaries(
    {
        "want": amounts,
        "need": amounts,
        "key": st.integers(0, 3),
        "body": st.sampled_from(BODIES),
        "budget": st.integers(0, 2),
        "limits": st.tuples(limits, limits, limits),
    }
)
keyed_steps = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), st.lists(calls, min_size=1, max_size=5)),
        st.tuples(st.just("settle"), st.lists(st.tuples(st.integers(0, 9), amounts), max_size=4)),
        st.tuples(st.just("release"), st.lists(st.tuples(st.integers(0, 9), amounts), max_size=4)),
        st.tuples(st.just("sweep"), st.just([])),
        st.tuples(st.just("midnight"), st.just([])),
    ),
    max_size=12,
)


class Book:
    """What a ledger should say of one account, kept in plain Python."""

    def __init__(self, account: int) -> None:
        self.account = account
        # The last budget is never given: such calls are counted nowhere.
        self.budgets = [uuid.uuid4().hex, uuid.uuid4().hex, None]
        self.spent: dict[str | None, Spent] = {budget: Spent() for budget in self.budgets}
        self.open: dict[str, tuple[OpenHold, HoldRequest]] = {}
        self.taken: dict[str, HoldRequest] = {}
        self.order: list[OpenHold] = []

    def request(self, call: dict[str, Any]) -> HoldRequest:
        budget = self.budgets[call["budget"]]
        day, month, total = call["limits"] if budget else (None, None, None)
        return HoldRequest(
            account=self.account,
            request_id=f"key {call['key']}",
            want=max(call["want"], call["need"]),
            need=min(call["want"], call["need"]),
            hold=ids.new(),
            budget=budget,
            day_most=day,
            month_most=month,
            total_most=total,
            fingerprint=call["body"],
        )

    def room(self, request: HoldRequest) -> int | None:
        spent = self.spent[request.budget]
        rooms = [
            most - used - spent.held
            for most, used in (
                (request.day_most, spent.day),
                (request.month_most, spent.month),
                (request.total_most, spent.total),
            )
            if most is not None
        ]
        return min(rooms, default=None)

    def hold(self, request: HoldRequest, hold: OpenHold) -> None:
        room = self.room(request)
        assert request.request_id not in self.taken
        assert request.need <= hold.amount <= request.want
        assert room is None or hold.amount <= room
        self.taken[request.request_id] = request
        self.open[hold.id] = hold, request
        self.order.append(hold)
        self._count(request.budget, held=hold.amount)

    def close(self, hold: OpenHold, *, cost: int, settled: bool) -> None:
        hold, request = self.open.pop(hold.id)
        if not settled:
            del self.taken[request.request_id]
        self._count(request.budget, held=-hold.amount, cost=cost)

    def _count(self, budget: str | None, *, held: int, cost: int = 0) -> None:
        if budget is not None:
            old = self.spent[budget]
            self.spent[budget] = Spent(
                old.day + cost, old.month + cost, old.total + cost, old.held + held
            )

    def pass_midnight(self) -> None:
        """Let what was spent until now have been spent on days before, in this month."""
        given = [budget for budget in self.budgets if budget]
        Budget.objects.filter(id__in=given).update(day="2020-01-01")
        for budget in given:
            self.spent[budget] = structs.replace(self.spent[budget], day=0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(credit=st.integers(0, 1_000), story=keyed_steps)
def test_no_order_of_limited_and_repeated_calls_breaks_a_limit_or_charges_twice(
    credit: int, story: list[tuple[str, list[Any]]]
) -> None:
    customer = make_customer(credit=credit)
    book = Book(customer.account.id)
    for kind, what in story:
        if kind == "hold":
            requests = [book.request(call) for call in what]
            first = requests[0]
            customer.account.refresh_from_db()
            room = book.room(first)
            could = (
                first.request_id not in book.taken
                and first.need <= customer.account.available
                and (room is None or first.need <= room)
            )
            holds = ledger.authorize_now(requests)
            assert (holds[0] is not None) == could
            for request, hold in zip(requests, holds, strict=True):
                if hold is not None:
                    book.hold(request, hold)
        elif kind == "sweep":
            Hold.objects.filter(account=book.account, state=HoldState.OPEN).update(
                expires_at="2020-01-01T00:00Z"
            )
            while ledger.release_expired():
                pass
            for hold, _ in list(book.open.values()):
                book.close(hold, cost=0, settled=False)
        elif kind == "midnight":
            book.pass_midnight()
        else:
            settled = kind == "settle"
            state = HoldState.SETTLED if settled else HoldState.RELEASED
            named = {n: cost if settled else 0 for n, cost in what if n < len(book.order)}
            closings = [Closing(book.order[n], cost, state, None) for n, cost in named.items()]
            receipts = ledger.close_now(closings)
            for n, closing in enumerate(closings):
                assert (n in receipts) == (closing.hold.id in book.open)
                if n in receipts:
                    charge = min(closing.cost, closing.hold.amount)
                    assert receipts[n].charge == charge
                    book.close(closing.hold, cost=charge, settled=settled)
        customer.account.refresh_from_db()
        assert customer.account.held == sum(h.amount for h, _ in book.open.values())
        assert customer.account.available >= 0
        for budget in book.budgets:
            if budget is not None:
                assert budgets.spent(budget) == book.spent[budget]
    assert credit - sum(customer.spent()) == customer.balance()
    assert [v for v in invariants.check() if book.account in v.accounts] == []


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
