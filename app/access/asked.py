"""What a request shows of where it comes from: peer, Host, proxies, and the page that a browser says it is of."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request shows of itself. Names of headers are in lower case."""

    method: str
    path: str
    query: str
    peer: str | None
    http: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)

    @classmethod
    def of(cls, scope: Mapping[str, Any]) -> "Asked":
        """From an ASGI scope."""
        client = scope.get("client")
        headers = tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"])
        query = scope.get("query_string", b"").decode("latin-1")
        return cls(scope["method"], scope["path"], query, client[0] if client else None, scope["http_version"], headers)

    def every(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]


def is_loopback(host: str) -> bool:
    """Whether the name or address is this machine's own, spelled as usual."""
    if host.lower() == "localhost":
        return True
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def loopback_host(asked: Asked) -> bool:
    hosts = asked.every("host")
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(:\d{1,5})?", hosts[0]) if len(hosts) == 1 else None
    return match is not None and is_loopback(match[1].strip("[]"))


# What proxies add to say for whom they ask.
_PROXY = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip"})


def proxied(asked: Asked) -> bool:
    """A proxy says so in a header, or speaks HTTP/1.0, as one set up with a bare `proxy_pass` does."""
    told = any(name in _PROXY or name.startswith("x-forwarded-") for name, _ in asked.headers)
    return told or asked.http == "1.0"


def sender(asked: Asked, trusted: Sequence[IPv4Network | IPv6Network]) -> str | None:
    """Whose request it is: the last address that is no trusted proxy's. What stands before it anybody can have made up.

    A peer that is not trusted is taken itself, whatever its headers say.
    """
    told = [part for value in asked.every("x-forwarded-for") for part in value.split(",")]
    found = asked.peer
    while told and _is_of(found, trusted) and (before := _plain(told.pop())):
        found = before
    return found


def _is_of(address: str | None, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    if address is None or not networks:
        return False
    try:
        known = ip_address(address)
    except ValueError:
        return False
    mapped = known.ipv4_mapped if isinstance(known, IPv6Address) else None
    return any((mapped or known) in network for network in networks)


def _plain(told: str) -> str | None:
    """Some proxies add the port. None for what is no address."""
    match = re.fullmatch(r"\[(.*)\](?::\d+)?|([0-9.]+):\d+", told.strip())
    try:
        return str(ip_address(match[1] or match[2] if match else told.strip()))
    except ValueError:
        return None


def same_site(asked: Asked) -> bool:
    """What the browser certifies counts first: a proxy may have changed the Host that Origin is compared with."""
    return site_allows(asked) if asked.every("sec-fetch-site") else origin_allows(asked)


def site_allows(asked: Asked) -> bool:
    sites = asked.every("sec-fetch-site")
    return all(site in ("same-origin", "none") for site in sites) or _followed_link(asked)


def _followed_link(asked: Asked) -> bool:
    """Someone followed a link to one of our pages: the other site sees nothing of it, and reading changes nothing."""
    page = not asked.path.startswith("/api/") and asked.path != "/metrics"
    whole = asked.every("sec-fetch-mode") == ["navigate"] and asked.every("sec-fetch-dest") == ["document"]
    return page and whole and asked.method in ("GET", "HEAD")


def origin_allows(asked: Asked) -> bool:
    hosts = asked.every("host")
    return all([_authority(origin)] == [_trimmed(host) for host in hosts] for origin in asked.every("origin"))


def _authority(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return _trimmed(parts.netloc) if parts.scheme in ("http", "https") else None


def _trimmed(authority: str) -> str:
    return authority.lower().removesuffix(":443").removesuffix(":80")
