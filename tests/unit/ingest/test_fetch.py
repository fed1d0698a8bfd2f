"""Fetching: which addresses are refused, that the checked one is the one connected to, and what a server may send."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from knowledge.ingest.addresses import is_public, plain_host
from knowledge.ingest.fetch import Fetched, FetchLimits, fetch
from knowledge.model import Refused

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Peer:
    """A web server on this machine that remembers what it was asked."""

    address: str = "127.0.0.1"
    port: int = 0
    asked: list[web.BaseRequest] = field(default_factory=list)
    answer: Handler | None = None

    @property
    def place(self) -> str:
        return f"{self.address}:{self.port}"

    def limits(self, *, size: int = 100_000, seconds: float = 10, also: Sequence["Peer"] = ()) -> FetchLimits:
        allowed = frozenset(peer.place for peer in (self, *also))
        return FetchLimits(allowed_hosts=allowed, size=size, seconds=seconds)


async def started(peer: Peer) -> web.ServerRunner:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        peer.asked.append(request)
        if peer.answer:
            return await peer.answer(request)
        return web.Response(text="# Guide\n", content_type="text/markdown")

    runner = web.ServerRunner(web.Server(handle), shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, peer.address, peer.port)
    await site.start()
    peer.port = runner.addresses[0][1]
    return runner


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    one = Peer()
    runner = await started(one)
    yield one
    await runner.cleanup()


@pytest.fixture
async def other() -> AsyncIterator[Peer]:
    one = Peer()
    runner = await started(one)
    yield one
    await runner.cleanup()


def names(**addresses: str | list[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Answers for a host; a list is given one after the other, the last one for ever."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        found = addresses[host.partition(".")[0]]
        if isinstance(found, list):
            return found.pop(0).split() if len(found) > 1 else found[0].split()
        return found.split()

    return resolve


def responding(**kinds: object) -> Handler:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(**kinds)  # type: ignore[arg-type]

    return handle


async def nobody(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was looked up")


# --- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "100.127.255.255", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "64:ff9b::7f00:1"),
        *("64:ff9b::192.168.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::1", "2001:0:7f00:1::1"),
        *("2001:0:4136:e378:8000:63bf:3fff:fdd2", "100::1", "3fff::1", "2a00:1450::5efe:10.0.0.1", "", "x", "1.2.3"),
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "93.184.216.34", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.0.1.1"),
        *("2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:80b::200e", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"),
        "2002:808:808::1",
    ],
)
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:8080/",
        "http://127.0.0.1./",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0X7F.0x0.0x0.0x1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://127.0.0.0x1/",
        "http://1.2.3.4.5/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://a.localhost/",
        "http://a.localhost.:80/",
        "http://ⓛocalhost/",
        "http://\uff4c\uff4fcalhost/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/",
        "http://[fe80::1%25eth0]/",
        "http://[fd00::1]/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ],
)
async def test_spellings_of_this_machine_and_its_network_are_refused_unasked(url: str) -> None:
    with pytest.raises(
        Refused, match=r"not on the public internet|a number for a host name|no valid host name|not a valid"
    ):
        await fetch(url, resolve=nobody)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://example.com/x", "Only documents on the web"),
        ("file:///etc/passwd", "Only documents on the web"),
        ("gopher://example.com/", "Only documents on the web"),
        ("data:text/plain,x", "Only documents on the web"),
        ("example.com/x", "Only documents on the web"),
        ("", "Only documents on the web"),
        ("http:///x", "Only documents on the web|not a valid"),
        ("https://user:pass@example.com/", "user name or password"),
        ("https://user@example.com/", "user name or password"),
        ("https://@example.com/", "."),
        ("http://example.com:22/", "unusual port"),
        ("http://example.com:6379/", "unusual port"),
        ("http://example.com:0/", "unusual port|Only documents|not found"),
        ("http://example.com:99999/", "not a valid"),
        ("http://[::1/", "not a valid"),
        ("http://exa mple.com/", "no spaces"),
        ("http://example.com/\r\nHost: x", "no spaces"),
        ("http://exa%6dple.com:80/", "no valid host|not a valid|not found"),
        ("http://" + "a" * 300 + ".com/", "no valid host|not a valid"),
        ("http://a..b/", "no valid host|not a valid"),
    ],
)
async def test_what_is_no_address_of_a_document(url: str, said: str) -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(Refused, match=said):
        await fetch(url, resolve=nothing)


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("Example.COM.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("\uff45xample.com", "example.com"),
        ("8.8.8.8", "8.8.8.8"),
        ("[2A00:1450:0:0::1]", "2a00:1450::1"),
        ("a_b.example", "a_b.example"),
        ("3com.example", "3com.example"),
    ],
)
def test_the_one_spelling_of_a_host(host: str, plain: str) -> None:
    assert plain_host(host) == plain


@pytest.mark.parametrize(
    "found", ["127.0.0.1", "93.184.216.34 10.0.0.1", "::1", "93.184.216.34 ::ffff:169.254.169.254"]
)
async def test_a_name_that_leads_inside_is_refused_whatever_else_it_leads_to(found: str, peer: Peer) -> None:
    with pytest.raises(
        Refused, match=r"^docs\.example is not on the public internet: download the document"
    ) as refused:
        await fetch("http://docs.example/x.md", resolve=names(docs=found))
    assert not any(address in str(refused.value) for address in found.split())
    assert peer.asked == []


async def test_a_name_without_an_address() -> None:
    with pytest.raises(Refused, match=r"^docs\.example is not found: check the spelling of the address\.$"):
        await fetch("http://docs.example/x.md", resolve=names(docs=""))


# --- what is fetched -------------------------------------------------------------------------


async def test_a_document_with_its_name_and_type(peer: Peer) -> None:
    found = await fetch(f"http://{peer.place}/a/Cache%20guide.md?x=1#part", limits=peer.limits())
    assert found == Fetched(
        data=b"# Guide\n",
        media_type="text/markdown; charset=utf-8",
        url=f"http://{peer.place}/a/Cache%20guide.md?x=1",
        name="Cache guide.md",
    )
    assert "Cookie" not in peer.asked[0].headers
    assert "Authorization" not in peer.asked[0].headers


async def test_the_connection_goes_to_the_checked_address_though_the_name_moves(peer: Peer) -> None:
    """DNS rebinding: the first answer is allowed, the second is the machine's own address on another interface."""
    inside = Peer(address="127.0.0.2", port=peer.port)
    runner = await started(inside)
    resolve = names(docs=["127.0.0.1", "127.0.0.2"])
    try:
        found = await fetch(f"http://docs.example:{peer.port}/x.md", limits=peer.limits(), resolve=resolve)
        assert found.data == b"# Guide\n"
        assert peer.asked[0].headers["Host"] == f"docs.example:{peer.port}"
        with pytest.raises(Refused, match="not on the public internet"):
            await fetch(f"http://docs.example:{peer.port}/x.md", limits=peer.limits(), resolve=resolve)
    finally:
        await runner.cleanup()
    assert len(peer.asked) == 1
    assert inside.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:{port}/secret.md",
        "//localhost:8080/secret.md",
        "http://inside.example/secret.md",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433:{port}/",
        "file:///etc/passwd",
        "http://user:pass@docs.example/",
        "http://docs.example:22/",
    ],
)
async def test_a_redirect_is_checked_anew(target: str, peer: Peer, other: Peer) -> None:
    peer.answer = responding(status=302, headers={"Location": target.format(port=other.port)})
    resolve = names(docs="127.0.0.1", inside="10.0.0.1")
    with pytest.raises(Refused):
        await fetch(f"http://docs.example:{peer.port}/x.md", limits=peer.limits(), resolve=resolve)
    assert len(peer.asked) == 1
    assert other.asked == []


