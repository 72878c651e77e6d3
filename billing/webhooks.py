"""The door that Stripe knocks at: check who knocks, keep the event's id, answer at once."""

import json
import logging
import re
from typing import Any

import stripe
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing import inbox

log = logging.getLogger("lumyx.billing")

MOST_BYTES = 512 * 1024
TOLERANCE_SECONDS = 300
EVENT_ID = re.compile(r"evt_[A-Za-z0-9_]{1,240}\Z")
EVENT_TYPE = re.compile(r"[a-z0-9_.]{1,100}\Z")
LATEST = 2**32
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""How JSON writes what PostgreSQL cannot keep in any text."""


class BadEvent(Exception):
    """What came is no event of Stripe's for us; the text says why and quotes nothing of it."""


@csrf_exempt
@require_POST
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Take an event in; 400 for what is none, 503 while it cannot be kept."""
    try:
        event = read(request)
        inbox.take(event["id"], type=event["type"], created=event["created"])
    except BadEvent as bad:
        return HttpResponse(f"{bad}\n", status=400, content_type="text/plain")
    except DatabaseError:
        log.error("an event of Stripe's could not be kept; Stripe sends it again")
        return HttpResponse(status=503, headers={"Retry-After": "30"})
    return HttpResponse(status=200)


def read(request: HttpRequest) -> dict[str, Any]:
    """Return the event's id, type and time; raises BadEvent."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST_BYTES:
        raise BadEvent("too large")
    try:
        body = request.body
    except RequestDataTooBig:
        raise BadEvent("too large") from None
    if len(body) > MOST_BYTES:
        raise BadEvent("too large")
    check_signature(body, request.headers.get("Stripe-Signature", ""))
    if NUL.search(body):
        raise BadEvent("NUL")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise BadEvent("not JSON") from None
    return check(event)


def check_signature(body: bytes, header: str) -> None:
    """Raise BadEvent where none of our secrets has signed the body in the last 5 minutes."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadEvent("not UTF-8") from None
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            stripe.WebhookSignature.verify_header(text, header, secret, TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, ValueError, OverflowError):
            continue
        return
    raise BadEvent("bad signature")


def check(event: Any) -> dict[str, Any]:
    """Return an event that looks like one; raises BadEvent."""
    if not isinstance(event, dict) or event.get("object") != "event":
        raise BadEvent("not an event")
    name, kind, created = event.get("id"), event.get("type"), event.get("created")
    if not isinstance(name, str) or not EVENT_ID.match(name):
        raise BadEvent("bad id")
    if not isinstance(kind, str) or not EVENT_TYPE.match(kind):
        raise BadEvent("bad type")
    if type(created) is not int or not 0 < created < LATEST:
        raise BadEvent("bad time")
    if event.get("livemode") is not settings.STRIPE_LIVE_MODE:
        raise BadEvent("other mode")
    return event
