"""The guard of outgoing calls: a table of addresses and spellings, then real sockets on loopback."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import anyio
import certifi
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app import outbound
from app.outbound import (
    MAIL_PORTS,
    ForbiddenAddress,
    SystemResolver,
    check_mail_host,
    check_url,
    client,
    mail_socket,
    permitted,
)

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
    "128.0.0.1", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.0.3.0",
    "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2606:4700:4700::1111", "2a00:1450:4001::200e", "2001:4860:4860::8888", "2003::1", "::ffff:8.8.8.8",
]  # fmt: skip
PRIVATE = [
    "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1",
    "127.0.0.2", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
    "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0", "192.88.99.255",
    "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255",
    "203.0.113.0", "203.0.113.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "100::1", "2001::1",
    "2001:0:53aa:64c:0:0:80ff:fffe", "2001:1ff:ffff::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2002:808:808::1", "3fff::1", "3fff:fff:ffff::1", "5f00::1", "fc00::1", "fd12:3456::1", "fdff::1", "fe80::1",
    "febf::1", "fec0::1", "feff::1", "ff02::1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_may_be_called_on_the_usual_ports_only(text: str) -> None:
    address = ip_address(text)
    assert [permitted(address, port, ()) for port in (80, 443, 8443)] == [True] * 3
    assert not any(permitted(address, port, ()) for port in (22, 25, 5432, 8000, 8080))


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_or_reserved_address_is_refused(text: str) -> None:
    assert not any(permitted(ip_address(text), port, ()) for port in (80, 443, 8443, 8000))


@pytest.mark.parametrize(
    ("text", "network", "allowed"),
    [
        ("127.0.0.1", "127.0.0.0/8", True),
        ("::ffff:127.0.0.1", "127.0.0.0/8", True),
        ("::1", "127.0.0.0/8", False),
        ("::1", "::1/128", True),
        ("10.1.2.3", "127.0.0.0/8", False),
        ("64:ff9b::8.8.8.8", "64:ff9b::/96", True),
        ("64:ff9b::127.0.0.1", "64:ff9b::/96", False),
        ("2002:7f00:1::", "2002::/16", False),
        ("2002:808:808::1", "2002::/16", True),
        ("2001:0:53aa:64c:0:0:80ff:fffe", "2001::/32", False),
    ],
)
def test_a_named_network_opens_any_port_but_never_what_is_wrapped_inside(
    text: str, network: str, allowed: bool
) -> None:
    assert permitted(ip_address(text), 8000, [ip_network(network)]) is allowed


SPELLINGS = [
    "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/",
    "http://127.0.1/", "http://0/", "http://127.0.0.01/", "http://127.0.0.1./", "http://127.0.0.256/",
    "http://1.2.3.4.5/", "http://name.0x7f/", "http://0x/", "http://127。0。0。1/", "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/", "http://%31%32%37.0.0.1/", "http://ex%61mple.org/", "http://ex ample.org/",
    "http://[::1]/", "http://[::ffff:7f00:1]/", "http://[fe80::1%25lo]/", "http://[fe80::1%lo]/", "http://[v1.x]/",
    "http://user@example.org/", "http://user:word@example.org/", "http://example.org\\@127.0.0.1/",
    "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org/", "example.org",
    "http:///path", "http://:80/", "http://example.org:0/", "http://example.org:99999/", "http://example.org:x/",
    "", "http://", "http://exa\tmple.org/", "http://public.test:22/", "http://public.test:8000/",
]  # fmt: skip


class Answers:
    """A resolver in the test's hand: each call takes the next answer, the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("url", SPELLINGS)
async def test_a_url_that_hides_where_it_leads_is_refused_when_saved_and_when_called(url: str) -> None:
    resolver = Answers(["8.8.8.8"])
    with pytest.raises(ForbiddenAddress):
        await check_url(url, [], resolver)
    async with client([], resolver=resolver) as http:
        with pytest.raises((ForbiddenAddress, httpx.InvalidURL, httpx.UnsupportedProtocol)):
            await http.get(url)


@pytest.mark.parametrize(
    "url", ["https://public.test/", "http://public.test:8443/x?y", "https://bücher.test/", "http://public.test./"]
)
async def test_a_public_url_is_taken(url: str) -> None:
    await check_url(url, [], Answers(["8.8.8.8", "2606:4700::1"]))


async def test_idna_is_done_once() -> None:
    resolver = Answers(["8.8.8.8"])
    await check_url("https://BÜCHER.test/", [], resolver)
    assert resolver.asked == ["xn--bcher-kva.test"]


@pytest.mark.parametrize(
    "answers",
    [
        ["8.8.8.8", "127.0.0.1"],
        ["127.0.0.1", "8.8.8.8"],
        ["2606:4700::1", "::1"],
        ["8.8.8.8", "::ffff:10.0.0.1"],
        ["fe80::1%lo"],
        ["not an address"],
    ],
)
async def test_one_bad_answer_refuses_them_all(answers: list[str]) -> None:
    with pytest.raises(ForbiddenAddress):
        await check_url("https://mixed.test/", [], Answers(answers))


