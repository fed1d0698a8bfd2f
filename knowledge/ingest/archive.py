"""The ZIP archive that a DOCX is: checked for bombs and tricks before anything reads its parts."""

import zlib
from collections.abc import Iterator
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from knowledge.model import Refused

_MAX_ENTRIES = 2_000
_MAX_SIZE = 50 * 2**20
_MAX_RATIO = 200
_SMALL = 2**16
_CHUNK = 2**16


def _check_entry(name: str, entry: ZipInfo, seen: set[str]) -> None:
    path = entry.filename
    if path.startswith("/") or "\\" in path or ":" in path or ".." in path.split("/") or path.casefold() in seen:
        raise Refused(f"{name} has parts with misleading names, which no word processor writes: save it anew as DOCX.")
    seen.add(path.casefold())
    if entry.flag_bits & 0x1:
        raise Refused(f"{name} is protected by a password: save it without one.")
    if entry.file_size > _SMALL and entry.file_size > _MAX_RATIO * max(entry.compress_size, 1):
        raise Refused(f"{name} is packed {_MAX_RATIO} times or more, as no document is: save it anew as DOCX.")


def _parts(name: str, archive: ZipFile) -> Iterator[tuple[str, bytes]]:
    entries = archive.infolist()
    if len(entries) > _MAX_ENTRIES:
        raise Refused(f"{name} has {len(entries):,} parts, and {_MAX_ENTRIES:,} are the most: save it anew as DOCX.")
    too_large = Refused(f"{name} unpacks to more than {_MAX_SIZE // 2**20} MiB: take out its pictures, or split it.")
    if sum(entry.file_size for entry in entries) > _MAX_SIZE:
        raise too_large
    seen: set[str] = set()
    total = 0
    for entry in entries:
        _check_entry(name, entry, seen)
        if entry.is_dir():
            continue
        chunks = []
        with archive.open(entry) as part:
            while chunk := part.read(_CHUNK):
                total += len(chunk)
                if total > _MAX_SIZE:
                    raise too_large
                chunks.append(chunk)
        yield entry.filename, b"".join(chunks)


def unpacked(name: str, data: bytes) -> dict[str, bytes]:
    """The parts of an archive by their paths: at most 2,000, of 50 MiB together, none packed more than 200 times.

    What is declared is checked, and what comes out is counted besides. Raises Refused.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Refused(f"{name} is protected by a password, or an old Word file: save it as DOCX without a password.")
    try:
        with ZipFile(BytesIO(data)) as archive:
            return dict(_parts(name, archive))
    except (BadZipFile, NotImplementedError, EOFError, ValueError, OSError, zlib.error) as error:
        raise Refused(f"{name} is not a DOCX, or is damaged: save it anew as DOCX.") from error
