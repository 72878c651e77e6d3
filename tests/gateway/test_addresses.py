"""The client's address is the peer's, unless a trusted proxy says otherwise."""

import pytest
from django.test import override_settings

from accounts.addresses import client_address


def test_nobody_is_believed_without_trusted_proxies() -> None:
    assert client_address("192.0.2.1", ",203.0.113.9") == "192.0.2.1"


@pytest.mark.parametrize(
    ("count", "forwarded", "address"),
    [
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "garbage", "0.0.0.0"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, ", ".join(["6.6.6.6"] * 5_000 + ["203.0.113.9"]), "203.0.113.9"),
    ],
)
def test_the_outermost_trusted_proxy_names_the_client(
    count: int, forwarded: str, address: str
) -> None:
    with override_settings(TRUSTED_PROXY_COUNT=count):
        assert client_address("192.0.2.1", forwarded) == address


def test_an_address_is_written_in_its_usual_form() -> None:
    assert client_address("2001:DB8:0:0::1%eth0", "") == "2001:db8::1"
    assert client_address("", "") == "0.0.0.0"