async def test_a_redirect_to_an_allowed_place_is_followed_without_cookies(peer: Peer, other: Peer) -> None:
    peer.answer = responding(
        status=301, headers={"Location": f"http://{other.place}/new/b.md", "Set-Cookie": "id=SECRET; Domain=127.0.0.1"}
    )
    found = await fetch(f"http://{peer.place}/a.md", limits=peer.limits(also=[other]))
    assert (found.url, found.name) == (f"http://{other.place}/new/b.md", "b.md")
    assert "Cookie" not in other.asked[0].headers


async def test_a_relative_redirect(peer: Peer) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/a/b.md":
            return web.Response(status=307, headers={"Location": "../c d.md"})
        return web.Response(text="x", content_type="text/plain")

    peer.answer = handle
    assert (await fetch(f"http://{peer.place}/a/b.md", limits=peer.limits())).name == "c d.md"


async def test_redirects_in_a_circle_end(peer: Peer) -> None:
    peer.answer = responding(status=302, headers={"Location": "/again.md"})
    with pytest.raises(Refused, match=r"^The address leads on more than 5 times: give the one it ends at\.$"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits())
    assert len(peer.asked) == 6


# --- what a server may send ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("a", "text/html; charset=iso-8859-2", "text/html; charset=iso-8859-2"),
        ("a", "text/plain", "text/plain"),
        ("a", "application/pdf", "application/pdf"),
        ("a.docx", "application/octet-stream", ""),
        ("a.md", "application/octet-stream", ""),
        ("a.exe", "application/octet-stream", None),
        ("a.md", "image/png", None),
        ("a.md", "application/zip", None),
        ("a", "application/json", None),
    ],
)
async def test_the_kinds_that_are_documents(name: str, kind: str, told: str | None, peer: Peer) -> None:
    peer.answer = responding(body=b"x", headers={"Content-Type": kind})
    asked = fetch(f"http://{peer.place}/{name}", limits=peer.limits())
    if told is None:
        with pytest.raises(Refused, match="is not a document that can be taken: give the address of Markdown"):
            await asked
    else:
        assert (await asked).media_type == told


