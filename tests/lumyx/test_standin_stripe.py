"""The imitation of Stripe answers as Stripe does, to Stripe's own library and to dj-stripe."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe as library
from stripe import StripeClient

from lumyx.standins.stripe import shapes
from lumyx.standins.stripe.__main__ import KEY
from lumyx.standins.stripe.delivery import sign
from tests.shop import StripeProcess


@pytest.fixture(scope="module")
def standin() -> Iterator[StripeProcess]:
    process = StripeProcess()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def api(standin: StripeProcess) -> Any:
    return StripeClient(KEY, base_addresses={"api": standin.url}, max_network_retries=0).v1


def session(api: Any, **fields: Any) -> Any:
    customer = api.customers.create({"metadata": {"account": "1"}})
    return api.checkout.sessions.create(
        {
            "mode": "payment",
            "customer": customer.id,
            "line_items": [
                {
                    "quantity": 2,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": 500,
                        "product_data": {"name": "Credits"},
                    },
                }
            ],
            "success_url": "http://shop.test/?id={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.test/left",
            **fields,
        }
    )


def paid(api: Any, standin: StripeProcess, **fields: Any) -> Any:
    made = session(api, **fields)
    standin.pay(made.id)
    return api.checkout.sessions.retrieve(
        made.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )


def saved(api: Any, standin: StripeProcess, card: str) -> Any:
    customer = api.customers.create({})
    made = api.checkout.sessions.create(
        {"mode": "setup", "customer": customer.id, "currency": "usd", "success_url": "http://x/"}
    )
    standin.pay(made.id, card=card)
    done = api.checkout.sessions.retrieve(made.id, {"expand": ["setup_intent"]})
    return done.setup_intent


def test_every_object_has_the_published_fields_and_no_other(
    api: Any, standin: StripeProcess
) -> None:
    done = paid(
        api,
        standin,
        invoice_creation={"enabled": True},
        automatic_tax={"enabled": True},
    )
    intent = done.payment_intent
    refund = api.refunds.create({"payment_intent": intent.id, "amount": 100})
    standin.control("disputes", payment_intent=intent.id)
    setup = saved(api, standin, "works")
    product = api.products.create({"name": "Credits"})
    things = [
        api.accounts.retrieve_current(),
        done,
        intent,
        intent.latest_charge,
        intent.latest_charge.balance_transaction,
        refund,
        api.disputes.list({"payment_intent": intent.id}).data[0],
        api.invoices.retrieve(done.invoice),
        api.customers.retrieve(done.customer),
        api.payment_methods.retrieve(setup.payment_method),
        setup,
        product,
        api.prices.create({"product": product.id, "unit_amount": 500, "currency": "usd"}),
        api.billing_portal.sessions.create({"customer": done.customer, "return_url": "http://x/"}),
        api.events.list({"limit": 1}).data[0],
    ]
    assert {thing.object for thing in things} == set(shapes.KINDS)
    for thing in things:
        known = shapes.fields(thing.object)
        given = thing.to_dict(recursive=False)
        assert set(given) == set(known), thing.object
        empty = [name for name, null in known.items() if not null and given[name] is None]
        assert empty == [], thing.object


def test_tax_and_invoices_are_in_the_session(api: Any, standin: StripeProcess) -> None:
    done = paid(api, standin, invoice_creation={"enabled": True}, automatic_tax={"enabled": True})
    assert done.amount_total == 1_000
    assert done.total_details.amount_tax == 159
    invoice = api.invoices.retrieve(done.invoice)
    assert (invoice.status, invoice.total) == ("paid", 1_000)
    assert requests.get(invoice.hosted_invoice_url, timeout=5).ok


def test_a_session_is_paid_once_and_leads_back(api: Any, standin: StripeProcess) -> None:
    made = session(api)
    for _ in range(2):
        answer = requests.post(
            made.url,
            data={"outcome": "succeed", "card": "works"},
            allow_redirects=False,
            timeout=5,
        )
        assert answer.headers["Location"] == f"http://shop.test/?id={made.id}"
    charges = api.charges.list({"customer": made.customer}).data
    assert [charge.amount for charge in charges] == [1_000]


def test_a_declined_card_stays_on_the_page(api: Any, standin: StripeProcess) -> None:
    made = session(api)
    answer = requests.post(made.url, data={"outcome": "decline", "card": "works"}, timeout=5)
    assert "declined" in answer.text
    done = api.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (done.status, done.payment_intent.status) == ("open", "requires_payment_method")
    assert done.payment_intent.last_payment_error.code == "card_declined"


def test_an_expired_session_takes_nothing(api: Any, standin: StripeProcess) -> None:
    made = session(api)
    api.checkout.sessions.expire(made.id)
    answer = requests.post(made.url or f"{standin.url}/c/pay/{made.id}", timeout=5)
    assert answer.status_code in (400, 410)
    with pytest.raises(library.InvalidRequestError):
        api.checkout.sessions.expire(made.id)


@pytest.mark.parametrize(
    ("card", "code", "decline_code"),
    [
        ("declines-later", "card_declined", "insufficient_funds"),
        ("authenticate-later", "authentication_required", "authentication_required"),
    ],
)
def test_saved_cards_behave_later_as_their_number_says(
    api: Any, standin: StripeProcess, card: str, code: str, decline_code: str
) -> None:
    setup = saved(api, standin, card)
    with pytest.raises(library.CardError) as declined:
        api.payment_intents.create(
            {
                "amount": 700,
                "currency": "usd",
                "customer": setup.customer,
                "payment_method": setup.payment_method,
                "off_session": True,
                "confirm": True,
            }
        )
    assert declined.value.http_status == 402
    assert declined.value.code == code
    answered: Any = declined.value.json_body
    body = answered["error"]
    assert body["decline_code"] == decline_code
    assert body["payment_intent"]["status"] == "requires_payment_method"


def test_idempotency_keys_are_honoured(api: Any) -> None:
    key = {"idempotency_key": f"key {time.time_ns()}"}
    one = api.customers.create({"email": "a@example.com"}, key)
    two = api.customers.create({"email": "a@example.com"}, key)
    assert one.id == two.id
    assert two.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(library.IdempotencyError):
        api.customers.create({"email": "b@example.com"}, key)


def test_more_than_was_paid_is_not_refunded(api: Any, standin: StripeProcess) -> None:
    intent = paid(api, standin).payment_intent
    api.refunds.create({"payment_intent": intent.id, "amount": 600})
    with pytest.raises(library.InvalidRequestError):
        api.refunds.create({"payment_intent": intent.id, "amount": 401})
    api.refunds.create({"payment_intent": intent.id})
    with pytest.raises(library.InvalidRequestError) as again:
        api.refunds.create({"payment_intent": intent.id})
    assert again.value.code == "charge_already_refunded"


def test_the_balance_moves_with_charges_refunds_and_disputes(
    api: Any, standin: StripeProcess
) -> None:
    newest = api.balance_transactions.list({"limit": 1}).data
    intent = paid(api, standin).payment_intent
    refund = api.refunds.create({"payment_intent": intent.id, "amount": 300})
    standin.control(f"refunds/{refund.id}/fail")
    dispute = standin.control("disputes", payment_intent=intent.id)
    standin.control(f"disputes/{dispute['id']}", status="won")
    listed = api.balance_transactions.list(
        {"limit": 100, "expand": ["data.source"]}
        | ({"ending_before": newest[0].id} if newest else {})
    )
    moved = [(row.type, row.amount, row.source.object) for row in reversed(listed.data)]
    assert moved == [
        ("charge", 1_000, "charge"),
        ("refund", -300, "refund"),
        ("refund_failure", 300, "refund"),
        ("adjustment", -1_000, "dispute"),
        ("adjustment", 1_000, "dispute"),
    ]


def test_lists_are_paged_as_stripe_pages_them(api: Any) -> None:
    marked = f"{time.time_ns()}@example.com"
    made = [api.customers.create({"email": marked}).id for _ in range(7)]
    listed = api.customers.list({"email": marked, "limit": 3})
    assert listed.has_more
    assert [one.id for one in listed.auto_paging_iter()] == made[::-1]


def test_events_are_signed_as_stripes_library_checks_them(api: Any) -> None:
    body = b'{"id": "evt_1", "object": "event"}'
    event = library.Webhook.construct_event(body, sign(body, "whsec_x"), "whsec_x")
    assert event.id == "evt_1"


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("customers", "a[b][c][d][e][f][g][h][i][j][k]=1"),
        ("customers", "a=1&a[b]=2"),
        ("customers", b"\xff\xfe"),
        ("checkout/sessions", "mode=payment&line_items=x"),
        ("checkout/sessions", "mode=setup&success_url=x&expires_at=never"),
        ("payment_intents", "amount=-5"),
        ("payment_intents", "amount=100&customer=cus_nobody"),
        ("refunds", ""),
        ("no/such/thing", ""),
        ("customers/cus_nobody", ""),
    ],
)
def test_garbage_gets_stripes_errors(standin: StripeProcess, path: str, data: Any) -> None:
    answer = requests.post(f"{standin.url}/v1/{path}", data=data, auth=(KEY, ""), timeout=5)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_wrong_key_is_refused(standin: StripeProcess) -> None:
    answer = requests.get(f"{standin.url}/v1/account", auth=("sk_test_x", ""), timeout=5)
    assert answer.status_code == 401
