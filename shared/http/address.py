"""What an address may look like: public `https`, or a host that the operator listed.

This looks at the form alone and asks no resolver; `shared.http.client` checks where a name leads
at the moment it connects.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from shared.http.public import is_public
from shared.problems import ADDRESS_NOT_ALLOWED, Problem
from shared.settings import Settings, variable

MAX_LENGTH: Final = 2_048
"""The longest address that is taken (characters)."""

DEFAULT_PORTS: Final = {"https": 443, "http": 80}
LOWEST_FREE_PORT: Final = 1_024
"""Below it lie mail, shells and the like, which nobody serves audio or webhooks from."""

NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*")
"""A host name in its ASCII form, without a dot at its end."""

NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""A last label that makes resolvers read the whole host as an IPv4 address (`0x7f.1`)."""

LOCAL_SUFFIXES: Final = (".localhost", ".local", ".internal", ".home.arpa")
"""Names that never lead to the public internet (RFC 6761, 6762, 8375; ICANN's `.internal`)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where an address leads: host in lower case (IPv6 without brackets), port, and scheme.

    `listed` says that the operator allows the host by name, wherever it leads.
    """

    scheme: Literal["https", "http"]
    host: str
    port: int
    listed: bool


def check_address(url: str, settings: Settings) -> Target:
    """Check the form of an address for audio or a webhook.

    Raises Problem (ADDRESS_NOT_ALLOWED) that says what to change.
    """
    if len(url) > MAX_LENGTH:
        raise _refusal(f"The address is longer than {MAX_LENGTH} characters: shorten it.")
    if re.search(r"[^\x21-\x7e]|\\", url):
        raise _refusal(
            "The address has a space, a backslash or a character outside ASCII in it: write the "
            "host in its ASCII form (xn--…) and everything else percent-encoded."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refusal("The address is not a valid URL: check its host and port.") from None
    if parts.scheme not in ("https", "http"):
        raise _refusal(f"The address begins with {parts.scheme or 'no scheme'!r}: use https://.")
    scheme: Literal["https", "http"] = "https" if parts.scheme == "https" else "http"
    if "@" in parts.netloc:
        raise _refusal("The address has a user or a password before the host: leave them out.")
    host = _host(parts.hostname or "")
    if port is None:
        port = DEFAULT_PORTS[scheme]
    listed = is_listed(host, port, settings)
    if not listed:
        _check_unlisted(scheme, host, port)
    return Target(scheme, host, port, listed)


def is_listed(host: str, port: int, settings: Settings) -> bool:
    """Tell whether the operator allows this host, at every port or at this one."""
    written = f"[{host}]" if ":" in host else host
    listed = {name.lower() for name in settings.allowed_hosts}
    return written in listed or f"{written}:{port}" in listed


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an IP address; None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def not_public(host: str) -> Problem:
    """Make the problem for a host that is not on the public internet."""
    return _refusal(
        f"{host} is not on the public internet: use a public address, or let the operator add "
        f"the host to {variable('allowed_hosts')}."
    )


def _host(host: str) -> str:
    """Check how a host is written and return it in its one form."""
    if host.endswith("."):
        raise _refusal("The host's name ends with a dot: leave it out.")
    if "%" in host:
        raise _refusal("The host has a % in it (a zone, or percent-encoding): leave it out.")
    address = literal(host)
    if address is not None:
        return str(address)
    if NUMBER.fullmatch(host.rpartition(".")[2]):
        raise _refusal("The host is a number: write an IPv4 address as four decimal numbers.")
    if not NAME.fullmatch(host):
        raise _refusal("The address has no valid host name: check it.")
    return host


def _check_unlisted(scheme: str, host: str, port: int) -> None:
    if scheme != "https":
        raise _refusal(
            "The address must begin with https://; plain http is only for hosts that the "
            f"operator lists in {variable('allowed_hosts')}."
        )
    if port < LOWEST_FREE_PORT and port != DEFAULT_PORTS["https"]:
        raise _refusal(f"Port {port} may not be reached: use 443, or one from 1024 up.")
    address = literal(host)
    if address is not None:
        public = is_public(address)
    else:
        public = "." in host and not host.endswith(LOCAL_SUFFIXES)
    if not public:
        raise not_public(host)


def _refusal(detail: str) -> Problem:
    return Problem(ADDRESS_NOT_ALLOWED, detail)
