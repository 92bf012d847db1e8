"""The one factory of outgoing clients and mail sockets: each host is resolved once, checked, and dialled as checked.

A platform's or a webhook's URL is somebody's input. It may not make us speak to the network that we stand in.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Protocol

import httpcore
import httpx

from collectors.errors import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443, 8443})
MAIL_PORTS = frozenset({25, 465, 587, 2525})
TIMEOUT = httpx.Timeout(30.0, connect=5.0)

# fmt: off
BLOCKED: tuple[Network, ...] = tuple(map(ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
    "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)))
# fmt: on
NAT64 = IPv6Network("64:ff9b::/96")

# What resolvers would read as a number (WHATWG URL, "ends in a number"): only a plain dotted quad is taken.
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*", re.ASCII)


class ForbiddenAddress(Refused):
    """A URL that we do not call. Says the host and the setting, never what the host resolved to."""


class Resolver(Protocol):
    """Gives every address of a name, as text. Raises OSError where there is none."""

    async def resolve(self, host: str, port: int) -> Sequence[str]: ...


class SystemResolver:
    async def resolve(self, host: str, port: int) -> Sequence[str]:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


SYSTEM_RESOLVER = SystemResolver()


def client(
    allow_networks: Sequence[Network],
    *,
    resolver: Resolver = SYSTEM_RESOLVER,
    timeout: httpx.Timeout = TIMEOUT,
    headers: Mapping[str, str] | None = None,
    pools: int = 1,
) -> httpx.AsyncClient:
    """A client for the outside: TLS always verified, no redirect followed, nothing taken from the environment.

    `pools`: a pool looks through all of its connections at each request; many to many hosts are spread over several.
    """
    transport = _GuardedTransport(_Dialler(tuple(allow_networks), resolver), pools)
    return httpx.AsyncClient(
        transport=transport, timeout=timeout, headers=headers, follow_redirects=False, trust_env=False
    )


async def check_url(url: str, allow_networks: Sequence[Network], resolver: Resolver = SYSTEM_RESOLVER) -> None:
    """For a URL about to be saved. A host that does not resolve now is let through: each connection checks again."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        # Not said back: the address of a channel holds its secret.
        raise ForbiddenAddress(f"this is not a URL: {error}") from None
    await _check(_checked_host(parsed), _port(parsed), allow_networks, resolver, PORTS)


async def check_mail_host(
    host: str, port: int, allow_networks: Sequence[Network], resolver: Resolver = SYSTEM_RESOLVER
) -> None:
    """For a mail server about to be saved, as `check_url` for a URL."""
    await _check(_mail_host(host, port), port, allow_networks, resolver, MAIL_PORTS)


async def mail_socket(
    host: str, port: int, allow_networks: Sequence[Network], resolver: Resolver = SYSTEM_RESOLVER
) -> tuple[socket.socket, bool]:
    """A connection to a mail server, dialled as checked. True: it stays on a private network that was named as ours.

    OSError where nobody answers. The name stays with the caller, for TLS.
    """
    name, allow = _mail_host(host, port), tuple(allow_networks)
    addresses = await _addresses(name, port, allow, resolver, MAIL_PORTS)
    for address in addresses[:-1]:
        try:
            async with asyncio.timeout(TIMEOUT.connect / len(addresses)):  # type: ignore[operator]
                return await _dialled(name, address, port, allow)
        except OSError:
            continue
    return await _dialled(name, addresses[-1], port, allow)


async def _dialled(host: str, address: str, port: int, allow: Sequence[Network]) -> tuple[socket.socket, bool]:
    wire = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        wire.setblocking(False)
        await asyncio.get_running_loop().sock_connect(wire, (address, port))
        peer = _same(wire.getpeername()[0], address)
        if peer is None or not permitted(peer, port, allow, MAIL_PORTS):
            raise _forbidden(host, port, MAIL_PORTS)
    except BaseException:
        wire.close()
        raise
    return wire, _within(peer, allow) and _within(peer, BLOCKED)


def _mail_host(host: str, port: int) -> str:
    try:
        return _checked_host(httpx.URL(scheme="http", host=host, port=port))
    except httpx.InvalidURL as error:
        raise ForbiddenAddress(f"{host!r} is not a host: {error}") from None


async def _check(host: str, port: int, allow: Sequence[Network], resolver: Resolver, ports: frozenset[int]) -> None:
    try:
        async with asyncio.timeout(5):
            await _addresses(host, port, tuple(allow), resolver, ports)
    except OSError:  # TimeoutError is one
        return


