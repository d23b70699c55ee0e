"""Telling addresses of the public internet from all others."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

NOT_PUBLIC_V4: Final = (
    # IETF protocol assignments (RFC 6890); Oracle's cloud keeps its metadata at 192.0.0.192.
    IPv4Network("192.0.0.0/24"),
    # 6to4 relays, withdrawn (RFC 7526).
    IPv4Network("192.88.99.0/24"),
    # Azure's platform services: a public number that answers only from within Azure.
    IPv4Network("168.63.129.16/32"),
)
"""Networks that Python 3.11's `is_global` takes for public, and that are not."""

DOCUMENTATION_V6: Final = IPv6Network("3fff::/20")
"""Documentation addresses (RFC 9637), younger than Python 3.11's tables."""

GLOBAL_UNICAST_V6: Final = IPv6Network("2000::/3")
"""All that has been given out as global unicast (RFC 4291, IANA's IPv6 address space)."""

NAT64: Final = IPv6Network("64:ff9b::/96")
"""IPv4 addresses behind a NAT64 translator (RFC 6052), in the last 32 bits."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is one of the public internet, for one receiver.

    An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4, Teredo) leads to that one
    and is public only if that one is.
    """
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in network for network in NOT_PUBLIC_V4)
        )
    if address.scope_id is not None:
        return False
    carried = _carried(address)
    if address.ipv4_mapped is not None or address.sixtofour is not None or address in NAT64:
        # Python before 3.11.4 takes no 6to4 address for global, whatever it carries
        return all(map(is_public, carried))
    return (
        address in GLOBAL_UNICAST_V6
        and address.is_global
        and address not in DOCUMENTATION_V6
        and all(map(is_public, carried))
    )


def _carried(address: IPv6Address) -> list[IPv4Address]:
    """List the IPv4 addresses that a packet to this address can end at."""
    if address in NAT64:
        return [IPv4Address(int(address) & 0xFFFF_FFFF)]
    return [
        inner
        for inner in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))
        if inner is not None
    ]
