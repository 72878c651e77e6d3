"""Resolve the names of providers, and give no address that we do not call."""

import ipaddress
import socket
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from accounts.outbound import may_call


class PublicResolver(AbstractResolver):
    """Resolves names for aiohttp, and gives no address that we do not call.

    A name that was public when staff typed it in may lead elsewhere by now.
    """

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a name; raise OSError where none may be called."""
        found = await self._resolver.resolve(host, port, family)
        if not all(may_call(ipaddress.ip_address(entry["host"])) for entry in found):
            raise OSError("the name leads to an address that is not public")
        return found

    async def close(self, *_: Any) -> None:
        """Close the resolver."""
        await self._resolver.close()
