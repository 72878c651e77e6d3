"""Bad input gets a clear error in OpenAI's shape, and costs nobody anything."""

import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.customers import Customer
from tests.processes import Server

GOOD = {"model": "echo", "messages": [{"role": "user", "content": "Hi"}]}


def post(server: Server, customer: Customer, body: bytes | Iterator[bytes]) -> requests.Response:
    return requests.post(
        f"{server.api}/chat/completions", data=body, headers=customer.headers, timeout=30
    )


def assert_refused(answer: requests.Response, customer: Customer, status: int = 400) -> None:
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert answer.headers["x-request-id"].startswith("req_")
    assert customer.spent() == []
    assert customer.holds_open() == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"\x00",
        b'{"model":"echo","messages":[{"role":"user","content":"\xff"}]}',
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"model":"echo","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model":"echo","messages":[{"role":"user","content":"Hi"}],"x":'
        + b"[" * 100_000
        + b"]" * 100_000
        + b"}",
        json.dumps(GOOD).encode() + b"garbage",
    ],
    ids=range(13),
)
def test_a_body_that_is_no_good_json_is_a_400(
    server: Server, customer: Customer, body: bytes
) -> None:
    assert_refused(post(server, customer, body), customer)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"model": ""}, "model"),
        ({"model": "ec\x00ho"}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": {}}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"messages": [{"content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content"),
        ({"stream": "yes"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 10**30}, "max_tokens"),
        ({"max_completion_tokens": True}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": 10**6}, "n"),
        ({"stream_options": []}, "stream_options"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(
    server: Server, customer: Customer, change: dict[str, Any], param: str
) -> None:
    answer = post(server, customer, json.dumps({**GOOD, **change}).encode())
    assert_refused(answer, customer)
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize("field", ["model", "messages"])
def test_a_missing_field_is_named(server: Server, customer: Customer, field: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != field}
    answer = post(server, customer, json.dumps(body).encode())
    assert_refused(answer, customer)
    assert answer.json()["error"]["param"] == field


def test_an_oversized_body_is_refused_before_it_is_read(server: Server, customer: Customer) -> None:
    answer = requests.post(
        f"{server.api}/chat/completions",
        data=b"x" * 40_000_000,
        headers={"Authorization": "Bearer nobody"},
        timeout=30,
    )
    assert_refused(answer, customer, 413)


def test_an_oversized_body_in_pieces_is_refused(server: Server, customer: Customer) -> None:
    parts = (b"x" * 1_000_000 for _ in range(40))
    try:
        answer = post(server, customer, parts)
    except requests.ConnectionError:
        return  # The server closed while we were still sending, which is as good a refusal.
    assert_refused(answer, customer, 413)


@pytest.mark.parametrize("path", ["", "/", "/nope", "/chat", "/chat/completions/x", "/%00", "/é"])
def test_an_unknown_path_is_a_404(server: Server, customer: Customer, path: str) -> None:
    answer = requests.get(f"{server.api}{path}", headers=customer.headers, timeout=10)
    assert_refused(answer, customer, 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/chat/completions"),
        ("DELETE", "/chat/completions"),
        ("OPTIONS", "/chat/completions"),
        ("POST", "/models"),
        ("PUT", "/credits"),
        ("POST", "/key"),
    ],
)
def test_a_wrong_method_is_a_405(
    server: Server, customer: Customer, method: str, path: str
) -> None:
    answer = requests.request(
        method, f"{server.api}{path}", headers=customer.headers, json=GOOD, timeout=10
    )
    assert_refused(answer, customer, 405)
    assert answer.headers["Allow"] in {"GET", "POST"}


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic abc"},
        {"Authorization": "Bearer lx-" + "0" * 39},
        {"Authorization": "Bearer " + "x" * 5_000},
        {"x-api-key": "lx-é"},
    ],
)
def test_a_missing_or_bad_key_is_a_401(
    server: Server, customer: Customer, header: dict[str, str]
) -> None:
    for path in ("/chat/completions", "/models"):
        raw = {name: value.encode("latin-1") for name, value in header.items()}
        method = "GET" if path == "/models" else "POST"
        answer = requests.request(
            method,
            f"{server.api}{path}",
            json=GOOD,
            headers=raw,
            timeout=10,
        )
        assert_refused(answer, customer, 401)


def test_strange_requests_on_the_wire_never_meet_a_500(server: Server) -> None:
    port = urlsplit(server.url).port
    for head in (
        b"POST /api/v1/chat/completions?\xff=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
        b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/chat/completions HTTP/1.1\r\nHost: x\r\nX_Api_Key: lx-1\r\n"
        b"Content-Length: 0\r\n\r\n",
        b"BREW /api/v1/models HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /api/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
            wire.sendall(head)
            status = wire.recv(4_096).split(b"\r\n")[0]
        assert b" 4" in status, (head, status)
