"""Stripe's API, with its errors as ours; all that talks to Stripe goes through here."""

import contextlib
import functools
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import stripe
from django.conf import settings

if TYPE_CHECKING:
    from stripe._v1_services import V1Services

log = logging.getLogger("lumyx.billing")

CONNECT_SECONDS = 3
RETRIES = 2
MISSING = "resource_missing"
"""Stripe's code for what it does not have."""
REUSED = "idempotency_error"
"""What Stripe calls an idempotency key that it knows for something else."""


class StripeDown(Exception):
    """Stripe did not answer, or not for now; what was asked for may have been done."""


class StripeRefused(Exception):
    """Stripe refused for good what was asked for; the text is its code."""


class CardDeclined(Exception):
    """The card was not charged; `code` is Stripe's, `payment_intent` what was tried."""

    def __init__(self, code: str, payment_intent: str) -> None:
        super().__init__(code)
        self.code = code
        self.payment_intent = payment_intent


def available() -> bool:
    """Return whether Stripe can be asked at all."""
    return bool(settings.STRIPE_SECRET_KEY)


def api() -> "V1Services":
    """Return Stripe's API at the version that this code was written for."""
    return _client(settings.STRIPE_SECRET_KEY, getattr(settings, "STRIPE_API_HOST", "")).v1


@functools.lru_cache(maxsize=4)
def _client(key: str, host: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses={"api": host} if host else {},
        max_network_retries=RETRIES,
        http_client=http_client(),
    )


def http_client() -> stripe.HTTPClient:
    """Return a client that does not wait for ever, as Stripe's own nearly does."""
    return stripe.RequestsClient(timeout=(CONNECT_SECONDS, settings.STRIPE_SECONDS))


@contextlib.contextmanager
def errors_as_ours() -> Iterator[None]:
    """Raise StripeDown, StripeRefused or CardDeclined for what Stripe's library raises."""
    try:
        yield
    except stripe.CardError as error:
        raise CardDeclined(_card_code(error), _tried(error)) from None
    except stripe.InvalidRequestError as error:
        raise StripeRefused(str(error.code or "invalid_request")[:60]) from None
    except (stripe.AuthenticationError, stripe.PermissionError):
        log.error("alarm: Stripe refuses our key")
        raise StripeDown("key refused") from None
    except stripe.IdempotencyError:
        raise StripeRefused(REUSED) from None
    except (stripe.StripeError, UnicodeDecodeError) as error:
        # The library does not catch what is no UTF-8.
        raise StripeDown(type(error).__name__) from None


def id_in(thing: Any, field: str) -> str:
    """Return the id that a field of Stripe's object names, expanded or not; else nothing."""
    value = getattr(thing, field, None) if thing is not None else None
    return value if isinstance(value, str) else str(getattr(value, "id", "") or "")


def _card_code(error: stripe.CardError) -> str:
    return str(error.code or "card_declined")[:40]


def _tried(error: stripe.CardError) -> str:
    body = error.json_body if isinstance(error.json_body, dict) else {}
    intent = body.get("error", {}).get("payment_intent")
    return str(intent.get("id", "")) if isinstance(intent, dict) else ""