async def test_the_error_names_the_host_and_the_setting_but_not_what_it_resolved_to() -> None:
    with pytest.raises(ForbiddenAddress) as caught:
        await check_url("https://inside.test/", [], Answers(["10.20.30.40"]))
    assert "inside.test" in str(caught.value)
    assert "GROUNDSWELL_ALLOW_NETWORKS" in str(caught.value)
    assert "10.20.30.40" not in str(caught.value)


class Unresolvable:
    async def resolve(self, host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")


async def test_a_name_that_does_not_resolve_can_be_saved_and_fails_to_connect() -> None:
    await check_url("https://later.test/", [], Unresolvable())
    async with client([], resolver=Unresolvable()) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("https://later.test/")
        with pytest.raises(httpx.ConnectError):
            await http.get("https://later.test/")


async def test_a_resolver_that_hangs_ends_with_the_connect_timeout() -> None:
    class Hangs:
        async def resolve(self, host: str, port: int) -> Sequence[str]:
            await asyncio.sleep(60)
            return []

    async with client([], resolver=Hangs(), timeout=httpx.Timeout(5, connect=0.05)) as http:
        with pytest.raises(httpx.ConnectTimeout):
            await http.get("https://slow.test/")


@pytest.mark.parametrize("host", ["a" * 70 + ".test", "..", "a..b"])
async def test_a_name_that_cannot_be_looked_up_is_a_connect_error(host: str) -> None:
    async with client([], resolver=SystemResolver()) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"http://{host}/")


class Site:
    """A server on one loopback address that notes the heads of its requests and answers all of them alike."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[str] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head.decode())
                writer.write(self.answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def site(
    host: str, port: int = 0, answer: bytes = OK, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Site, int]]:
    served = Site(answer)
    server = await asyncio.start_server(served.serve, host, port, ssl=tls)
    async with server:
        yield served, server.sockets[0].getsockname()[1]


AS_PUBLIC = [ip_network("127.0.0.2/32")]
"""On loopback the tests call 127.0.0.2 public and 127.0.0.1 private: an attacker's site and the inside."""


async def test_loopback_is_refused_unless_named() -> None:
    async with site("127.0.0.1") as (inside, port):
        async with client([]) as http:
            for host in ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"):
                with pytest.raises(ForbiddenAddress):
                    await http.get(f"http://{host}:{port}/")
        assert inside.connections == 0
        async with client([ip_network("127.0.0.0/8")]) as http:
            assert (await http.get(f"http://127.0.0.1:{port}/")).text == "ok"


async def test_the_connection_goes_to_the_address_that_was_checked_with_the_name_kept() -> None:
    async with site("127.0.0.2") as (outside, port), client(AS_PUBLIC, resolver=Answers(["127.0.0.2"])) as http:
        response = await http.get(f"http://platform.test:{port}/path?q=1")
        assert response.text == "ok"
        assert response.extensions["network_stream"].get_extra_info("server_addr") == ("127.0.0.2", port)
        assert outside.heads[0].startswith("GET /path?q=1 HTTP/1.1\r\n")
        assert f"Host: platform.test:{port}\r\n" in outside.heads[0]


async def test_a_name_that_moves_inside_between_check_and_call_is_refused() -> None:
    resolver = Answers(["127.0.0.2"], ["127.0.0.1"])
    async with site("127.0.0.1") as (inside, port):
        await check_url(f"http://rebinding.test:{port}/", AS_PUBLIC, resolver)
        async with client(AS_PUBLIC, resolver=resolver) as http:
            with pytest.raises(ForbiddenAddress):
                await http.get(f"http://rebinding.test:{port}/")
        assert inside.connections == 0


async def test_one_connection_asks_the_resolver_once() -> None:
    resolver = Answers(["127.0.0.2"], ["127.0.0.1"])
    async with site("127.0.0.2") as (outside, port), site("127.0.0.1", port) as (inside, _):
        async with client(AS_PUBLIC, resolver=resolver) as http:
            assert (await http.get(f"http://rebinding.test:{port}/")).text == "ok"
            assert (await http.get(f"http://rebinding.test:{port}/")).text == "ok"
        assert resolver.asked == ["rebinding.test"]
        assert (outside.connections, inside.connections) == (1, 0)


async def test_a_redirect_is_an_answer_and_following_it_by_hand_meets_the_guard_again() -> None:
    async with site("127.0.0.1") as (inside, port):
        redirect = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with site("127.0.0.2", answer=redirect) as (_, outer), client(AS_PUBLIC) as http:
            response = await http.get(f"http://127.0.0.2:{outer}/")
            assert response.status_code == 302
            with pytest.raises(ForbiddenAddress):
                await http.get(response.headers["location"])
        assert inside.connections == 0


