"""The embedding in a process of its own: a batch needs much memory for a moment, and the one that serves should not.

`python -m knowledge.index.embedding_process` reads texts (a length and JSON) and writes vectors (float32) until its input
ends. What it gets comes from its parent alone, so it needs no confinement.
"""

import asyncio
import json
import struct
import sys
from collections.abc import Sequence
from contextlib import suppress

from knowledge.model import KnowledgeError

_LENGTH = struct.Struct("!I")
_LOT = 256
"""Texts a message: of so many, those of like length make batches of which little is padding."""


class PassageEmbedding:
    """Starts the process with the first texts and keeps it until `close`."""

    def __init__(self, wanted: str = "") -> None:
        """`wanted` is COACH_EMBEDDINGS; the packaged one without it."""
        self._wanted = wanted
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()

    @property
    def name(self) -> str:
        """Of the embedding, as documents are marked with it."""
        if self._wanted:
            return self._wanted[:60]
        from knowledge.index.embeddings import NAME

        return NAME

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector (float32, length 1) a text. Raises KnowledgeError where there is no embedding."""
        async with self._lock:
            vectors: list[bytes] = []
            for start in range(0, len(texts), _LOT):
                vectors += await self._lot(texts[start : start + _LOT])
            return vectors

    async def _lot(self, texts: Sequence[str]) -> list[bytes]:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                __spec__.name,
                self._wanted,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        body = json.dumps(list(texts)).encode()
        try:
            process.stdin.write(_LENGTH.pack(len(body)) + body)
            await process.stdin.drain()
            (width,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
            return [await process.stdout.readexactly(width) for _ in texts]
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise KnowledgeError("The embedding is not available; `coach doctor` says why.") from error
        except asyncio.CancelledError:
            await self._end()
            raise

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def close(self) -> None:
        """End the process."""
        await self._end()


def main() -> None:
    """The child."""
    import numpy as np

    from knowledge.index.choosing import choose_embedding

    try:
        chosen = choose_embedding(sys.argv[1] if len(sys.argv) > 1 else "")
    except KnowledgeError:  # the parent sees the pipe close, and says what follows from it
        return
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while head := source.read(_LENGTH.size):
        texts = json.loads(source.read(_LENGTH.unpack(head)[0]))
        vectors = np.asarray(chosen.embeddings.embed_documents(texts), dtype=np.float32)
        sink.write(_LENGTH.pack(4 * chosen.width) + vectors.tobytes())
        sink.flush()


if __name__ == "__main__":
    main()