def permitted(address: Address, port: int, allow_networks: Sequence[Network], ports: frozenset[int] = PORTS) -> bool:
    """Whether this address may be dialled. An IPv4 address inside an IPv6 one is judged as itself too."""
    inner = _embedded(address)
    if inner is not None:
        if isinstance(address, IPv6Address) and address.ipv4_mapped:
            return permitted(inner, port, allow_networks, ports)
        if _within(inner, BLOCKED) and not _within(inner, allow_networks):
            return False
    return _within(address, allow_networks) or (port in ports and not _within(address, BLOCKED))


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _checked_host(url: httpx.URL) -> str:
    """The host as it goes to the resolver, in ASCII: httpx has done IDNA, and nobody does it again."""
    host = url.raw_host.decode("ascii")
    if url.scheme not in ("http", "https"):
        raise ForbiddenAddress(f"{url.scheme or 'no scheme'!r}: only http and https URLs are called")
    if url.userinfo:
        raise ForbiddenAddress(f"{host}: a URL may not carry a user or a password")
    if not host or "%" in host or not _plain(host):
        raise ForbiddenAddress(f"{host or 'an empty host'!r}: give a host name, or an IP address in its usual spelling")
    if url.port is not None and not 1 <= url.port <= 65_535:
        raise ForbiddenAddress(f"{host}: {url.port} is not a port")
    return host


def _plain(host: str) -> bool:
    if ":" in host or _NUMBER.fullmatch(host.removesuffix(".").rpartition(".")[2]):
        return _parsed(host) is not None
    return True


def _parsed(text: str) -> Address | None:
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


async def _addresses(
    host: str, port: int, allow: Sequence[Network], resolver: Resolver, ports: frozenset[int] = PORTS
) -> list[str]:
    """Resolve once. One answer that may not be dialled refuses them all: which one is dialled would be luck."""
    try:
        answers = [host] if _parsed(host) else await resolver.resolve(host, port)
    except UnicodeError as error:
        raise OSError(f"{host}: not a name that can be looked up") from error
    if not answers:
        raise OSError(f"{host}: no address")
    for answer in answers:
        address = _parsed(answer)
        if address is None or not permitted(address, port, allow, ports):
            raise _forbidden(host, port, ports)
    return list(answers)


def _same(peer: str, address: str) -> Address | None:
    """Who was reached, if that is who was dialled."""
    found = _parsed(peer)
    return found if found == _parsed(address) else None


def _forbidden(host: str, port: int, ports: frozenset[int] = PORTS) -> ForbiddenAddress:
    named = ", ".join(map(str, sorted(ports)))
    return ForbiddenAddress(
        f"{host}:{port} is not called: it is on a private or reserved network, or the port is none of {named}. "
        "If it is yours, name its network in GROUNDSWELL_ALLOW_NETWORKS (127.0.0.0/8,::1/128 for this machine)"
    )


class _Pools:
    """Several pools, each host in one of them."""

    def __init__(self, pools: Sequence[httpcore.AsyncConnectionPool]) -> None:
        self._pools = pools

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        chosen = hash((request.url.host, request.url.port)) % len(self._pools)
        return await self._pools[chosen].handle_async_request(request)

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    async def __aenter__(self) -> "_Pools":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()


@cache
def _tls() -> ssl.SSLContext:
    """One for all clients: to read the roots of trust takes longer than many a call."""
    return httpx.create_ssl_context(trust_env=False)


class _GuardedTransport(httpx.AsyncHTTPTransport):
    def __init__(self, dialler: "_Dialler", pools: int) -> None:
        # httpx has no argument for the dialler, so its pool is built here; test_outbound proves that it is asked.
        tls = _tls()
        super().__init__(verify=tls)
        self._pool = _Pools([  # type: ignore[assignment]
            httpcore.AsyncConnectionPool(tls, max_connections=100, keepalive_expiry=5.0, network_backend=dialler)
            for _ in range(pools)
        ])  # fmt: skip

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        _checked_host(request.url)
        return await super().handle_async_request(request)


class _Dialler(httpcore.AsyncNetworkBackend):
    """Dials what was checked and nothing else. The name stays with httpcore, which uses it for Host and SNI."""

    def __init__(self, allow: tuple[Network, ...], resolver: Resolver) -> None:
        self._allow = allow
        self._resolver = resolver
        self._sockets = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await _addresses(host, port, self._allow, self._resolver)
                return await self._first_that_answers(host, addresses, port, timeout)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"{host}: no connection in time") from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error

    async def _first_that_answers(
        self, host: str, addresses: Sequence[str], port: int, timeout: float | None
    ) -> httpcore.AsyncNetworkStream:
        share = timeout and timeout / len(addresses)
        for address in addresses[:-1]:
            try:
                return await self._dial(host, address, port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._dial(host, addresses[-1], port, share)

    async def _dial(self, host: str, address: str, port: int, timeout: float | None) -> httpcore.AsyncNetworkStream:
        stream = await self._sockets.connect_tcp(address, port, timeout)
        try:
            peer = _same(stream.get_extra_info("socket").getpeername()[0], address)
            if peer is None or not permitted(peer, port, self._allow):
                raise _forbidden(host, port)
        except BaseException:
            await stream.aclose()
            raise
        return stream
