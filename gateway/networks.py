"""Networks that a key may be used from."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from accounts.addresses import NOWHERE

Network = IPv4Network | IPv6Network
MAPPED = IPv6Network("::ffff:0:0/96")
"""IPv4 addresses as IPv6 writes them; a caller's address never has this form."""


def parse(text: str) -> Network:
    """Return the network that a CIDR text or a single address names; raises ValueError."""
    if "%" in text:
        raise ValueError("a zone means nothing beyond one machine")
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv4Network):
        return network
    if network.subnet_of(MAPPED):
        address = network.network_address.ipv4_mapped
        return IPv4Network((int(address or 0), network.prefixlen - MAPPED.prefixlen))
    return network


@lru_cache(maxsize=4_096)
def within(ip: str, networks: tuple[Network, ...]) -> bool:
    """Return whether a normalised address lies in one of the networks; an unknown one does not."""
    if ip == NOWHERE:
        return False
    address: IPv4Address | IPv6Address = ip_address(ip)
    return any(address in network for network in networks)
