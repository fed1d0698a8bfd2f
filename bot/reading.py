"""Documents from the network and from files, read where they can do no harm: `bot.core.library.Reader`."""

import os
from pathlib import Path

from bot.core.library import Fetched
from knowledge.ingest.fetch import FetchLimits, fetch
from knowledge.ingest.loaders import MAX_BYTES
from knowledge.ingest.worker import ParsingProcess
from knowledge.model import ParsedDocument, Refused


class DocumentReader:
    """Fetches public pages and parses in a confined process, which starts with the first document."""

    def __init__(self, limits: FetchLimits | None = None) -> None:
        self._limits = limits
        self._parsing = ParsingProcess()

    async def fetch(self, url: str) -> Fetched:
        """See `Reader`."""
        got = await fetch(url, limits=self._limits)
        return Fetched(location=url, name=got.name, data=got.data, media_type=got.media_type, kind="url")

    async def parse(self, fetched: Fetched) -> ParsedDocument:
        """See `Reader`."""
        return await self._parsing.parse(fetched.name, fetched.data, fetched.media_type)

    async def close(self) -> None:
        """End the process."""
        await self._parsing.close()


def location_of(path: Path) -> str:
    """What a file is known by; a name that is no UTF-8 with its odd bytes spelled out."""
    return os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")


def read_file(path: Path) -> Fetched:
    """A file; raises Refused if it is too large or cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Refused(f"{path.name} is larger than {MAX_BYTES // 2**20} MiB: split it.")
        return Fetched(location=location_of(path), name=path.name, data=path.read_bytes())
    except OSError as error:
        raise Refused(f"{path.name} cannot be read ({error.strerror}).") from error
