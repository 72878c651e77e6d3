"""How a good request goes bad: in its values, its bytes, its path, its head and its length."""

import json
from random import Random
from typing import Any

from tests.fuzz.wire import Sent

NASTY: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1e308, -0.0, 10**400, 2**63, float("nan"), float("inf")),
    *("", " ", "\x00", "\ud800", "\u202e", "é" * 300, "a" * 70_000, "../../etc/passwd", "%00"),
    *([], {}, [[]], [None], {"": {}}, [{}] * 50, {"type": "text"}, "data:;base64,", "'; --"),
)
TEXTS = (*(one for one in NASTY if isinstance(one, str)), "0", "-1", "9" * 400, "null", "[]")
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW", "\xff")
HEADERS = (
    "Content-Type: text/plain",
    "Content-Type: application/json; charset=utf-16",
    "Content-Type: multipart/form-data; boundary=",
    "Content-Type: multipart/form-data; boundary=\xff\xfe",
    "Content-Type: application/x-www-form-urlencoded; charset=nonsense",
    "Content-Encoding: gzip",
    "Accept: \xff\xff",
    "Accept-Language: " + "en;q=0.1," * 200,
    "Authorization: Bearer",
    "Authorization: Bearer lx-\xff\xfe",
    "Authorization: Basic " + "QUFB" * 500,
    "x-api-key: \x7f",
    "Cookie: session=\xff; session=; =;;; a",
    "Idempotency-Key: " + "k" * 4_000,
    "Idempotency-Key: ",
    "anthropic-version: \xe9",
    "HX-Request: true",
    "HX-Current-URL: http://[::",
    "Range: bytes=-1--2",
    "If-None-Match: \xff",
    "If-Modified-Since: yesterday",
    "Origin: null",
    "Referer: http://[",
    "X-Forwarded-For: ,,\xff,::1%x," + "1.2.3.4," * 100,
    "X-Forwarded-Proto: \xff",
    "Stripe-Signature: t=,v1=",
    "Expect: 100-continue",
    "Upgrade: websocket\r\nConnection: Upgrade",
    "Host: elsewhere.example",
    "Host: \xff",
    "Content-Length: 3",
    "Transfer-Encoding: chunked",
    "X: " + "y" * 70_000,
    "Bad header",
    " folded: yes",
)
ENDS = (
    "Content-Length",
    "Transfer-Encoding",
    "Expect",
    "Upgrade",
    "Bad",
    " folded",
    "X: y",
    "Host",
)
"""After these a connection says nothing more of use."""


class Mutator:
    """Makes requests go bad, each time in the same way for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def value(self, good: Any) -> Any:
        """Return a value that is wrong at one place, at any depth."""
        if isinstance(good, dict) and good and self.chance.random() < 0.85:
            key = self.chance.choice(list(good))
            if self.chance.random() < 0.15:
                return {name: value for name, value in good.items() if name != key}
            return {**good, key: self.value(good[key])}
        if isinstance(good, list) and good and self.chance.random() < 0.8:
            at = self.chance.randrange(len(good))
            return [*good[:at], self.value(good[at]), *good[at + 1 :]]
        return self.chance.choice(NASTY)

    def json(self, good: Any) -> bytes:
        """Return a body of JSON that is wrong in its values, or in its bytes."""
        body = good
        for _ in range(self.chance.choice((1, 1, 2, 4))):
            body = self.value(body)
        data = json.dumps(body).encode("utf-8", "surrogatepass")
        return self.turned(data) if self.chance.random() < 0.3 else data

    def turned(self, data: bytes) -> bytes:
        """Return bytes of which some are lost, doubled, turned or new."""
        if not data:
            return self.chance.randbytes(20)
        at, to = sorted(self.chance.randrange(len(data) + 1) for _ in range(2))
        return self.chance.choice(
            (
                data[:at],
                data[:at] + data[to:],
                data[:to] + data[at:],
                data[:at] + self.chance.randbytes(4) + data[at:],
                data[:at] + b"\x00" + data[at:],
                data[:at] + bytes(255 - byte for byte in data[at:to]) + data[to:],
                data[:at] + b"[" * 3_000 + data[at:],
            )
        )

    def path(self, path: str) -> str:
        """Return a path that is not what it was."""
        at = self.chance.randrange(len(path) + 1)
        wrong = ("%", "%00", "%ff%fe", "//", "/../", "?", "#", "\xff", ";", "a" * 5_000, "%F0%9F")
        return path[:at] + self.chance.choice(wrong) + path[at:]

    def pairs(self, names: tuple[str, ...]) -> str:
        """Return a query or a form of known names with values that are none."""
        return "&".join(
            f"{self.chance.choice(names)}={_quoted(self.chance.choice(TEXTS), self.chance)}"
            for _ in range(self.chance.randrange(1, 6))
        )

    def request(
        self, kind: str, method: str, path: str, headers: tuple[str, ...], body: bytes
    ) -> Sent:
        """Return a request that may be wrong in its head, too."""
        roll = self.chance.random()
        lines, last, version = list(headers), False, "HTTP/1.1"
        if roll < 0.10:
            method = self.chance.choice(METHODS)
        elif roll < 0.20:
            path = self.path(path)
        elif roll < 0.40:
            added = self.chance.choice(HEADERS)
            lines.insert(self.chance.randrange(len(lines) + 1), added)
            last = added.startswith(ENDS)
        elif roll < 0.42:
            version = self.chance.choice(("HTTP/1.0", "HTTP/9.9", "HTTP", ""))
        length = len(body)
        if self.chance.random() < 0.03:
            length = self.chance.choice((0, length + 50, length // 2, -1, 10**30))
        last = last or length != len(body) or version != "HTTP/1.1"
        last = last or method in ("HEAD", "TRACE", "BREW", "\xff") or "\xff" in path
        lines = [f"{method} {path} {version}", "Host: 127.0.0.1", *lines]
        lines.append(f"Content-Length: {length}")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        return Sent(kind, head + body, last)


def _quoted(text: str, chance: Random) -> str:
    raw = text.encode("utf-8", "surrogatepass")[:3_000]
    return "".join(f"%{byte:02x}" for byte in raw) if chance.random() < 0.95 else "%zz"
