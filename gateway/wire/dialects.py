"""What a dialect must offer to the rest of the gateway, as a client's or as a provider's.

A call whose client and provider speak the same dialect is forwarded; any other is read into
a conversation, written in the provider's dialect, and answered through events.
"""

from typing import Protocol

from gateway.errors import ApiError
from gateway.meter import Meter
from gateway.pricing import Tokens
from gateway.wire.call import About, Call, Target
from gateway.wire.conversation import Conversation
from gateway.wire.events import Event


class StreamWriter(Protocol):
    """Writes one streamed answer in a client's dialect.

    `end` gives whatever tells the client that the answer is whole, and is called once the
    charge is durable; a stream that fails gets `fail` instead, and nothing after it.
    """

    def write(self, events: list[Event]) -> bytes:
        """Return what these events are in the client's dialect."""

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer, with its usage."""

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke."""


class ClientDialect(Protocol):
    """An endpoint that clients call, and the shape of its answers and errors."""

    endpoint: str
    """Its path below the API's base, which is also its name in the request log."""
    needs: str
    """The capability that a model must have to be called here."""
    keep_alive: bytes
    """What a stream sends while nothing happens."""

    def read(self, body: bytes) -> Call:
        """Read a request; raise the API's 400 with the field that is wrong."""

    def conversation(self, call: Call) -> Conversation:
        """Return the call without its dialect; raise the API's 400 for what has no translation."""

    def whole(self, events: list[Event], tokens: Tokens, about: About) -> bytes:
        """Write an unstreamed answer."""

    def writer(self, about: About) -> StreamWriter:
        """Return the writer of one streamed answer."""

    def error_body(self, error: ApiError, request_id: str) -> bytes:
        """Write an error."""


class StreamReader(Protocol):
    """Reads one provider's stream."""

    closed: bool
    """Whether the provider's last event came, so that nothing more need be read."""

    def read(self, payload: bytes) -> list[Event]:
        """Return the events in the data of one server-sent event.

        Raises BrokenStream for what is not this dialect, or tells of an error. An answer's
        end is a Finish; what has no meaning for us is passed over.
        """


class Passage(Protocol):
    """One streamed answer on its way from provider to client; it meters what passes."""

    finished: bool
    """Whether the provider has said that the answer is whole."""
    closed: bool
    """Whether the provider has sent its last event, so that nothing more need be read."""
    cut: bool
    """Whether the answer ended at the limit of its output."""
    broken: bool
    """Whether what came last was no answer; all before it was passed on."""

    def take(self, payloads: list[bytes]) -> bytes:
        """Meter the data of server-sent events and return what goes on to the client."""

    def end(self, tokens: Tokens) -> bytes:
        """Return the end of a whole answer."""

    def fail(self, error: ApiError) -> bytes:
        """Return the end of an answer that broke."""


class Forward(Protocol):
    """A client's endpoint that a provider serves itself: fields and bytes pass through."""

    endpoint: str
    """Its path below the provider's base."""

    def body(self, call: Call, target: Target) -> bytes:
        """Return the client's body, changed only where it must be."""

    def whole(self, body: bytes, about: About, meter: Meter) -> bytes:
        """Meter an unstreamed answer and return it; raise the API's 502 where it is none."""

    def passage(self, about: About, meter: Meter) -> Passage:
        """Return the way of one streamed answer."""


class ProviderDialect(Protocol):
    """An API that providers speak."""

    endpoint: str
    """Where conversations go, below the provider's base."""
    forwards: dict[str, Forward]
    """What it speaks as clients do, by the client dialect's endpoint."""

    def headers(self, key: str, call: Call) -> dict[str, str]:
        """Return the headers that carry the key, and what else this API wants."""

    def body(self, conversation: Conversation, target: Target) -> bytes:
        """Write a conversation; raise the API's 400 for what this API cannot take."""

    def read_whole(self, body: bytes) -> list[Event]:
        """Read an unstreamed answer; raise the API's 502 where it is none."""

    def reader(self, conversation: Conversation, target: Target) -> StreamReader:
        """Return the reader of one streamed answer."""
