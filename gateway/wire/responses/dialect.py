"""OpenAI's Responses as a dialect of clients."""

from gateway.errors import ApiError
from gateway.pricing import Tokens
from gateway.wire.call import About, Call
from gateway.wire.chat.errors import error_body
from gateway.wire.conversation import Conversation
from gateway.wire.dialects import StreamWriter
from gateway.wire.events import Event
from gateway.wire.responses import answer, request
from gateway.wire.responses.conversation import conversation
from gateway.wire.responses.writer import ResponsesWriter


class ResponsesDialect:
    """`POST responses`, without anything stored between calls."""

    endpoint = "responses"
    needs = "chat"
    keep_alive = b": keep-alive\n\n"

    def read(self, body: bytes) -> Call:
        """Read a request; raise the API's 400 with the field that is wrong."""
        return request.read(body)

    def conversation(self, call: Call) -> Conversation:
        """Return the call without its dialect; raise the API's 400 for what has no translation."""
        return conversation(call)

    def whole(self, events: list[Event], tokens: Tokens, about: About) -> bytes:
        """Write an unstreamed answer."""
        return answer.whole(events, tokens, about)

    def writer(self, about: About) -> StreamWriter:
        """Return the writer of one streamed answer."""
        return ResponsesWriter(about)

    def error_body(self, error: ApiError, request_id: str) -> bytes:
        """Write an error."""
        return error_body(error)
