"""Parsing in a process of its own: what a document does to a library, it does to a process that can be thrown away.

Parent and child speak over the child's standard input and output: four bytes of length, then JSON, and after a request
the bytes of the document. The child gets no environment but the path of Python's packages, so no token either.
"""

import asyncio
import contextlib
import json
import os
import signal
import struct
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from knowledge.ingest.confinement import allow_seconds, confine
from knowledge.ingest.decoding import shown
from knowledge.ingest.loaders import MAX_BYTES, load
from knowledge.model import DocumentSection, ParsedDocument, Refused

_LENGTH = struct.Struct(">I")
_MAX_RESULT = 64 * 2**20
_PACKAGES = Path(__file__).parents[2]
_TOO_SLOW = "{} took too long to read: split it, or save it as text."
_TOO_LARGE = "{} needs too much memory to read: split it, or save it as text."
_KEPT = ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")


def _document(found: Mapping[str, Any]) -> ParsedDocument:
    """Raises KeyError, TypeError or AttributeError if it is not one."""
    sections = tuple(
        DocumentSection(
            heading=str(section["heading"]),
            path=tuple(str(one) for one in section["path"]),
            blocks=tuple(str(block) for block in section["blocks"]),
        )
        for section in found["sections"]
    )
    return ParsedDocument(title=str(found["title"]), sections=sections, notes=tuple(map(str, found["notes"])))


class ParsingProcess:
    """Parses one document at a time in a child process, which is started when it is needed and kept.

    A document has `seconds` of wall-clock and processor time, and `memory` bytes above what the process starts with;
    after one that takes more, or that crashes the process, the next gets a new process.
    """

    def __init__(self, *, seconds: float = 60, memory: int = 2**30) -> None:
        self._seconds = seconds
        self._memory = memory
        self._lock = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def parse(self, name: str, data: bytes, media_type: str = "") -> ParsedDocument:
        """As `loaders.load`. Raises Refused also for a document that takes too much time or memory."""
        if len(data) > MAX_BYTES:
            return load(name, data, media_type)  # refuses by the length alone
        async with self._lock:
            try:
                async with asyncio.timeout(self._seconds):
                    return await self._ask(name, data, media_type)
            except TimeoutError as error:
                await self._kill()
                raise Refused(_TOO_SLOW.format(shown(name))) from error
            except (OSError, EOFError) as error:
                raise Refused(self._what_happened(name, await self._kill())) from error
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                await self._kill()
                raise Refused(f"{shown(name)} cannot be read: save it anew and try again.") from error
            except asyncio.CancelledError:
                await self._kill()
                raise

    async def close(self) -> None:
        """Ends the process; a document in it is not waited for. Parsing again starts a new one."""
        await self._kill()

    async def _ask(self, name: str, data: bytes, media_type: str) -> ParsedDocument:
        child = self._child or await self._start()
        assert child.stdin
        assert child.stdout
        head = json.dumps({"name": name, "media_type": media_type, "size": len(data)}).encode()
        child.stdin.write(_LENGTH.pack(len(head)) + head + data)
        await child.stdin.drain()
        (length,) = _LENGTH.unpack(await child.stdout.readexactly(_LENGTH.size))
        if length > _MAX_RESULT:
            raise ValueError("the answer is larger than a document can be")
        answer = json.loads(await child.stdout.readexactly(length))
        if "refused" in answer:
            raise Refused(str(answer["refused"]))
        if "memory" in answer:
            await self._kill()
            raise Refused(_TOO_LARGE.format(shown(name)))
        return _document(answer["document"])

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-P", "-B", "-m", "knowledge.ingest.worker", str(self._memory), str(self._seconds)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=environment | {"PYTHONPATH": str(_PACKAGES), "PYTHONIOENCODING": "utf-8"},
        )
        return self._child

    async def _kill(self) -> int | None:
        """The process's own exit status, or None where it was still running."""
        child, self._child = self._child, None
        if child is None:
            return None
        with contextlib.suppress(TimeoutError):  # it closed its end, and may be about to exit
            async with asyncio.timeout(0.2 if child.stdout and child.stdout.at_eof() else 0):
                await child.wait()
        own = child.returncode
        if own is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await asyncio.shield(child.wait())
        return own

    @staticmethod
    def _what_happened(name: str, status: int | None) -> str:
        ended_by = -status if status is not None and status < 0 else None
        if ended_by == getattr(signal, "SIGXCPU", 0):
            return _TOO_SLOW.format(shown(name))
        if ended_by == getattr(signal, "SIGKILL", 0):  # the system, short of memory
            return _TOO_LARGE.format(shown(name))
        return f"{shown(name)} cannot be read: it made the program that reads it fail."


def _answer(request: Mapping[str, Any], data: bytes) -> tuple[dict[str, Any], bool]:
    """The answer, and whether the process can go on afterwards."""
    try:
        return {"document": asdict(load(request["name"], data, request["media_type"]))}, True
    except Refused as refused:
        return {"refused": str(refused)}, True
    except MemoryError:
        return {"memory": True}, False


def serve(requests: BinaryIO, answers: BinaryIO, seconds: float) -> None:
    """Answers requests until there are none."""
    while head := requests.read(_LENGTH.size):
        request = json.loads(requests.read(*_LENGTH.unpack(head)))
        data = requests.read(request["size"])
        allow_seconds(seconds)
        answer, goes_on = _answer(request, data)
        body = json.dumps(answer).encode()
        answers.write(_LENGTH.pack(len(body)) + body)
        answers.flush()
        if not goes_on:
            return


def _main() -> None:
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no answer
    confine(memory)
    serve(sys.stdin.buffer, answers, seconds)


if __name__ == "__main__":
    _main()
