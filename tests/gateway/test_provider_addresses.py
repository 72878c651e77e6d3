"""Providers are called at public addresses over HTTPS, and nowhere else."""

import asyncio
import logging
import socket
from typing import Any

import aiohttp
import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings

from accounts import outbound
from accounts.ciphers import cipher
from accounts.resolver import PublicResolver
from gateway import catalogue
from gateway.models import Provider

PAYLOADS = [
    "http://api.example.com/v1", "ftp://api.example.com", "file:///etc/passwd", "gopher://x.com",
    "https://127.0.0.1/v1", "https://127.1/v1", "https://2130706433/v1", "https://0x7f000001/v1",
    "https://0177.0.0.1/v1", "https://0/v1", "https://0.0.0.0/v1", "https://[::]/v1",
    "https://[::1]/v1", "https://[::ffff:127.0.0.1]/v1", "https://[::ffff:7f00:1]/v1",
    "https://[fe80::1]/v1", "https://[fe80::1%25eth0]/v1", "https://[fc00::1]/v1",
    "https://[2002:7f00:1::]/v1", "https://[64:ff9b::7f00:1]/v1", "https://[64:ff9b::808:808]/v1",
    "https://[2001:0:7f00:1::]/v1", "https://10.0.0.1/v1", "https://172.16.0.1/v1",
    "https://192.168.1.1/v1", "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/v1",
    "https://198.18.0.1/v1", "https://224.0.0.1/v1", "https://255.255.255.255/v1",
    "https://240.0.0.1/v1", "https://192.0.2.1/v1", "https://localhost/v1",
    "https://localhost./v1", "https://localhost.localdomain./v1", "https://metadata/v1",
    "https://user@api.example.com/v1", "https://user:pw@api.example.com/v1",
    "https://api.example.com/v1?x=1", "https://api.example.com/v1#x", "https://api.example.com:0/",
    "https://api.example.com:99999/v1", "https://api.example.com\\@127.0.0.1/v1",
    "https://api.exa mple.com/v1", "https://api.example.com\r\nX: y/v1",
    "https://\u2460\u2461\u2466.0.0.1/v1", "https://127\u30020\u30020\u30021/v1",
    "https://ⓔxample.com/v1", "https:///v1", "https://", "//api.example.com", "api.example.com",
    "https://1.2.3/v1", "https://1.2.3.4.5/v1", "https://api.example.com./v1",
]  # fmt: skip


@pytest.mark.parametrize("url", PAYLOADS, ids=repr)
def test_what_is_no_public_https_address_is_refused(url: str) -> None:
    with override_settings(STANDINS=False), pytest.raises(outbound.Refused):
        outbound.check_name(outbound.check_url(url))
    with override_settings(STANDINS=False), pytest.raises(ValidationError):
        Provider(name="bad", base_url=url).full_clean(validate_unique=False)


@pytest.mark.parametrize(
    "url", ["https://api.example.com/v1", "https://8.8.8.8/v1", "https://[2606:4700::1111]:8443/v1"]
)
def test_public_addresses_are_called(url: str) -> None:
    with override_settings(STANDINS=False):
        assert outbound.check_url(url)


def test_loopback_is_called_only_while_stand_ins_are_on() -> None:
    with override_settings(STANDINS=True):
        outbound.check_name(outbound.check_url("http://127.0.0.1:8001/v1"))
        with pytest.raises(outbound.Refused):
            outbound.check_url("http://10.0.0.1/v1")


def test_a_name_that_leads_inside_is_refused_when_it_is_saved_and_when_it_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 443))]

    def resolve(*args: Any, **kwargs: Any) -> Any:
        return inside

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with override_settings(STANDINS=False), pytest.raises(outbound.Refused):
        outbound.check_name("rebound.example.com")

    async def call() -> None:
        connector = aiohttp.TCPConnector(resolver=PublicResolver())
        async with aiohttp.ClientSession(connector=connector) as session:
            await session.get("https://rebound.example.com/")

    with override_settings(STANDINS=False), pytest.raises(aiohttp.ClientConnectorError):
        asyncio.run(call())


def test_an_address_that_got_into_the_database_is_not_called(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = {"provider": "evil", "base_url": "https://169.254.169.254/v1", "encrypted_key": b""}
    with override_settings(STANDINS=False), caplog.at_level(logging.ERROR, "lumyx.gateway"):
        assert catalogue._path(row, cipher()) is None
    assert "evil" in caplog.text
    assert "169.254" not in caplog.text
