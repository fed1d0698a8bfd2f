"""Questions that wait at the same time are embedded together: a batch of eight takes little more than half as long."""

import asyncio
from collections import deque
from concurrent.futures import Executor
from contextlib import suppress

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge.index.chroma import Vector

_MOST = 8


class Batching:
    """A question that comes alone is embedded at once; one that comes while all workers are busy waits with others.

    `workers` says how many batches are computed at a time, in `executor`. For use on one event loop at a time.
    """

    def __init__(self, embeddings: Embeddings, executor: Executor, workers: int) -> None:
        self._embeddings = embeddings
        self._executor = executor
        self._idle = workers
        self._waiting: deque[tuple[str, asyncio.Future[Vector]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def vector(self, text: str) -> Vector:
        """The vector of one question; raises whatever the embedding does."""
        found: asyncio.Future[Vector] = asyncio.get_running_loop().create_future()
        self._waiting.append((text, found))
        if self._idle:
            self._idle -= 1
            task = asyncio.create_task(self._work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await found

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                some = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
                lot = [(text, found) for text, found in some if not found.done()]  # who asked may have gone
                if not lot:
                    continue
                try:
                    vectors = await loop.run_in_executor(self._executor, self._embed, [text for text, _ in lot])
                except Exception as error:  # noqa: BLE001 - it is raised where the vector is waited for
                    for _, found in lot:
                        with suppress(asyncio.InvalidStateError):
                            found.set_exception(error)
                else:
                    for (_, found), vector in zip(lot, vectors, strict=True):
                        with suppress(asyncio.InvalidStateError):
                            found.set_result(vector)
        finally:
            self._idle += 1

    def _embed(self, texts: list[str]) -> Vector:
        many = [self._embeddings.embed_query(texts[0])] if len(texts) == 1 else self._embeddings.embed_documents(texts)
        return np.asarray(many, dtype=np.float32)
