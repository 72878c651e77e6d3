"""Anthropic's Messages as clients call them."""

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire.call import About, Call
from gateway.wire.conversation import Conversation
from gateway.wire.events import Event
from gateway.wire.messages import conversation, errors, request, writer


class MessagesDialect:
    """`POST messages`, and the body of `POST messages/count_tokens`."""

    endpoint = "messages"
    needs = "chat"
    keep_alive = b'event: ping\ndata: {"type": "ping"}\n\n'

    def read(self, body: bytes) -> Call:
        """Read a request; raise the API's 400 with the field that is wrong."""
        return request.read(body)

    def read_count(self, body: bytes) -> Call:
        """Read a request whose tokens are only counted."""
        return request.read_count(body)

    def conversation(self, call: Call) -> Conversation:
        """Return the call without its dialect; raise the API's 400 for what has no translation."""
        return conversation.read(call)

    def whole(self, events: list[Event], tokens: Tokens, about: About) -> bytes:
        """Write an unstreamed answer."""
        return writer.whole(events, tokens, about)

    def writer(self, about: About) -> writer.MessagesWriter:
        """Return the writer of one streamed answer."""
        return writer.MessagesWriter(about)

    def error_body(self, error: ApiError, request_id: str) -> bytes:
        """Write an error."""
        return errors.error_body(error, request_id)
