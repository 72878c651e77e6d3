"""The address that a call comes from."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

NOWHERE = "0.0.0.0"  # noqa: S104  stands for an address that is not known
MOST_HOPS = 32


@lru_cache(maxsize=4_096)
def normalised(text: str) -> str | None:
    """Return an IP address in its usual form, IPv4 out of mapped IPv6, or None if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def client_address(peer: str, forwarded: str) -> str:
    """Return the client's address: the peer's, or what the outermost trusted proxy saw.

    `forwarded` is the value of X-Forwarded-For. With TRUSTED_PROXY_COUNT at 0 nobody is
    believed; with n, the n-th hop from the right is the client.
    """
    count = settings.TRUSTED_PROXY_COUNT
    if count and forwarded:
        hops = [hop.strip() for hop in forwarded.rsplit(",", MOST_HOPS) if hop.strip()]
        if len(hops) >= count:
            return normalised(hops[-count]) or NOWHERE
    return normalised(peer) or NOWHERE


def of_request(request: HttpRequest) -> str:
    """Return the address that a request of the website comes from."""
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return client_address(request.META.get("REMOTE_ADDR", ""), forwarded)
