"""All that the imitated Stripe has in memory."""

import secrets
import string
import time
from collections.abc import Callable
from typing import Any

from lumyx.standins.stripe import shapes
from lumyx.standins.stripe.errors import StripeError

Thing = dict[str, Any]
ALPHABET = string.ascii_letters + string.digits
PREFIXES = {
    "balance_transaction": "txn_",
    "billing_portal.session": "bps_",
    "charge": "ch_",
    "checkout.session": "cs_test_",
    "customer": "cus_",
    "dispute": "du_",
    "event": "evt_",
    "invoice": "in_",
    "payment_intent": "pi_",
    "payment_method": "pm_",
    "price": "price_",
    "product": "prod_",
    "refund": "re_",
    "setup_intent": "seti_",
}
EXPANDABLE = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "customer": "customer",
    "default_payment_method": "payment_method",
    "invoice": "invoice",
    "latest_charge": "charge",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "product": "product",
    "setup_intent": "setup_intent",
}


class Store:
    """Tables of objects by kind and id, in the order in which they came to be."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.tables: dict[str, dict[str, Thing]] = {kind: {} for kind in PREFIXES}
        self.cards: dict[str, str] = {}
        """What each saved card does when it is charged: see `payments.CARDS`."""
        self.plans: dict[str, Thing] = {}
        """What each checkout session is to make."""
        self.livemode = False
        self.on_event: Callable[[Thing], None] = lambda event: None
        self.account = shapes.complete(
            "account",
            id="acct_StandInStandIn",
            business_type=None,
            type="standard",
            charges_enabled=True,
            payouts_enabled=True,
            details_submitted=True,
            country="US",
            default_currency="usd",
            metadata={},
            settings={
                "branding": {"icon": None, "logo": None},
                "dashboard": {"display_name": "LumyxAI", "timezone": "Etc/UTC"},
            },
        )

    def add(self, kind: str, **given: Any) -> Thing:
        """Make an object with an id and a time of its own."""
        known = shapes.fields(kind)
        given.setdefault(
            "id", PREFIXES[kind] + "".join(secrets.choice(ALPHABET) for _ in range(24))
        )
        if "created" in known:
            given.setdefault("created", int(time.time()))
        if "livemode" in known:
            given.setdefault("livemode", self.livemode)
        made = shapes.complete(kind, **given)
        self.tables[kind][made["id"]] = made
        return made

    def get(self, kind: str, name: Any, *, param: str = "id") -> Thing:
        """Return an object; raises Stripe's 404."""
        found = self.tables[kind].get(name) if isinstance(name, str) else None
        if found is None:
            raise StripeError.missing(kind, str(name)[:60], param)
        return found

    def find(self, kind: str, **fields: Any) -> list[Thing]:
        """Return the objects with these values, oldest first."""
        rows = self.tables[kind].values()
        return [row for row in rows if all(row[name] == v for name, v in fields.items())]

    def emit(self, type: str, thing: Thing, before: Thing | None = None) -> None:
        """Tell that something happened to an object."""
        data: Thing = {"object": copy_of(thing)}
        if before is not None:
            data["previous_attributes"] = {
                name: value for name, value in before.items() if thing.get(name) != value
            }
        event = self.add(
            "event",
            type=type,
            data=data,
            api_version="2026-05-27.dahlia",
            pending_webhooks=1,
            request={"id": f"req_{secrets.token_hex(7)}", "idempotency_key": None},
        )
        self.on_event(event)

    def expanded(self, thing: Thing, paths: list[str]) -> Thing:
        """Return a copy of an object, with objects in place of the ids that are named."""
        shown: Thing = copy_of(thing)
        for path in paths:
            self._expand(shown, path.split("."))
        return shown

    def _expand(self, shown: Any, path: list[str]) -> None:
        if isinstance(shown, list):
            for one in shown:
                self._expand(one, path)
            return
        if not path or not isinstance(shown, dict):
            return
        name, *rest = path
        value = shown.get(name)
        if isinstance(value, str):
            kind = EXPANDABLE.get(name) or self._kind_of(value)
            found = self.tables.get(kind, {}).get(value)
            if found is not None:
                value = shown[name] = copy_of(found)
        self._expand(value, rest)

    def _kind_of(self, name: str) -> str:
        return next((k for k, prefix in PREFIXES.items() if name.startswith(prefix)), "")


def copy_of(thing: Any) -> Any:
    """Return a deep copy of plain data."""
    if isinstance(thing, dict):
        return {name: copy_of(value) for name, value in thing.items()}
    if isinstance(thing, list):
        return [copy_of(value) for value in thing]
    return thing
