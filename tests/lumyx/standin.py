"""Talk to the provider stand-in in both dialects, without a gateway in between."""

import json
import socket
import struct
from typing import Any

import requests

from tests.processes import Process, free_port

CANARY = "the quick brown fox jumps over the lazy dog"
TURN = {"role": "user", "content": CANARY}
CHAT, MESSAGES = "chat/completions", "messages"
HEADERS = {"Authorization": "Bearer any", "x-api-key": "any", "anthropic-version": "2023-06-01"}
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


class StandIn(Process):
    """A running stand-in that takes any key."""

    def __init__(self) -> None:
        port = free_port()
        super().__init__(
            ["lumyx.standins.provider", f"--port={port}"], environment={"STANDIN_PROVIDER_KEY": ""}
        )
        self.port = port
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"
        self.wait_for(f"{self.root}/healthz")

    def post(
        self, path: str, body: dict[str, Any], headers: dict[str, str] = HEADERS
    ) -> requests.Response:
        streamed = body.get("stream") is True
        return requests.post(
            f"{self.url}/{path}", json=body, headers=headers, timeout=10, stream=streamed
        )

    def chat(self, model: str = "echo", **fields: Any) -> requests.Response:
        return self.post(CHAT, {"model": model, "messages": [TURN], **fields})

    def messages(self, model: str = "echo", **fields: Any) -> requests.Response:
        body = {"model": model, "max_tokens": 4096, "messages": [TURN], **fields}
        return self.post(MESSAGES, body)

    def ask(self, dialect: str, model: str = "echo", **fields: Any) -> requests.Response:
        """Ask in either dialect with fields that both have."""
        return (self.chat if dialect == CHAT else self.messages)(model, **fields)

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}/{path}", timeout=5).json()

    def connect(self, dialect: str, model: str, *, stream: bool) -> socket.socket:
        """Send a call over a bare connection."""
        body = {"model": model, "max_tokens": 99, "messages": [TURN], "stream": stream}
        content = json.dumps(body).encode()
        head = [f"POST /v1/{dialect} HTTP/1.1", "Host: x", f"Content-Length: {len(content)}"]
        head += [f"{name}: {value}" for name, value in HEADERS.items()]
        client = socket.create_connection(("127.0.0.1", self.port), timeout=5)
        client.sendall("\r\n".join([*head, "", ""]).encode() + content)
        return client


def text_of(dialect: str, answer: requests.Response) -> str:
    """Return the text of an unstreamed answer in either dialect."""
    assert answer.status_code == 200, answer.text
    body = answer.json()
    if dialect == CHAT:
        return str(body["choices"][0]["message"]["content"])
    return "".join(b["text"] for b in body["content"] if b["type"] == "text")


def chat_events(answer: requests.Response) -> list[Any]:
    """Return the decoded events of a chat stream, which must end with [DONE]."""
    found = [line[6:] for line in answer.iter_lines() if line.startswith(b"data: ")]
    assert found.pop() == b"[DONE]"
    return [json.loads(data) for data in found]


def messages_events(answer: requests.Response) -> list[dict[str, Any]]:
    """Return the decoded events of a Messages stream; each is named for its type."""
    assert answer.status_code == 200, answer.text
    found = []
    for event in answer.content.decode().removesuffix("\n\n").split("\n\n"):
        name, data = event.split("\n")
        decoded = json.loads(data.removeprefix("data: "))
        assert name == f"event: {decoded['type']}"
        found.append(decoded)
    return found


def rebuild(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Put a streamed message together; blocks must not overlap."""
    message: dict[str, Any] = events[0]["message"]
    assert (events[0]["type"], message["content"]) == ("message_start", [])
    assert events[-1]["type"] == "message_stop"
    open_block: int | None = None
    for event in events[1:-1]:
        match event["type"]:
            case "content_block_start":
                assert (open_block, event["index"]) == (None, len(message["content"]))
                open_block = event["index"]
                message["content"].append(event["content_block"] | {"json": ""})
            case "content_block_delta":
                assert event["index"] == open_block
                block, delta = message["content"][-1], event["delta"]
                for kind in ("text", "thinking", "signature"):
                    if kind in delta:
                        block[kind] += delta[kind]
                block["json"] += delta.get("partial_json", "")
            case "content_block_stop":
                assert event["index"] == open_block
                open_block = None
                written = message["content"][-1].pop("json")
                if written:
                    message["content"][-1]["input"] = json.loads(written)
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    assert open_block is None
    return message


def read_to_end(client: socket.socket) -> tuple[bytes, bool]:
    """Return what comes, and whether it ended with a reset."""
    received = b""
    try:
        while data := client.recv(65_536):
            received += data
    except ConnectionResetError:
        return received, True
    return received, False


def read_until_silence(client: socket.socket) -> bytes:
    """Return what comes until nothing more does; the connection must stay open."""
    client.settimeout(0.3)
    received = b""
    try:
        while data := client.recv(65_536):
            received += data
    except TimeoutError:
        return received
    raise AssertionError("the connection was closed")


def leave(client: socket.socket) -> None:
    """Close a connection at once."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
