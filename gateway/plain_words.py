"""What the request log's own words mean, for people: errors, attempts, and why a charge is so."""

import re

from gateway import error_codes
from gateway.models import ChargeBasis

MARKED = re.compile(r"`([^`]+)`|\[([^\]]+)\]\([^)]+\)")
"""Code and links in Markdown, with the words that stay of each."""
ATTEMPTS = {
    "answer_stalled": "fell silent in the middle of the answer",
    "answer_too_large": "sent an answer that was too large",
    "connect_timeout": "could not be reached in time",
    "connection_lost": "lost the connection",
    "no_answer": "sent something that is no answer",
    "no_answer_in_time": "did not answer in time",
    "not_translatable": "cannot do what the call asks for",
    "unreachable": "could not be reached",
    "provider_stream_error": "broke off before the end",
    "provider_timeout": "did not answer in time",
    "insufficient_credits": "was cut at your credits or the key’s spend limit",
    "max_cost_reached": "was cut at X-Max-Cost",
    "internal_error": "was stopped by a failure on our side",
}
CHARGES = {
    ChargeBasis.REPORTED: "The provider reported these tokens, so you pay for exactly them.",
    ChargeBasis.ESTIMATED: "The provider’s report is missing or impossible, so you pay for the"
    " prompt and the output that was delivered, estimated.",
    ChargeBasis.NOTHING: "No output was delivered, so the call cost nothing.",
    ChargeBasis.FREE: "This endpoint is free.",
    ChargeBasis.REJECTED: "The call was refused before it began. It cost nothing and used up no"
    " limit.",
}
CLIENT_LEFT = 499


def of_error(code: str | None, status: int) -> str:
    """Say what an error means and what to do about it; nothing for a call that was answered."""
    if status == CLIENT_LEFT and code in (None, "client_left"):
        return "Your program closed the connection before the answer ended."
    if status < 400 and not code:
        return ""
    known = error_codes.BY_NAME.get(code or "")
    if known is None:
        return "The call failed." + (" Check its parameters." if status < 500 else "")
    said = " ".join(filter(None, [known.means, known.logged, known.do]))
    return MARKED.sub(lambda found: found[1] or found[2], said)


def of_attempt(reason: str) -> str:
    """Say how an attempt ended; one without a reason answered."""
    if not reason:
        return "answered"
    if reason.startswith("status_"):
        return f"refused with status {reason.removeprefix('status_')}"
    return ATTEMPTS.get(reason, "failed")


def of_charge(basis: str) -> str:
    """Say why a call cost what it did."""
    return CHARGES[ChargeBasis(basis)]
