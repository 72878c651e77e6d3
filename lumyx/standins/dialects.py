"""What the two dialects of the AI-provider stand-in do not share: errors, headers, keys."""

import secrets
from collections.abc import Mapping
from typing import Protocol

import msgspec

Headers = dict[str, str]


class Dialect(Protocol):
    """How a company writes its errors and headers, and where it expects the key."""

    def error(
        self, message: str, *, status: int, param: str | None = None, code: str | None = None
    ) -> bytes:
        """Write an error."""

    def unknown_model(self, model: str) -> bytes:
        """Write the error for a model that does not exist."""

    def refusal(self, key: str | None) -> bytes:
        """Write the error for a missing or a wrong key."""

    def headers(self) -> Headers:
        """Return the headers that every answer has."""

    def key(self, headers: Mapping[str, str]) -> str | None:
        """Return the key that a request was sent with."""


class OpenAI:
    """OpenAI's way."""

    CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
    KINDS = {401: "invalid_request_error", 429: "requests", 503: "service_unavailable_error"}

    def error(
        self, message: str, *, status: int, param: str | None = None, code: str | None = None
    ) -> bytes:
        """Write an error."""
        default = "server_error" if status >= 500 else "invalid_request_error"
        body = {
            "message": message,
            "type": self.KINDS.get(status, default),
            "param": param,
            "code": code or self.CODES.get(status),
        }
        return msgspec.json.encode({"error": body})

    def unknown_model(self, model: str) -> bytes:
        """Write the error for a model that does not exist."""
        text = "The model does not exist or you do not have access to it."
        return self.error(text, status=404, param="model")

    def refusal(self, key: str | None) -> bytes:
        """Write the error for a missing or a wrong key."""
        text = "Incorrect API key provided. You can find your API key at the stand-in's start."
        return self.error(text, status=401)

    def headers(self) -> Headers:
        """Return the headers that every answer has."""
        return {
            "x-request-id": f"req_{secrets.token_hex(16)}",
            "openai-version": "2020-10-01",
            "openai-processing-ms": "1",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
        }

    def key(self, headers: Mapping[str, str]) -> str | None:
        """Return the bearer token that a request was sent with."""
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        return (token.strip() or None) if scheme.lower() == "bearer" else None


class Anthropic:
    """Anthropic's way."""

    KINDS = {
        401: "authentication_error",
        402: "billing_error",
        403: "permission_error",
        404: "not_found_error",
        413: "request_too_large",
        429: "rate_limit_error",
        504: "timeout_error",
        529: "overloaded_error",
    }

    def error(
        self, message: str, *, status: int, param: str | None = None, code: str | None = None
    ) -> bytes:
        """Write an error; Anthropic names a wrong field in the message alone."""
        default = "api_error" if status >= 500 else "invalid_request_error"
        return msgspec.json.encode(
            {
                "type": "error",
                "error": {"type": self.KINDS.get(status, default), "message": message},
                "request_id": f"req_011C{secrets.token_hex(10)}",
            }
        )

    def unknown_model(self, model: str) -> bytes:
        """Write the error for a model that does not exist."""
        return self.error(f"model: {model}", status=404)

    def refusal(self, key: str | None) -> bytes:
        """Write the error for a missing or a wrong key."""
        text = "x-api-key header is required" if key is None else "invalid x-api-key"
        return self.error(text, status=401)

    def headers(self) -> Headers:
        """Return the headers that every answer has."""
        return {
            "request-id": f"req_011C{secrets.token_hex(10)}",
            "anthropic-organization-id": "00000000-0000-4000-8000-000000000000",
            "anthropic-ratelimit-requests-limit": "10000",
            "anthropic-ratelimit-requests-remaining": "9999",
        }

    def key(self, headers: Mapping[str, str]) -> str | None:
        """Return the key that a request was sent with."""
        return headers.get("x-api-key", "").strip() or None


OPENAI: Dialect = OpenAI()
ANTHROPIC: Dialect = Anthropic()