async def test_a_dead_first_address_gives_way_to_the_next_checked_one() -> None:
    resolver = Answers(["127.0.0.3", "127.0.0.2"])
    async with site("127.0.0.2") as (outside, port):
        async with client([ip_network("127.0.0.2/31")], resolver=resolver) as http:
            assert (await http.get(f"http://two.test:{port}/")).text == "ok"
        assert outside.connections == 1


async def test_a_proxy_or_a_netrc_in_the_environment_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.2 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with site("127.0.0.1") as (proxy, proxy_port), site("127.0.0.2") as (outside, port):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy_port}")
        async with client(AS_PUBLIC) as http:
            await http.get(f"http://127.0.0.2:{port}/")
        assert proxy.connections == 0
        assert "authorization" not in outside.heads[0].lower()


async def test_the_peer_is_checked_again_after_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the system dial elsewhere than told (a transparent redirect), nothing is sent."""
    real = anyio.connect_tcp

    async def elsewhere(remote_host: str, *args: object, **kwargs: object) -> object:
        return await real("127.0.0.1", *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(anyio, "connect_tcp", elsewhere)
    async with site("127.0.0.1") as (inside, port), client(AS_PUBLIC) as http:
        with pytest.raises(ForbiddenAddress):
            await http.get(f"http://127.0.0.2:{port}/")
        assert inside.heads == []


def _certificate(folder: Path, name: str) -> tuple[Path, ssl.SSLContext, list[str | None]]:
    """A certificate for `name` that is its own authority, a server's context, and the names that callers asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "site.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = folder / "site.key"
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem, secret)
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, server_name, _context: asked.append(server_name)
    return pem, tls, asked


async def test_tls_is_verified_against_the_name_and_the_name_is_sent_as_sni(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pem, tls, asked = _certificate(tmp_path, "platform.test")
    async with site("127.0.0.2", tls=tls) as (outside, port):
        async with client(AS_PUBLIC, resolver=Answers(["127.0.0.2"])) as http:
            with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
                await http.get(f"https://platform.test:{port}/")
        monkeypatch.setattr(certifi, "where", lambda: str(pem))
        monkeypatch.setattr(outbound, "_tls", outbound._tls.__wrapped__)  # one that has read it
        async with client(AS_PUBLIC, resolver=Answers(["127.0.0.2"])) as http:
            assert (await http.get(f"https://platform.test:{port}/")).text == "ok"
            with pytest.raises(httpx.ConnectError, match=r"(?i)hostname"):
                await http.get(f"https://other.test:{port}/")
        assert asked == ["platform.test", "platform.test", "other.test"]
        assert len(outside.heads) == 1


def test_a_mail_server_is_called_on_mail_ports_only_and_a_url_never_there() -> None:
    public, private = ip_address("8.8.8.8"), ip_address("10.0.0.1")
    ports = (25, 465, 587, 2525, 80, 443, 22)
    assert [permitted(public, port, (), MAIL_PORTS) for port in ports] == [True] * 4 + [False] * 3
    assert not any(permitted(private, port, (), MAIL_PORTS) for port in ports)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "::1", "::ffff:127.0.0.1", "fe80::1%lo", "a b", ""])
async def test_a_mail_server_that_hides_where_it_is_is_refused(host: str) -> None:
    for asked in (check_mail_host, mail_socket):
        with pytest.raises(ForbiddenAddress):
            await asked(host, 25, [], Answers(["8.8.8.8"]))


async def test_a_mail_server_is_dialled_as_it_was_checked() -> None:
    resolver = Answers(["127.0.0.3", "127.0.0.2"], ["127.0.0.1"])
    two = [ip_network("127.0.0.2/31")]
    async with site("127.0.0.2") as (_, port), site("127.0.0.1", port) as (inside, _):
        wire, named = await mail_socket("mail.test", port, two, resolver)
        with wire:
            assert (wire.getpeername(), named, wire.getblocking()) == (("127.0.0.2", port), True, False)
        assert resolver.asked == ["mail.test"]
        with pytest.raises(ForbiddenAddress):
            await mail_socket("mail.test", port, two, resolver)
        with pytest.raises(ForbiddenAddress):
            await mail_socket("mail.test", port, two, Answers(["127.0.0.2", "127.0.0.1"]))
        assert inside.connections == 0


async def test_the_peer_of_a_mail_socket_is_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    real = loop.sock_connect

    async def elsewhere(wire: socket.socket, address: tuple[str, int]) -> None:
        await real(wire, ("127.0.0.1", address[1]))

    monkeypatch.setattr(loop, "sock_connect", elsewhere)
    async with site("127.0.0.1") as (_, port):
        with pytest.raises(ForbiddenAddress):
            await mail_socket("127.0.0.2", port, [ip_network("127.0.0.0/8")])


async def test_what_is_no_url_is_not_said_back() -> None:
    """The address of a channel holds its secret."""
    with pytest.raises(ForbiddenAddress, match="not a URL") as refused:
        await check_url("https://x:abc/services/SECRET", ())
    assert "SECRET" not in str(refused.value)
