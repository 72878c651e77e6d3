"""How Stripe says no."""

from typing import Any


class StripeError(Exception):
    """An error as Stripe answers it: https://docs.stripe.com/api/errors."""

    def __init__(self, status: int, type: str, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": type, "message": message, **fields}}

    @classmethod
    def invalid(cls, message: str, *, code: str | None = None, param: str = "") -> "StripeError":
        """Return the error of a request that cannot be done."""
        fields = {name: value for name, value in (("code", code), ("param", param)) if value}
        return cls(400, "invalid_request_error", message, **fields)

    @classmethod
    def missing(cls, kind: str, name: str, param: str) -> "StripeError":
        """Return the error of an object that is not there."""
        return cls(
            404,
            "invalid_request_error",
            f"No such {kind}: '{name}'",
            code="resource_missing",
            param=param,
        )

    @classmethod
    def card(cls, code: str, intent: dict[str, Any], decline_code: str = "") -> "StripeError":
        """Return the error of a card that was not charged."""
        fields: dict[str, Any] = {"code": code, "payment_intent": intent}
        if decline_code:
            fields["decline_code"] = decline_code
        return cls(402, "card_error", "Your card was declined.", **fields)