@pytest.mark.parametrize("status", [204, 304, 401, 404, 500])
async def test_an_error_of_the_server(status: int, peer: Peer) -> None:
    peer.answer = responding(status=status)
    with pytest.raises(Refused, match=rf"^127\.0\.0\.1 answered {status} to the address: check it in a browser\.$"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits())


async def test_a_length_above_the_limit_is_refused_before_it_comes(peer: Peer) -> None:
    peer.answer = responding(body=b"x" * 5_001, content_type="text/plain")
    with pytest.raises(Refused, match="The document has more than"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits(size=5_000))
    assert len((await fetch(f"http://{peer.place}/a.md", limits=peer.limits(size=5_001))).data) == 5_001


async def test_a_body_without_end_is_cut_off(peer: Peer) -> None:
    sent = 0

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)
            sent += 65_536

    peer.answer = handle
    with pytest.raises(Refused, match=r"^The document has more than 1 MiB: download it and split the file\.$"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits(size=2**20))
    assert sent < 50 * 2**20


async def test_a_body_that_never_comes_is_refused_in_time(peer: Peer) -> None:
    over = asyncio.Event()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(b"x")
        await over.wait()
        return response

    peer.answer = handle
    with pytest.raises(Refused, match=r"^The document did not come within 0\.05 seconds: try again later\.$"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits(seconds=0.05))
    over.set()


async def test_a_name_that_is_never_found_is_refused_in_time() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(Refused, match="did not come within"):
        await fetch("http://docs.example/", limits=FetchLimits(seconds=0.01), resolve=resolve)


async def test_a_packed_body_is_unpacked(peer: Peer) -> None:
    peer.answer = responding(
        body=gzip.compress(b"# Guide\n" * 100, mtime=0),
        headers={"Content-Type": "text/markdown", "Content-Encoding": "gzip"},
    )
    assert (await fetch(f"http://{peer.place}/a.md", limits=peer.limits())).data == b"# Guide\n" * 100


async def test_a_bomb_is_not_unpacked_beyond_the_limit(peer: Peer) -> None:
    bomb = gzip.compress(bytes(30 * 2**20))
    assert len(bomb) < 50_000
    peer.answer = responding(body=bomb, headers={"Content-Type": "text/plain", "Content-Encoding": "gzip"})
    tracemalloc.start()
    with pytest.raises(Refused, match="The document has more than"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits(size=50_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * 2**20


@pytest.mark.parametrize(
    ("packing", "body", "said"),
    [
        ("br", b"x", "packs the document in an unknown way"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0), "packs the document in an unknown way"),
        ("gzip", b"not gzip", "could not be fetched"),
        ("gzip", gzip.compress(b"word " * 1_000, mtime=0)[:-10], "came incomplete"),
    ],
)
async def test_a_packing_that_is_not_known_or_broken(packing: str, body: bytes, said: str, peer: Peer) -> None:
    peer.answer = responding(body=body, headers={"Content-Type": "text/plain", "Content-Encoding": packing})
    with pytest.raises(Refused, match=said):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits())


async def test_a_server_that_is_not_there(peer: Peer) -> None:
    gone = Peer(port=1)
    with pytest.raises(Refused, match=r"^The document could not be fetched: check the address in a browser\.$"):
        await fetch("http://127.0.0.1:1/a.md", limits=gone.limits())


async def test_a_connection_that_breaks_off(peer: Peer) -> None:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain", "Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x")
        assert request.transport
        request.transport.abort()
        return response

    peer.answer = handle
    with pytest.raises(Refused, match="could not be fetched"):
        await fetch(f"http://{peer.place}/a.md", limits=peer.limits())


async def test_a_name_of_a_file_is_one_line_without_folders(peer: Peer) -> None:
    found = await fetch(f"http://{peer.place}/..%2F..%2Fetc%2Fpass%0Awd%E2%80%AE.md", limits=peer.limits())
    assert found.name == ".._.._etc_pass wd.md"
    assert (await fetch(f"http://{peer.place}/", limits=peer.limits())).name == "127.0.0.1"
