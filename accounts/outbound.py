"""Which addresses we call: public ones over HTTPS, and loopback while stand-ins are on."""

import ipaddress
import re
import socket
from urllib.parse import urlsplit

from django.conf import settings

HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}")
"""A name of the public DNS (RFC 1123), whose last label is no number."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
LOOPBACK_NAMES = {"localhost"}


class Refused(Exception):
    """The address is not one that we call; the text says why and quotes no secret."""


def check_url(url: str, *, query: bool = False) -> str:
    """Return the host of a URL that we may call; raise Refused for any other.

    A query is allowed where that is said.

    Looks at the text alone: what a name resolves to is judged by `check_name`, and again with
    each connection.
    """
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Refused("The address holds characters that do not belong in one.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Refused("This is not an address.") from None
    if parts.username is not None or parts.password is not None:
        raise Refused("Give no credentials in the address.")
    if parts.fragment or "#" in url or (not query and (parts.query or "?" in url)):
        raise Refused("Give no query or fragment in the address.")
    if port == 0:
        raise Refused("Port 0 is none.")
    literal = _literal(host)
    loopback = host in LOOPBACK_NAMES or (literal is not None and literal.is_loopback)
    if loopback and settings.STANDINS and parts.scheme in ("http", "https"):
        return host
    if parts.scheme != "https":
        raise Refused("The address must begin with https://.")
    if literal is not None:
        if not is_public(literal):
            raise Refused("This is not a public address.")
    elif not HOST.fullmatch(host):
        raise Refused("The host must be a public name, in letters, or a public IP address.")
    return host


def check_name(host: str) -> None:
    """Raise Refused where a name resolves to anything that is not public.

    One that does not resolve now is judged when it is called.
    """
    if (literal := _literal(host)) is not None:
        addresses = [literal]
    else:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        addresses = [ipaddress.ip_address(entry[4][0]) for entry in found]
    if not all(may_call(address) for address in addresses):
        raise Refused("The name leads to an address that is not public.")


Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Return whether an address is a host's in the public Internet, and hides no other."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped or address.sixtofour or address.teredo or address.scope_id:
            return False
        if address in NAT64 or address in NAT64_LOCAL:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def may_call(address: Address) -> bool:
    """Return whether we call an address: a public one, or loopback while stand-ins are on."""
    return is_public(address) or (settings.STANDINS and address.is_loopback)
