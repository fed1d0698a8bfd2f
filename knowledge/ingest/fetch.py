"""Fetching a document from the public internet, and from nowhere else."""

import asyncio
import socket
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from knowledge.ingest.addresses import is_public, plain_host, private, resolve
from knowledge.ingest.decoding import shown
from knowledge.ingest.find import KINDS, SUFFIXES
from knowledge.ingest.loaders import MAX_BYTES, MEDIA_TYPES
from knowledge.model import Refused

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from yarl import URL

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_PORTS = frozenset({80, 443, 8080, 8443})
_TEXT = frozenset({"text/plain", "text/x-rst"})
_UNTOLD = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_CHUNK = 2**16
_HEADERS = {
    "User-Agent": "backend-coach",
    "Accept": "text/markdown, text/html, text/plain, application/pdf, */*;q=0.1",
    "Accept-Encoding": "gzip",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """What a fetch may take. `allowed_hosts` are `address:port` that count as public: for tests, never from a user."""

    seconds: float = 20.0
    size: int = MAX_BYTES
    redirects: int = 5
    allowed_hosts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A document as it came. `media_type` holds the charset if the server told one; `url` is where it was at last."""

    data: bytes
    media_type: str
    url: str
    name: str


def _checked(text: str, limits: FetchLimits) -> "URL":
    """The address with its host in the one spelling that is looked up. Raises Refused."""
    from yarl import URL

    if any(ord(letter) < 33 or ord(letter) == 127 for letter in text):
        raise Refused("An address has no spaces or control characters in it: check its spelling.")
    try:
        url = URL(text)
        host, port = url.raw_host, url.port
    except (ValueError, UnicodeError) as error:
        raise Refused("That is not a valid address: give one that begins with https://.") from error
    if url.scheme not in {"http", "https"} or not host or not port:
        raise Refused("Only documents on the web can be fetched: give an address that begins with https://.")
    if url.raw_user is not None or url.raw_password is not None:
        raise Refused("The address holds a user name or password: give one without.")
    if port not in _PORTS and not any(one.endswith(f":{port}") for one in limits.allowed_hosts):
        raise Refused("The address names an unusual port: 80, 443, 8080 and 8443 can be fetched from.")
    return url.with_host(plain_host(host)).with_fragment(None)


async def _addresses(url: "URL", limits: FetchLimits, resolve: Resolve) -> list[str]:
    """Every address of the host, all of them public."""
    host, port = str(url.host), int(url.port or 0)
    if host.replace(".", "").isdecimal() or ":" in host:
        found: Sequence[str] = [host]
    else:
        try:
            found = await resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Refused(f"{host} is not found: check the spelling of the address.") from error
    if not found:
        raise Refused(f"{host} is not found: check the spelling of the address.")
    if not all(is_public(one) or f"{one}:{port}" in limits.allowed_hosts for one in found):
        raise private(host)
    return list(found)


def _pinned(addresses: Sequence[str]) -> Any:
    """A connector that connects to these addresses, whatever a name server says in the meantime."""
    from aiohttp import TCPConnector
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Pinned(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            del family
            return [
                ResolveResult(
                    hostname=host,
                    host=one,
                    port=port,
                    family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                    proto=socket.IPPROTO_TCP,
                    flags=socket.AI_NUMERICHOST,
                )
                for one in addresses
            ]

        async def close(self) -> None:
            """Holds nothing."""

    return TCPConnector(resolver=Pinned(), use_dns_cache=False, force_close=True)


async def _body(response: "ClientResponse", limits: FetchLimits) -> bytes:
    """The body, unpacked, as far as the limit goes; no more is unpacked than may be kept."""
    packing = response.headers.get("Content-Encoding", "identity").strip().lower()
    if packing not in {"identity", "gzip", "x-gzip"}:
        raise Refused("The server packs the document in an unknown way: download it and ingest the file.")
    too_large = Refused(f"The document has more than {limits.size / 2**20:g} MiB: download it and split the file.")
    if packing == "identity" and (response.content_length or 0) > limits.size:
        raise too_large
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if packing != "identity" else None
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += unpack.decompress(chunk, limits.size + 1 - len(body)) if unpack else chunk
        if len(body) > limits.size:
            raise too_large
        if unpack and unpack.eof:
            break
    if unpack and not unpack.eof:
        raise Refused("The document came incomplete: try again.")
    return bytes(body)


def _name(url: "URL") -> str:
    """The last part of the path, else the host."""
    return shown(unquote(PurePosixPath(url.raw_path).name).replace("/", "_").replace("\\", "_") or str(url.host))


def _media_type(response: "ClientResponse", name: str) -> str:
    """The type as the server tells it, if documents have it; empty where the name tells more than the server."""
    told = response.headers.get("Content-Type", "").strip()
    kind = told.partition(";")[0].strip().lower()
    if kind in MEDIA_TYPES or kind in _TEXT:
        return told
    if kind in _UNTOLD and PurePosixPath(name).suffix.lower() in SUFFIXES:
        return ""
    raise Refused(f"{name} is not a document that can be taken: give the address of {KINDS}.")


async def _visit(url: "URL", limits: FetchLimits, resolve: Resolve) -> "Fetched | str":
    """The document, or where the server says it is."""
    from aiohttp import ClientSession, DummyCookieJar

    connector = _pinned(await _addresses(url, limits, resolve))
    async with (
        ClientSession(connector=connector, cookie_jar=DummyCookieJar(), auto_decompress=False, headers=_HEADERS) as web,
        web.get(url, allow_redirects=False) as response,
    ):
        location = response.headers.get("Location")
        if response.status in {301, 302, 303, 307, 308} and location:
            return location
        if response.status != 200:
            raise Refused(f"{url.host} answered {response.status} to the address: check it in a browser.")
        name = _name(url)
        media_type = _media_type(response, name)
        return Fetched(data=await _body(response, limits), media_type=media_type, url=str(url), name=name)


async def fetch(url: str, *, limits: FetchLimits | None = None, resolve: Resolve = resolve) -> Fetched:
    """The document at an address of the public web, which is asked for without cookies or credentials.

    Every address of the host is checked, and the connection goes to one of those checked; each redirect is checked the
    same way. Raises Refused for what is not public, too slow, too large, or of a kind that cannot be read.
    """
    from aiohttp import ClientError
    from yarl import URL

    limits = limits or FetchLimits()
    try:
        async with asyncio.timeout(limits.seconds):
            at = _checked(url.strip(), limits)
            for _ in range(limits.redirects + 1):
                found = await _visit(at, limits, resolve)
                if isinstance(found, Fetched):
                    return found
                at = _checked(str(at.join(URL(found))), limits)
            raise Refused(f"The address leads on more than {limits.redirects} times: give the one it ends at.")
    except TimeoutError as error:
        raise Refused(f"The document did not come within {limits.seconds:g} seconds: try again later.") from error
    except (ClientError, OSError, ValueError, zlib.error) as error:
        raise Refused("The document could not be fetched: check the address in a browser.") from error
