"""Questions that wait at the same time are embedded together: a batch of eight takes little more than half as long."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge.index.chroma import Vector

Found = TypeVar("Found")
_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    text: str
    then: Callable[[Vector], Any]
    found: asyncio.Future[Any]


class Batching:
    """A question that comes alone is embedded at once; one that comes while all workers are busy waits with others.

    `workers` says how many batches are computed at a time, in `executor`. For use on one event loop at a time.
    """

    def __init__(self, embeddings: Embeddings, executor: Executor, workers: int) -> None:
        self._embeddings = embeddings
        self._executor = executor
        self._workers = workers
        self._begin(None)

    def _begin(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop
        self._idle = self._workers
        self._waiting: deque[_Waiting] = deque()

    async def embedded(self, text: str, then: Callable[[Vector], Found]) -> Found:
        """What `then` makes of the vector of one question, on the same thread: to change it costs as much as a search.

        Raises whatever the embedding or `then` does.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._begin(loop)
        one = _Waiting(text=text, then=then, found=loop.create_future())
        self._waiting.append(one)
        self._work(loop)
        found: Found = await one.found
        return found

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._idle and self._waiting:
            some = [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]
            if lot := [one for one in some if not one.found.done()]:  # who asked may have gone
                self._idle -= 1
                loop.run_in_executor(self._executor, self._embed, loop, lot).add_done_callback(self._freed)

    def _freed(self, done: asyncio.Future[None]) -> None:
        loop = done.get_loop()
        if loop is self._loop:
            self._idle += 1
            self._work(loop)

    def _embed(self, loop: asyncio.AbstractEventLoop, lot: list[_Waiting]) -> None:
        texts = [one.text for one in lot]
        try:
            embed = self._embeddings
            many = [embed.embed_query(texts[0])] if len(texts) == 1 else embed.embed_documents(texts)
            vectors = np.asarray(many, dtype=np.float32)
        except Exception as error:  # noqa: BLE001 - it is raised where the vector is waited for
            for one in lot:
                loop.call_soon_threadsafe(_settle, one.found, None, error)
            return
        for one, vector in zip(lot, vectors, strict=True):
            try:
                result = one.then(vector)
            except Exception as error:  # noqa: BLE001 - as above
                loop.call_soon_threadsafe(_settle, one.found, None, error)
            else:
                loop.call_soon_threadsafe(_settle, one.found, result, None)


def _settle(found: asyncio.Future[Any], result: object, error: Exception | None) -> None:
    if found.done():
        return
    if error is not None:
        found.set_exception(error)
    else:
        found.set_result(result)
