"""What the request log's own words mean, for people: errors, attempts, and why a charge is so."""

from gateway.models import ChargeBasis

ERRORS = {
    "account_frozen": "The account was frozen, so its keys were refused.",
    "client_left": "Your program closed the connection before the call began.",
    "concurrency_limit_exceeded": "The key had as many calls under way as it may have at once."
    " Wait for one to end, or raise the limit.",
    "idempotency_in_flight": "A call with the same Idempotency-Key was still under way.",
    "idempotency_key_mismatch": "The Idempotency-Key had come before with another body."
    " Use a new one for a new call.",
    "idempotency_key_used": "The call with this Idempotency-Key was answered and charged before."
    " Use a new one for a new call.",
    "insufficient_credits": "Your credits, or the key’s spend limit, did not cover the call, or"
    " the rest of it. Buy credits, or ask for fewer tokens.",
    "internal_error": "Something failed on our side. Try again.",
    "invalid_json": "The body was not valid JSON.",
    "invalid_type": "A field of the body had the wrong type.",
    "ip_not_allowed": "The call came from a network that the key does not allow.",
    "max_cost_reached": "The answer was cut at the X-Max-Cost that came with the call.",
    "max_cost_too_low": "Even the shortest answer would have cost more than X-Max-Cost allowed.",
    "missing_field": "The body lacked a field that this endpoint needs.",
    "model_not_allowed": "The key’s list of models lacks the one that was asked for.",
    "model_not_found": "No model of that name is on offer. The name itself is not kept.",
    "model_not_supported": "The model cannot be called at this endpoint.",
    "not_supported": "The call asked for something that this model or its provider cannot do.",
    "provider_error": "The model’s provider failed or refused the call.",
    "provider_stream_error": "The model’s provider broke off before the end of the answer.",
    "provider_timeout": "The model’s provider did not answer in time. Try again.",
    "provider_unreachable": "The model’s provider could not be reached. Try again.",
    "providers_busy": "All providers of the model were busy. Try again in a moment.",
    "rate_limit_exceeded": "The key had made as many requests as it may in that minute or day.",
    "request_timeout": "The body did not arrive in time.",
    "request_too_large": "The body was over the size limit.",
    "scope_missing": "The key was not made for this endpoint.",
    "service_unavailable": "A part of our service did not answer. Try again in a moment.",
    "spend_limit_reached": "The key’s own spend limit did not cover the call.",
    "token_limit_exceeded": "The key had used as many tokens as it may in a minute.",
}
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
    known = ERRORS.get(code or "")
    return known or "The call failed." + (" Check its parameters." if status < 500 else "")


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
