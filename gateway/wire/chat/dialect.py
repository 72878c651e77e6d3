"""Chat Completions as clients call it."""

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire.call import About, Call
from gateway.wire.chat import conversation, errors, request, writer
from gateway.wire.conversation import Conversation
from gateway.wire.events import Event


class ChatDialect:
    """`POST chat/completions`."""

    endpoint = "chat/completions"
    needs = "chat"
    keep_alive = b": keep-alive\n\n"

    def read(self, body: bytes) -> Call:
        """Read a request; raise the API's 400 with the field that is wrong."""
        return request.read(body)

    def conversation(self, call: Call) -> Conversation:
        """Return the call without its dialect; raise the API's 400 for what has no translation."""
        return conversation.read(call)

    def whole(self, events: list[Event], tokens: Tokens, about: About) -> bytes:
        """Write an unstreamed answer."""
        return writer.whole(events, tokens, about)

    def writer(self, about: About) -> writer.ChatWriter:
        """Return the writer of one streamed answer."""
        return writer.ChatWriter(about)

    def error_body(self, error: ApiError, request_id: str) -> bytes:
        """Write an error."""
        return errors.error_body(error)
