"""Opening the index, in the background if wanted: its imports and the model take over a second."""

import asyncio
import gc
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.loader import article_passages, curriculum_passages
from knowledge.model import Article, Curriculum, KnowledgeError, Retrieval, Source

if TYPE_CHECKING:
    from knowledge.index.hybrid import HybridRetriever

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """`semantic` says whether vectors serve; `reason` why not; `rebuilt` why the index was built anew, or ""."""

    passages: int
    semantic: bool
    reason: str = ""
    rebuilt: str = ""


def open_index(folder: Path | None, article: Article, curriculum: Curriculum) -> "tuple[HybridRetriever, IndexState]":
    """The retriever over article and curriculum with its vectors under `folder`, or in memory.

    Without a usable embedding or vector store keywords serve alone.
    """
    from knowledge.index.embeddings import release_memory
    from knowledge.index.hybrid import HybridRetriever

    passages = [*article_passages(article), *curriculum_passages(curriculum)]
    vectors, reason = None, ""
    try:
        from knowledge.index.chroma import VectorIndex
        from knowledge.index.embeddings import DIMENSIONS, NAME, MiniLM

        vectors = VectorIndex(folder, passages, MiniLM(), NAME, DIMENSIONS)
    except (KnowledgeError, ImportError, OSError) as error:
        reason = str(error)
        log.warning("keyword search serves alone: %s", reason)
    except Exception as error:
        reason = f"the vector store does not open ({type(error).__name__})"
        log.exception("keyword search serves alone: %s", reason)
    retriever = HybridRetriever(passages=passages, vectors=vectors)
    gc.collect()
    gc.freeze()  # what was imported stays for good; walking it again would pause an answer now and then
    release_memory()
    state = IndexState(
        passages=len(passages), semantic=vectors is not None, reason=reason, rebuilt=vectors.rebuilt if vectors else ""
    )
    return retriever, state


class WarmingRetriever:
    """A `Retriever` that opens the index in a thread of its own and lets questions wait for it.

    It begins with `start` or with the first question, whichever comes first.
    """

    def __init__(self, folder: Path | None, article: Article, curriculum: Curriculum) -> None:
        self._opened: Future[tuple[HybridRetriever, IndexState]] = Future()
        self._arguments = (folder, article, curriculum)
        self._started = False

    def start(self) -> None:
        """Begin to open the index, if nothing has yet."""
        if not self._started:
            self._started = True
            threading.Thread(target=self._open, name="index", daemon=True).start()

    def _open(self) -> None:
        self._opened.set_running_or_notify_cancel()  # a question that is cancelled must not cancel the index
        try:
            self._opened.set_result(open_index(*self._arguments))
        except BaseException as error:
            log.exception("the index does not open")
            self._opened.set_exception(error)

    async def state(self) -> IndexState:
        """How the index opened, once it has."""
        self.start()
        return (await asyncio.wrap_future(self._opened))[1]

    async def retrieve(self, question: str, *, sources: Sequence[Source], limit: int = 5) -> Mapping[Source, Retrieval]:
        """See the port."""
        self.start()
        retriever = self._opened.result()[0] if self._opened.done() else (await asyncio.wrap_future(self._opened))[0]
        return await retriever.retrieve(question, sources=sources, limit=limit)
