"""What tests do to the imitated Stripe besides using it."""

from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import web

from lumyx.standins.stripe import checkout, money, returns
from lumyx.standins.stripe.delivery import Delivery, Order
from lumyx.standins.stripe.faults import Calls, Fault, Faults
from lumyx.standins.stripe.store import Store

Read = TypeVar("Read", bound=msgspec.Struct)


class Webhooks(msgspec.Struct, forbid_unknown_fields=True):
    """How events are delivered."""

    url: str | None = None
    secret: str | None = None
    mode: Literal["send", "drop", "hold"] | None = None
    copies: int | None = None
    delay: float | None = None


class Flush(msgspec.Struct, forbid_unknown_fields=True):
    """In which order to deliver what was held, and how often."""

    order: Order = "as-is"
    seed: int = 0
    copies: int = 1


class Named(msgspec.Struct, forbid_unknown_fields=True):
    """An event, or a session with what its payer does."""

    event: str = ""
    session: str = ""
    outcome: Literal["succeed", "decline", "authenticate"] = "succeed"
    card: str = "works"


class DisputeOrder(msgspec.Struct, forbid_unknown_fields=True):
    """A dispute to open, or what becomes of one."""

    payment_intent: str = ""
    amount: int | None = None
    status: str = "needs_response"


class Movement(msgspec.Struct, forbid_unknown_fields=True):
    """A balance transaction out of nowhere."""

    amount: int
    type: str = "adjustment"
    source: str | None = None


class Mode(msgspec.Struct, forbid_unknown_fields=True):
    """Whether objects are live from now on."""

    on: bool


class Control:
    """The handlers below /_control/, and the list of calls."""

    def __init__(self, store: Store, delivery: Delivery, faults: Faults, calls: Calls) -> None:
        self.store, self.delivery, self.faults, self.calls = store, delivery, faults, calls

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the handlers."""
        return [
            web.post("/_control/webhooks", self.set_webhooks),
            web.post("/_control/flush", self.flush),
            web.post("/_control/redeliver", self.redeliver),
            web.post("/_control/pay", self.pay),
            web.post("/_control/expire", self.expire),
            web.post("/_control/disputes", self.open_dispute),
            web.post("/_control/disputes/{id}", self.decide_dispute),
            web.post("/_control/refunds/{id}/fail", self.fail_refund),
            web.post("/_control/movements", self.move),
            web.post("/_control/faults", self.set_fault),
            web.post("/_control/livemode", self.set_mode),
            web.post("/_control/reset", self.reset),
            web.get("/_calls", self.list_calls),
        ]

    async def set_webhooks(self, request: web.Request) -> web.Response:
        """Say where events go, and how."""
        wanted = await _read(request, Webhooks)
        for name in wanted.__struct_fields__:
            value = getattr(wanted, name)
            if value is not None:
                setattr(self.delivery, name, value)
        return web.Response(status=204)

    async def flush(self, request: web.Request) -> web.Response:
        """Deliver what was held."""
        wanted = await _read(request, Flush)
        sent = await self.delivery.flush(wanted.order, seed=wanted.seed, copies=wanted.copies)
        return web.json_response({"sent": sent})

    async def redeliver(self, request: web.Request) -> web.Response:
        """Deliver an event once more."""
        self.delivery.send(self.store.get("event", (await _read(request, Named)).event))
        return web.Response(status=204)

    async def pay(self, request: web.Request) -> web.Response:
        """Pay a session without a browser."""
        wanted = await _read(request, Named)
        session = self.store.get("checkout.session", wanted.session)
        outcome = "succeed" if wanted.outcome == "authenticate" else wanted.outcome
        done = checkout.complete(self.store, session, outcome, wanted.card)
        return web.json_response({"outcome": done, "payment_intent": session["payment_intent"]})

    async def expire(self, request: web.Request) -> web.Response:
        """End a session."""
        wanted = await _read(request, Named)
        return web.json_response(
            checkout.expire(self.store, self.store.get("checkout.session", wanted.session))
        )

    async def open_dispute(self, request: web.Request) -> web.Response:
        """Open a dispute."""
        wanted = await _read(request, DisputeOrder)
        intent = self.store.get("payment_intent", wanted.payment_intent)
        return web.json_response(
            returns.open_dispute(self.store, intent, amount=wanted.amount, status=wanted.status)
        )

    async def decide_dispute(self, request: web.Request) -> web.Response:
        """Move a dispute on."""
        wanted = await _read(request, DisputeOrder)
        dispute = self.store.get("dispute", request.match_info["id"])
        return web.json_response(returns.decide_dispute(self.store, dispute, wanted.status))

    async def fail_refund(self, request: web.Request) -> web.Response:
        """Have a refund fail."""
        refund = self.store.get("refund", request.match_info["id"])
        return web.json_response(returns.fail_refund(self.store, refund))

    async def move(self, request: web.Request) -> web.Response:
        """Plant a balance transaction."""
        wanted = await _read(request, Movement)
        return web.json_response(money.move(self.store, wanted.type, wanted.amount, wanted.source))

    async def set_fault(self, request: web.Request) -> web.Response:
        """Turn a fault on or off."""
        self.faults.set(await _read(request, Fault))
        return web.Response(status=204)

    async def set_mode(self, request: web.Request) -> web.Response:
        """Make objects live, or not."""
        self.store.livemode = (await _read(request, Mode)).on
        return web.Response(status=204)

    async def reset(self, request: web.Request) -> web.Response:
        """Forget everything."""
        on_event, root = self.store.on_event, self.store.root
        self.store.__init__(root)  # type: ignore[misc]
        self.store.on_event = on_event
        self.faults.__init__()  # type: ignore[misc]
        return web.Response(status=204)

    async def list_calls(self, request: web.Request) -> web.Response:
        """List the last calls."""
        since = request.query.get("since", "0")
        number = int(since) if since.isdecimal() and len(since) < 10 else 0
        return web.json_response(self.calls.since(number))


async def _read(request: web.Request, kind: type[Read]) -> Read:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise web.HTTPBadRequest(text=f"{error}\n") from None


def answer(thing: Any) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(body=msgspec.json.encode(thing), content_type="application/json")
