"""Drop what is older than the policy allows, data set by data set."""

from collections.abc import Callable

from accounts import personal_data as accounts_data
from billing import personal_data as billing_data
from gateway import personal_data as gateway_data
from privacy import ages, canary, data_requests, exports, legal_requests, staff_access, tombstones
from privacy.conformance import results

# Every app that keeps data with a time limit, in the order in which it is swept.
EXPIRES: list[Callable[[], dict[str, int]]] = [
    gateway_data.expire,
    billing_data.expire,
    accounts_data.expire,
    exports.expire,
    data_requests.expire,
    tombstones.expire,
    canary.expire,
    results.expire,
    staff_access.expire,
    legal_requests.expire,
]


def sweep() -> dict[str, int]:
    """Expire every data set and return what went."""
    gone: dict[str, int] = {}
    for expire in EXPIRES:
        gone |= expire()
    ages.note_sweep(gone)
    return gone
