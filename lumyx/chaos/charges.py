"""As many charges as answers that came whole."""

import contextlib
from collections.abc import Sequence

from lumyx.chaos.books import Customer
from lumyx.chaos.plant import wait_for
from lumyx.chaos.scenario import Seen
from lumyx.local import LocalError

SECONDS = 40
"""A settlement is tried again while PostgreSQL is away, with pauses that double."""


def expect_charges(seen: Seen, who: Sequence[Customer], whole: int) -> None:
    """See that these customers were charged for each of so many whole answers, and no more."""

    def charges() -> int:
        return sum(len(customer.charges()) for customer in who)

    with contextlib.suppress(LocalError):
        wait_for(lambda: charges() >= whole, seconds=SECONDS, what="the charges")
    seen.words += f"; {charges():,} charges for {whole:,} whole answers"
    seen.expect(charges() == whole, f"{whole:,} whole answers, but {charges():,} charges")
