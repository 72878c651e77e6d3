"""The stand-in of Stripe in tests, and what a payer does there."""

from typing import Any

import requests

from billing import checkout, inbox
from billing.models import Account, Order
from tests.processes import Process, Server, free_port


class StripeProcess(Process):
    """The stand-in of Stripe."""

    def __init__(self) -> None:
        port = free_port()
        super().__init__(["lumyx.standins.stripe", f"--port={port}"], environment={})
        self.url = f"http://127.0.0.1:{port}"
        self.wait_for(f"{self.url}/healthz")

    def control(self, where: str, **fields: Any) -> Any:
        """Tell the stand-in what to do."""
        answer = requests.post(f"{self.url}/_control/{where}", json=fields, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def listen(self, server: Server) -> None:
        """Have events sent to a server."""
        self.control("webhooks", url=f"{server.url}/billing/webhooks/stripe/")

    def calls(self, *, since: int = 0) -> list[dict[str, Any]]:
        """Return the last calls."""
        shown: list[dict[str, Any]] = requests.get(
            f"{self.url}/_calls", params={"since": since}, timeout=5
        ).json()
        return shown

    def pay(self, session: str, **fields: Any) -> Any:
        """Pay a session without a browser."""
        return self.control("pay", session=session, **fields)

    def dispute(self, order: Order, **fields: Any) -> Any:
        """Have a bank dispute an order's payment."""
        return self.control("disputes", payment_intent=order.payment_intent, **fields)


def bought(stripe: StripeProcess, account: Account, *, cents: int = 2_000) -> Order:
    """Buy credits as somebody does, and handle the events; return the order."""
    order, _ = checkout.begin(account, cents=cents)
    stripe.pay(str(order.checkout_session))
    settle_events()
    order.refresh_from_db()
    return order


def settle_events() -> None:
    """Take in all events that Stripe has, and handle them."""
    inbox.catch_up()
    while inbox.handle_due():
        pass
