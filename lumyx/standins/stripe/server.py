"""The imitated Stripe as a web application: keys, forms, idempotency, errors, pages."""

import hashlib
import secrets
from base64 import b64decode
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from lumyx.standins.stripe import api, checkout, forms, pages, payments
from lumyx.standins.stripe.control import Control
from lumyx.standins.stripe.delivery import Delivery
from lumyx.standins.stripe.errors import StripeError
from lumyx.standins.stripe.faults import Calls, Faults, fail
from lumyx.standins.stripe.forms import BadForm
from lumyx.standins.stripe.store import Store, Thing


class StripeStandIn:
    """The handlers of the stand-in."""

    def __init__(self, *, key: str, root: str, webhook_url: str, webhook_secret: str) -> None:
        self._key = key
        self._store = Store(root)
        self._delivery = Delivery(webhook_url, webhook_secret)
        self._store.on_event = self._delivery.take
        self._faults, self._calls = Faults(), Calls()
        self._answered: dict[str, tuple[str, int, bytes]] = {}
        """By idempotency key: what was asked, and what was answered."""

    def application(self) -> web.Application:
        """Return the web application."""
        app = web.Application(middlewares=[errors_as_stripes], client_max_size=forms.MOST_BYTES)
        app.router.add_get("/healthz", self.health)
        app.router.add_route("*", "/v1/{path:.*}", self.call)
        app.router.add_get("/c/pay/{id}", self.show_session)
        app.router.add_post("/c/pay/{id}", self.pay_session)
        app.router.add_get("/p/session/{id}", self.show_portal)
        app.router.add_post("/p/session/{id}", self.remove_card)
        app.router.add_get("/receipts/{id}", self.show_receipt)
        app.router.add_get("/invoices/{id}", self.show_invoice)
        control = Control(self._store, self._delivery, self._faults, self._calls)
        app.add_routes(control.routes())

        async def close(_: web.Application) -> None:
            await self._delivery.close()

        app.on_cleanup.append(close)
        return app

    async def health(self, request: web.Request) -> web.Response:
        """Say that the stand-in is up."""
        return web.Response(text="ok\n")

    async def call(self, request: web.Request) -> web.Response:
        """Serve a call of the API."""
        body = await request.read()
        form = {**forms.read(request.query_string), **forms.read(body)}
        self._calls.note(request, form)
        fault = self._faults.take(request)
        if fault is not None and fault.fault is not None:
            if fault.after:
                self._answer(request, body, form)
            return await fail(request, fault.fault)
        self._authenticate(request)
        status, content, replayed = self._answer(request, body, form)
        headers = {
            "Request-Id": f"req_{secrets.token_hex(7)}",
            "Stripe-Version": request.headers.get("Stripe-Version", "2026-05-27.dahlia"),
        }
        key = request.headers.get("Idempotency-Key")
        if key:
            headers["Idempotency-Key"] = key
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return web.Response(
            body=content, status=status, content_type="application/json", headers=headers
        )

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                given = b64decode(given).decode().partition(":")[0]
            except ValueError:
                given = ""
        if given != self._key:
            raise StripeError(401, "invalid_request_error", "Invalid API Key provided.")

    def _answer(self, request: web.Request, body: bytes, form: Thing) -> tuple[int, bytes, bool]:
        """Do what is asked, or give the answer that the same idempotency key got before."""
        key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
        asked = hashlib.sha256(request.path.encode() + b"\0" + body).hexdigest()
        if key and key in self._answered:
            before, status, content = self._answered[key]
            if before != asked:
                raise StripeError(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters.",
                )
            return status, content, True
        status, content = self._do(request.method, request.match_info["path"], form)
        if key and status != 400:
            self._answered[key] = (asked, status, content)
        return status, content, False

    def _do(self, method: str, path: str, form: Thing) -> tuple[int, bytes]:
        expand = form.get("expand") or []
        try:
            answer = api.serve(self._store, method, path.strip("/"), form)
        except StripeError as error:
            return error.status, msgspec.json.encode(error.body)
        paths = [part for part in expand if isinstance(part, str)] if expand else []
        if answer.get("object") == "list":
            paths = [part.removeprefix("data.") for part in paths]
            rows = [self._store.expanded(row, paths) for row in answer["data"]]
            return 200, msgspec.json.encode({**answer, "data": rows})
        return 200, msgspec.json.encode(self._store.expanded(answer, paths))

    async def show_session(self, request: web.Request) -> web.Response:
        """Show the page to pay on."""
        session = self._page_of(request, "checkout.session")
        if session["status"] == "complete":
            raise web.HTTPSeeOther(self._success(session))
        if session["status"] == "expired":
            return pages.note("This page has expired", "Nothing was charged.", status=410)
        return pages.pay(session, self._store.plans[session["id"]]["words"])

    async def pay_session(self, request: web.Request) -> web.Response:
        """Pay, or try to."""
        session = self._page_of(request, "checkout.session")
        form = await request.post()
        outcome, card = str(form.get("outcome", "")), str(form.get("card", "works"))
        if outcome not in ("succeed", "decline", "authenticate") or card not in payments.CARDS:
            return pages.note("What was that?", "Go back and choose again.", status=400)
        if outcome == "authenticate" and session["status"] == "open":
            return pages.authenticate(card)
        done = checkout.complete(self._store, session, outcome, card)
        if done == "over":
            return pages.note("This page has expired", "Nothing was charged.", status=410)
        if done == "declined":
            words = self._store.plans[session["id"]]["words"]
            return pages.pay(session, words, "Your card was declined. Try another one.")
        raise web.HTTPSeeOther(self._success(session))

    def _success(self, session: Thing) -> str:
        return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])

    async def show_portal(self, request: web.Request) -> web.Response:
        """Show somebody's cards."""
        session = self._page_of(request, "billing_portal.session")
        cards = self._store.find("payment_method", customer=session["customer"])
        return pages.portal(session, cards)

    async def remove_card(self, request: web.Request) -> web.Response:
        """Remove one of somebody's cards."""
        session = self._page_of(request, "billing_portal.session")
        card = self._store.get("payment_method", (await request.post()).get("card"))
        if card["customer"] == session["customer"]:
            payments.detach(self._store, card)
        return await self.show_portal(request)

    async def show_receipt(self, request: web.Request) -> web.Response:
        """Show a receipt."""
        intent = self._page_of(request, "payment_intent")
        return pages.note("Receipt", f"{pages.dollars(intent['amount'])}, {intent['id']}")

    async def show_invoice(self, request: web.Request) -> web.Response:
        """Show an invoice."""
        invoice = self._page_of(request, "invoice")
        return pages.note("Invoice", f"{pages.dollars(invoice['total'])}, {invoice['number']}")

    def _page_of(self, request: web.Request, kind: str) -> Thing:
        return self._store.get(kind, request.match_info["id"])


@web.middleware
async def errors_as_stripes(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer errors as Stripe does."""
    try:
        return await handler(request)
    except StripeError as error:
        return web.json_response(error.body, status=error.status)
    except BadForm as error:
        body: dict[str, Any] = StripeError.invalid(str(error)).body
        return web.json_response(body, status=400)
