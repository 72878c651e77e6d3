"""OpenAI's Responses: a client dialect that is always translated, and stores nothing."""

from gateway.wire.responses.dialect import ResponsesDialect

__all__ = ["ResponsesDialect"]
