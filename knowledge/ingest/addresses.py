"""Which hosts may be asked: only those whose every address is on the public internet."""

import re
import socket
import unicodedata
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from knowledge.model import Refused

_NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
"""IANA's registry of special-purpose IPv4 addresses, and multicast."""
_PUBLIC_6 = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")
)
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64 (RFC 6052): the last 32 bits are an IPv4 address."""
_NUMBER = re.compile(r"\d+|0x[\da-f]*", re.IGNORECASE)
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": "."})  # noqa: RUF001 - the dots that IDNA takes for one


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and so is the IPv4 address that an IPv6 one stands for."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC_4)
    if found.scope_id:
        return False
    embedded = _embedded(found)
    if embedded is not None:
        return is_public(str(embedded))
    return found in _PUBLIC_6 and not any(found in network for network in _NOT_PUBLIC_6)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address in a mapped, translated, 6to4 or ISATAP address. Teredo's are refused with 2001::/23."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    low = int(address) & 0xFFFFFFFF
    if address in _TRANSLATED or (int(address) >> 32) & 0xFFFFFFFF in {0x00005EFE, 0x02005EFE}:
        return IPv4Address(low)
    return None


def plain_host(host: str) -> str:
    """The host as it is looked up: lower case, ASCII, without a final dot; an address in its usual spelling.

    Raises Refused for `localhost`, for what is no host name, and for a number that some programs take for an address.
    """
    host = unicodedata.normalize("NFKC", host).translate(_DOTS).lower().strip("[]")
    host = host.removesuffix(".")
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        host = host.encode("idna").decode("ascii").lower() if not host.isascii() else host
    except UnicodeError as error:
        raise Refused("The address has no valid host name: check its spelling.") from error
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise Refused("The address has a number for a host name: write the host's name.")
    if not host or len(host) > 253 or not all(re.fullmatch(r"[a-z\d_-]{1,63}", label) for label in labels):
        raise Refused("The address has no valid host name: check its spelling.")
    if labels[-1] == "localhost":
        raise private(host)
    return host


def private(host: str) -> Refused:
    """What is said of a host inside: never which address it has."""
    return Refused(f"{host} is not on the public internet: download the document and ingest the file.")


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system's resolver gives them. Raises OSError if it has none."""
    import asyncio

    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(one[4][0]) for one in found]
