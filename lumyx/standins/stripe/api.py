"""What each of the imitated Stripe's paths does; https://docs.stripe.com/api."""

import re
from collections.abc import Callable
from typing import Any

from lumyx.standins.stripe import checkout, payments, returns
from lumyx.standins.stripe.errors import StripeError
from lumyx.standins.stripe.forms import flag, inner, whole
from lumyx.standins.stripe.store import Store, Thing

LISTED = {
    "balance_transactions": ("balance_transaction", ("type", "source", "currency")),
    "charges": ("charge", ("payment_intent", "customer")),
    "checkout/sessions": ("checkout.session", ("payment_intent", "customer", "status")),
    "customers": ("customer", ("email",)),
    "disputes": ("dispute", ("payment_intent", "charge")),
    "events": ("event", ("type",)),
    "invoices": ("invoice", ("customer", "status")),
    "payment_intents": ("payment_intent", ("customer",)),
    "payment_methods": ("payment_method", ("customer", "type")),
    "prices": ("price", ("product",)),
    "products": ("product", ()),
    "refunds": ("refund", ("payment_intent", "charge")),
    "setup_intents": ("setup_intent", ("customer",)),
}
"""Each collection with the kind of its objects and what it may be filtered by."""
BOUNDS: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}


def serve(store: Store, method: str, path: str, form: Thing) -> Thing:
    """Do what a call asks for and return its answer; raises StripeError, BadForm."""
    if path in ("account", "accounts/" + store.account["id"]) and method == "GET":
        return store.account
    if path in ("balance", "webhook_endpoints") and method == "GET":
        return _list_of(path, [], more=False) if path != "balance" else _balance(store)
    for wanted, pattern, act in ACTS:
        found = pattern.fullmatch(path) if method == wanted else None
        if found is not None:
            done: Thing = act(store, form, *(found.groups() or ("",)))
            return done
    answer = _read(store, path, form) if method == "GET" else None
    if answer is None:
        raise StripeError(
            404, "invalid_request_error", f"Unrecognized request URL ({method}: /v1/{path[:80]})."
        )
    return answer


def _read(store: Store, path: str, form: Thing) -> Thing | None:
    """List a collection or show one of its objects; None where there is no such collection."""
    if path in LISTED:
        kind, filters = LISTED[path]
        return _page(store, path, list(store.tables[kind].values()), filters, form)
    collection, _, name = path.rpartition("/")
    if collection in LISTED:
        return store.get(LISTED[collection][0], name)
    owned = re.fullmatch(r"customers/([^/]+)/payment_methods", path)
    if owned is not None:
        store.get("customer", owned[1], param="customer")
        rows = store.find("payment_method", customer=owned[1])
        return _page(store, path, rows, ("type",), form)
    return None


def _page(
    store: Store, path: str, rows: list[Thing], filters: tuple[str, ...], form: Thing
) -> Thing:
    """Return one page of a collection, newest first, as Stripe pages it."""
    for name in filters:
        if name in form:
            rows = [row for row in rows if row.get(name) == form[name]]
    if form.get("types"):
        rows = [row for row in rows if row["type"] in form["types"]]
    created = form.get("created")
    if isinstance(created, dict):
        for bound in created:
            limit = whole(created, bound, 0) or 0
            test = BOUNDS.get(bound)
            if test is None:
                raise StripeError.invalid("Invalid bound", param=f"created[{bound}]")
            rows = [row for row in rows if test(row["created"], limit)]
    rows = rows[::-1]
    limit = whole(form, "limit", 10) or 10
    if not 1 <= limit <= 100:
        raise StripeError.invalid("This value must be between 1 and 100.", param="limit")
    names = [row["id"] for row in rows]
    if form.get("starting_after"):
        rows = rows[_place(names, form["starting_after"], "starting_after") + 1 :]
    elif form.get("ending_before"):
        rows = rows[: _place(names, form["ending_before"], "ending_before")]
        return _list_of(path, rows[-limit:], more=len(rows) > limit)
    return _list_of(path, rows[:limit], more=len(rows) > limit)


def _place(names: list[str], name: str, param: str) -> int:
    if name not in names:
        raise StripeError.missing("object", str(name)[:60], param)
    return names.index(name)


