"""What is asked of the ledger, what it gives, and how it refuses; all amounts are micro-credits."""

from typing import Literal

import msgspec

from billing.models import HoldState

Window = Literal["day", "month", "total"]
"""The span of a spend limit; days and months are UTC."""


class InsufficientCredits(Exception):
    """The account cannot pay for the least that the call needs."""


class SpendLimitReached(Exception):
    """A spend limit of the budget leaves no room for the least that the call needs."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self.window = window


class DuplicateRequest(Exception):
    """This request id already took a hold."""


class RequestInFlight(DuplicateRequest):
    """The earlier call of this request id is still under way."""


class RequestSettled(DuplicateRequest):
    """The earlier call of this request id was charged; `hold` is its hold's id."""

    def __init__(self, hold: str) -> None:
        super().__init__(hold)
        self.hold = hold


class RequestDiffers(DuplicateRequest):
    """The earlier call of this request id had another fingerprint."""


class LedgerUnavailable(Exception):
    """PostgreSQL does not answer; nothing was charged."""


class HoldRequest(msgspec.Struct, frozen=True, gc=False):
    """What a call asks to set aside: `want` if it can be had, never less than `need`.

    `hold` is the new hold's id and `budget` the id of what counts the spending, both UUIDs in
    hexadecimal; `day_most`, `month_most` and `total_most` are that budget's limits. All calls
    of a budget are of one account. A `fingerprint` (32 hexadecimal digits, a keyed hash of the
    body) makes the request id free again when the hold is released.
    """

    account: int
    request_id: str
    want: int
    need: int
    hold: str
    budget: str | None = None
    day_most: int | None = None
    month_most: int | None = None
    total_most: int | None = None
    fingerprint: str | None = None


class OpenHold(msgspec.Struct, frozen=True, gc=False):
    """Micro-credits set aside for one call; `counted` says whether a budget counts them."""

    id: str
    account: int
    amount: int
    counted: bool = True


class Closing(msgspec.Struct, frozen=True, gc=False):
    """How a hold ends, and the usage record to store in the same transaction."""

    hold: OpenHold
    cost: int
    state: HoldState
    record: object | None


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What a closed hold was charged, and the account's balance right after it."""

    charge: int
    balance: int
