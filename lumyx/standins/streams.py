"""Send the stand-in's answer as a stream of server-sent events, with the faults it was told."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
from aiohttp import web

from lumyx.standins import replies
from lumyx.standins.behaviours import AFTER_TOKENS, Behaviour
from lumyx.standins.replies import Call, Reply

DONE = b"data: [DONE]\n\n"
GARBAGE = (
    b'data: {"id":"chatcmpl-broken","choices":[{"delta":\n\n',
    b"\xff\xfe\x00 neither text nor event\n\ndata\n: \n\n",
    b"data: not json at all\n\n",
)
BURST = 8
"""Events sent before other connections, and a client that left, are looked at."""

Delta = dict[str, Any]


class Writer:
    """Writes the chunks of one answer."""

    def __init__(self, call: Call, reply: Reply, behaviour: Behaviour) -> None:
        self._head = replies.head(call, reply, "chat.completion.chunk")
        self._usage_field = call.include_usage and reply.usage is not None
        self._prefix = b": working\n\ndata: " if behaviour.has("comments") else b"data: "

    def chunk(self, choices: list[Delta], usage: dict[str, object] | None = None) -> bytes:
        """Return one event; all of them have a usage field where usage was asked for."""
        body = self._head | {"choices": choices}
        if self._usage_field:
            body["usage"] = usage
        return self._prefix + msgspec.json.encode(body) + b"\n\n"

    def delta(self, index: int, delta: Delta, finish: str | None = None) -> Delta:
        """Return one choice of a chunk."""
        return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def deltas(reply: Reply) -> Iterator[Delta]:
    """Return the deltas of one choice between its role and its end."""
    for text in reply.thought:
        yield {"reasoning_content": text}
    for text in reply.content:
        yield {"content": text}
    if reply.tool_call:
        function = reply.tool_call["function"]
        begun = reply.tool_call | {"function": {"name": function["name"], "arguments": ""}}
        yield {"tool_calls": [{"index": 0} | begun]}
        yield {"tool_calls": [{"index": 0, "function": {"arguments": function["arguments"]}}]}


async def events(call: Call, reply: Reply, behaviour: Behaviour) -> AsyncIterator[bytes]:
    """Give the events of a stream at their pace, up to where the asked-for fault comes."""
    writer = Writer(call, reply, behaviour)
    choices = range(call.choices)
    faulty = behaviour.traits & {"cut", "reset", "silent-end", "error-mid", "garbage"}
    first: Delta = {"role": "assistant", "content": None if reply.tool_call else ""}
    for index in choices:
        yield writer.chunk([writer.delta(index, first | {"refusal": None})])
    for number, delta in enumerate(deltas(reply)):
        if faulty and number >= AFTER_TOKENS:
            return
        if behaviour.pace:
            await asyncio.sleep(behaviour.pace)
        elif number % BURST == 0:
            await asyncio.sleep(0)
        for index in choices:
            yield writer.chunk([writer.delta(index, delta)])
    if faulty:
        return
    combined = behaviour.has("usage-last") and call.include_usage
    for index in choices:
        usage = reply.usage if combined and index == choices[-1] else None
        yield writer.chunk([writer.delta(index, {}, reply.finish)], usage)
    if call.include_usage and reply.usage is not None and not combined:
        yield writer.chunk([], reply.usage)
    yield DONE


async def send(
    request: web.Request,
    response: web.StreamResponse,
    call: Call,
    reply: Reply,
    behaviour: Behaviour,
) -> web.StreamResponse:
    """Stream the answer to the client, and end it as the behaviour says."""
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    response.headers["Cache-Control"] = "no-cache"
    await response.prepare(request)
    async for event in events(call, reply, behaviour):
        await response.write(event)
    if behaviour.has("cut"):
        close(request)
    elif behaviour.has("reset"):
        await reset(request)
    elif behaviour.has("error-mid"):
        quoted = f"The server had an error while processing: {call.said()}"
        await response.write(b"data: " + replies.error(quoted, status=500) + b"\n\n")
    elif behaviour.has("garbage"):
        for bad in GARBAGE:
            await response.write(bad)
    return response


def close(request: web.Request) -> None:
    """Close the TCP connection in the middle of an answer."""
    if request.transport is not None:
        request.transport.close()


async def reset(request: web.Request) -> None:
    """Reset the TCP connection, once what was sent is likely to have been read."""
    await asyncio.sleep(0.05)
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