def _list_of(path: str, rows: list[Thing], *, more: bool) -> Thing:
    return {"object": "list", "data": rows, "has_more": more, "url": f"/v1/{path}"}


def _balance(store: Store) -> Thing:
    total = sum(row["net"] for row in store.tables["balance_transaction"].values())
    amount = [{"amount": total, "currency": "usd", "source_types": {"card": total}}]
    return {
        "object": "balance",
        "available": amount,
        "livemode": store.livemode,
        "pending": [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}],
    }


def _add_product(store: Store, form: Thing, _: str) -> Thing:
    return store.add(
        "product",
        active=True,
        default_price=None,
        images=[],
        marketing_features=[],
        metadata=inner(form, "metadata"),
        name=form.get("name", ""),
        tax_code=None,
        type="service",
        updated=0,
    )


def _add_price(store: Store, form: Thing, _: str) -> Thing:
    amount = whole(form, "unit_amount", 0) or 0
    product = store.get("product", form.get("product"), param="product")
    return store.add(
        "price",
        active=True,
        billing_scheme="per_unit",
        currency=form.get("currency", "usd"),
        metadata=inner(form, "metadata"),
        product=product["id"],
        tax_behavior="unspecified",
        type="one_time",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
    )


def _change_customer(store: Store, form: Thing, name: str) -> Thing:
    return payments.change_customer(store, store.get("customer", name), form)


def _attach(store: Store, form: Thing, name: str) -> Thing:
    card = store.get("payment_method", name)
    card["customer"] = store.get("customer", form.get("customer"), param="customer")["id"]
    store.emit("payment_method.attached", card)
    return card


def _confirm(store: Store, form: Thing, name: str) -> Thing:
    intent = store.get("payment_intent", name)
    if form.get("payment_method"):
        intent["payment_method"] = form["payment_method"]
    return payments.confirm(store, intent, off_session=flag(form, "off_session"))


def _portal(store: Store, form: Thing, _: str) -> Thing:
    customer = store.get("customer", form.get("customer"), param="customer")
    made: Thing = store.add(
        "billing_portal.session",
        configuration="bpc_standin",
        customer=customer["id"],
        flow=None,
        locale=None,
        on_behalf_of=None,
        return_url=form.get("return_url"),
        url="",
    )
    made["url"] = f"{store.root}/p/session/{made['id']}"
    return made


def _close_dispute(store: Store, form: Thing, name: str) -> Thing:
    return returns.decide_dispute(store, store.get("dispute", name), "lost")


def _submit_evidence(store: Store, form: Thing, name: str) -> Thing:
    return returns.decide_dispute(store, store.get("dispute", name), "under_review")


def _on(path: str) -> re.Pattern[str]:
    return re.compile(path)


ACTS: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
    ("POST", _on("customers"), lambda store, form, _: payments.add_customer(store, form)),
    ("POST", _on("customers/([^/]+)"), _change_customer),
    (
        "DELETE",
        _on("customers/([^/]+)"),
        lambda store, form, name: payments.delete_customer(store, store.get("customer", name)),
    ),
    ("POST", _on("products"), _add_product),
    ("POST", _on("prices"), _add_price),
    ("POST", _on("payment_methods/([^/]+)/attach"), _attach),
    (
        "POST",
        _on("payment_methods/([^/]+)/detach"),
        lambda store, form, name: payments.detach(store, store.get("payment_method", name)),
    ),
    ("POST", _on("checkout/sessions"), lambda store, form, _: checkout.add_session(store, form)),
    (
        "POST",
        _on("checkout/sessions/([^/]+)/expire"),
        lambda store, form, name: checkout.expire(store, store.get("checkout.session", name)),
    ),
    ("POST", _on("payment_intents"), lambda store, form, _: payments.add_intent(store, form)),
    ("POST", _on("payment_intents/([^/]+)/confirm"), _confirm),
    (
        "POST",
        _on("payment_intents/([^/]+)/cancel"),
        lambda store, form, name: payments.cancel(store, store.get("payment_intent", name)),
    ),
    ("POST", _on("refunds"), lambda store, form, _: returns.add_refund(store, form)),
    ("POST", _on("disputes/([^/]+)/close"), _close_dispute),
    ("POST", _on("disputes/([^/]+)"), _submit_evidence),
    ("POST", _on("billing_portal/sessions"), _portal),
]
