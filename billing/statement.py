"""What a month did to what is owed to customers, read from the ledger; micro-credits, UTC.

The opening is the sum of all entries before the month. The closing comes from elsewhere: from
what the accounts have now, less what moved after the month. So that the two and the movements
between them agree says that no entry and no balance is missing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from billing.amounts import in_dollars
from billing.months import Month

# All of it in one statement, and so of one moment. `line` says what a movement was, `pack` what
# was bought in cents; whatever fits nowhere is a line of its own, so that nothing gets lost.
QUERY = """
with moved as (
  select case
      when e.kind = 'top_up' then coalesce(o.kind, 'bought')
      when e.kind = 'grant' then case split_part(e.reference, ' ', 1)
        when 'bonus' then 'bonus' when 'signup' then 'signup' when 'code' then 'code'
        when 'adjustment' then 'granted' else 'grant' end
      when e.kind = 'adjustment' then
        case split_part(e.reference, ' ', 1) when 'bonus' then 'bonus' else 'correction' end
        || case when e.amount < 0 then '-' else '+' end
      when e.kind in ('refund', 'dispute')
        then e.kind || case when e.amount < 0 then '-' else '+' end
      else e.kind end as line,
    case when e.kind = 'top_up' then o.amount end as pack, e.amount
  from billing_ledgerentry e
  left join billing_order o on e.kind = 'top_up' and o.payment_intent = e.reference
  where e.created_at >= %(begins)s and e.created_at < %(ends)s),
gone as (select account_id from billing_books where closed_on < %(last)s)
select line, pack, count(*), sum(amount) from moved group by 1, 2
union all
select '=opening', null, count(*), sum(amount)
from billing_ledgerentry where created_at < %(begins)s
union all
select '=after', null, count(*), sum(amount)
from billing_ledgerentry where created_at >= %(ends)s
union all
select '=now', null, count(*), sum(balance) from billing_account
union all
select '=erased', null, count(distinct e.account_id), sum(e.amount)
from billing_ledgerentry e join gone g on g.account_id = e.account_id
where e.created_at < %(ends)s
"""

AT_STRIPE = """
select kind, currency, count(*), sum(amount) from billing_stripemovement
where created_at >= %(begins)s and created_at < %(ends)s group by 1, 2 order by 1, 2
"""

GROUPS: dict[str, dict[str, str]] = {
    "Bought": {
        "checkout": "In the checkout",
        "automatic": "Automatic top-ups",
        "bought": "Payments without an order",
    },
    "Bonuses": {
        "signup": "Welcome credits",
        "bonus": "VIP bonuses on purchases",
        "bonus-": "VIP bonuses taken back with a refund or dispute",
        "bonus+": "VIP bonuses given back",
    },
    "Codes": {"code": "Codes redeemed"},
    "Grants and corrections": {
        "granted": "Grants by staff",
        "grant": "Other grants",
        "correction+": "Corrections that gave",
        "correction-": "Corrections that took",
    },
    "Use": {"usage": "Calls charged"},
    "Refunds": {"refund-": "Paid back", "refund+": "Refunds that failed and came back"},
    "Disputes": {"dispute-": "Lost", "dispute+": "Won after they were lost"},
}
"""What the lines of a month are called, by what they belong together to."""
OTHER = "Anything else"


@dataclass(frozen=True)
class Line:
    """Movements of one kind: how many, and how much in all."""

    words: str
    count: int
    amount: int


@dataclass(frozen=True)
class Group:
    """Lines that belong together."""

    title: str
    lines: tuple[Line, ...]

    @property
    def count(self) -> int:
        """How many movements it has."""
        return sum(line.count for line in self.lines)

    @property
    def amount(self) -> int:
        """How much they are in all."""
        return sum(line.amount for line in self.lines)


@dataclass(frozen=True)
class AtStripe:
    """What Stripe says it moved, of one kind and currency; cents."""

    kind: str
    currency: str
    count: int
    cents: int


@dataclass(frozen=True)
class Statement:
    """A month of the ledger."""

    month: Month
    opening: int
    groups: tuple[Group, ...]
    closing: int
    erased: int
    """What of the closing stands on accounts whose owner had been erased by then."""
    erased_accounts: int
    at_stripe: tuple[AtStripe, ...]
    made_at: datetime

    @property
    def moved(self) -> int:
        """What the month's movements are in all."""
        return sum(group.amount for group in self.groups)

    @property
    def count(self) -> int:
        """How many movements there were."""
        return sum(group.count for group in self.groups)

    @property
    def off(self) -> int:
        """By how much opening and movements miss the closing; anything but 0 is a fault."""
        return self.opening + self.moved - self.closing

    @property
    def owed(self) -> int:
        """The closing without what nobody is left to spend."""
        return self.closing - self.erased

    @property
    def paid(self) -> int:
        """What customers paid, less what went back to them and what disputes took."""
        money = ("Bought", "Refunds", "Disputes")
        return sum(group.amount for group in self.groups if group.title in money)

    @property
    def stripe_cents(self) -> int:
        """The sum of what Stripe moved, in cents."""
        return sum(moved.cents for moved in self.at_stripe)


def of(month: Month) -> Statement:
    """Return what a month did, and what it left."""
    bounds = {"begins": month.begins, "ends": month.ends, "last": month.next.first}
    with transaction.atomic(), connection.cursor() as cursor:
        # It reads the whole ledger, which takes longer than a request may.
        cursor.execute("set local statement_timeout = '60s'")
        cursor.execute(QUERY, bounds)
        found = [(line, pack, int(n), int(total or 0)) for line, pack, n, total in cursor]
        cursor.execute(AT_STRIPE, bounds)
        at_stripe = tuple(AtStripe(kind, money, n, int(cents)) for kind, money, n, cents in cursor)
    sums = {line: (count, amount) for line, _, count, amount in found if line.startswith("=")}
    return Statement(
        month=month,
        opening=sums["=opening"][1],
        groups=tuple(_groups([row for row in found if not row[0].startswith("=")])),
        closing=sums["=now"][1] - sums["=after"][1],
        erased=sums["=erased"][1],
        erased_accounts=sums["=erased"][0],
        at_stripe=at_stripe,
        made_at=timezone.now(),
    )


def _groups(rows: Sequence[tuple[str, int | None, int, int]]) -> Iterable[Group]:
    known = {line for lines in GROUPS.values() for line in lines}
    for title, lines in GROUPS.items():
        found = [
            Line(_words(words, pack), count, amount)
            for line, words in lines.items()
            for name, pack, count, amount in sorted(rows, key=lambda row: row[1] or 0)
            if name == line
        ]
        yield Group(title, tuple(found))
    rest = tuple(Line(line, count, amount) for line, _, count, amount in rows if line not in known)
    if rest:
        yield Group(OTHER, rest)


def _words(words: str, pack: int | None) -> str:
    return words if pack is None else f"{words}, {in_dollars(pack)} each"
