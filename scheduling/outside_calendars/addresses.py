"""Which addresses may be read: ours are staff who paste what a provider gave them, or a thief of their login.

The name is resolved once, every address that it has must be public, and the connection goes to one of
exactly these: what the name leads to a moment later does not matter.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from scheduling.outside_calendars.errors import Unreadable

SCHEMES = {"https": 443, "http": 80}
SUBSCRIPTION = "webcal://"  # what Apple writes for https
LONGEST = 1000

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

# Their last 32 bits are an IPv4 address, to which a gateway passes on what is sent.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")
_NOWHERE = (ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("fec0::/10"))


@dataclass(frozen=True)
class Target:
    scheme: str
    host: str
    port: int


def normalised(text: str) -> str:
    url = text.strip()
    return f"https://{url[len(SUBSCRIPTION) :]}" if url.lower().startswith(SUBSCRIPTION) else url


def check(url: str, *, allow_loopback: bool) -> Target:
    """Judge the spelling, without asking anybody. Raises Unreadable."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unreadable("bad_address") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url
    if not is_plain or len(url) > LONGEST or parts.scheme not in SCHEMES or not parts.hostname or port == 0:
        raise Unreadable("bad_address")
    if "@" in parts.netloc:  # a name and a password, or a host dressed up as another
        raise Unreadable("bad_address")
    target = Target(parts.scheme, parts.hostname, port or SCHEMES[parts.scheme])
    literal = _literal(target.host)
    if literal is not None and not is_allowed(literal, allow_loopback=allow_loopback):
        raise Unreadable("forbidden_address")
    return target


def resolve(target: Target, *, allow_loopback: bool) -> list[str]:
    """The addresses of the host. Raises Unreadable if there is none, or one of them is not public."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreadable("unreachable") from None
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    for address in addresses:
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            raise Unreadable("forbidden_address") from None
        if not is_allowed(ip, allow_loopback=allow_loopback):
            raise Unreadable("forbidden_address")
    return addresses


def is_allowed(ip: Ip, *, allow_loopback: bool) -> bool:
    return _is_public(ip) or (allow_loopback and ip.is_loopback)


def _is_public(ip: Ip) -> bool:
    """Not of a home, a company, a cloud's inside, this machine, or many machines at once."""
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _NOWHERE) or getattr(ip, "scope_id", None):
            return False
        carried = _carried(ip)
        if carried is not None:
            return _is_public(carried)
        if ip.sixtofour or ip.teredo:
            return False  # tunnels that nobody needs any more
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback)


def _carried(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64 or ip in _COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _literal(host: str) -> Ip | None:
    """The address that the host spells: also 2130706433, 0x7f.1 and 0177.0.0.1, as the system reads them."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None
