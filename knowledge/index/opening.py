"""Opening the index, in the background if wanted: its imports and the model take over a second."""

import asyncio
import gc
import logging
import shutil
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.loader import load_synonyms
from knowledge.model import Article, Curriculum, KnowledgeError, Retrieval, Scope, Source
from knowledge.passages import article_passages, article_sections, curriculum_passages, curriculum_sections
from knowledge.ports import Corpus

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from knowledge.index.answerability import Answerability
    from knowledge.index.comparing import Comparing
    from knowledge.index.hybrid import HybridRetriever

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexState:
    """`semantic` says whether vectors serve; `reason` why not; `rebuilt` why the index was built anew, or ""."""

    passages: int
    semantic: bool
    reason: str = ""
    rebuilt: str = ""


def open_index(
    folder: Path | None, article: Article, curriculum: Curriculum, corpus: Corpus | None = None, *, embedding: str = ""
) -> "tuple[HybridRetriever, IndexState]":
    """The retriever over article, curriculum and the corpus, with its vectors under `folder`, or in memory.

    Without a usable embedding or vector store keywords serve alone.
    """
    from knowledge.index.embeddings import release_memory
    from knowledge.index.hybrid import HybridRetriever
    from knowledge.index.scopes import Scopes
    from knowledge.index.segments import FixedSegment
    from knowledge.index.synonyms import Synonyms
    from knowledge.index.words import English, Words

    passages = [*article_passages(article), *curriculum_passages(curriculum)]
    for earlier in folder.glob("?" * 32) if folder and folder.exists() else ():  # where the first versions had it
        shutil.rmtree(earlier, ignore_errors=True)
    vectors, embeddings, name, reason = None, None, "", ""
    try:
        from knowledge.index.choosing import choose_embedding
        from knowledge.index.chroma import VectorIndex

        chosen = choose_embedding(embedding, folder / "model" if folder else None)
        embeddings, name = chosen.embeddings, chosen.name
        vectors = VectorIndex(folder / "fixed" if folder else None, passages, embeddings, name, chosen.width)
    except (KnowledgeError, ImportError, OSError) as error:
        reason = str(error)
        log.warning("keyword search serves alone: %s", reason)
    except Exception as error:
        reason = f"the vector store does not open ({type(error).__name__})"
        log.exception("keyword search serves alone: %s", reason)
    words, groups = Words(), load_synonyms()
    retriever = HybridRetriever(
        fixed=FixedSegment(passages, vectors, words),
        sections={**article_sections(article), **curriculum_sections(curriculum)},
        embeddings=embeddings if vectors else None,
        words=words,
        english=English(words),
        synonyms=Synonyms(groups, words),
        scopes=Scopes(
            corpus,
            embedding=name if vectors else "",
            words=words,
            synonyms=groups,
        ),
        answerability=_answerability(article, embeddings) if embeddings and vectors else None,
        corpus=corpus,
        any_script=bool(embedding),
    )
    gc.collect()
    gc.freeze()  # what was imported stays for good; walking it again would pause an answer now and then
    release_memory()
    state = IndexState(
        passages=len(passages), semantic=vectors is not None, reason=reason, rebuilt=vectors.rebuilt if vectors else ""
    )
    return retriever, state


def _answerability(article: Article, embeddings: "Embeddings") -> "Answerability | None":
    import numpy as np

    from knowledge.index.answerability import Answerability, fit
    from knowledge.index.precomputed import Precomputed

    answered = [question for section in article.sections for question in section.questions]
    if not answered or not article.unanswered:
        return None
    vectors = np.asarray(embeddings.embed_documents([*answered, *article.unanswered]), dtype=np.float32)
    known = embeddings.fitted(answered, article.unanswered) if isinstance(embeddings, Precomputed) else None
    return Answerability(known or fit(answered, article.unanswered, vectors), vectors, len(answered))


class WarmingRetriever:
    """A `Retriever` that opens the index in a thread of its own and lets questions wait for it.

    It begins with `start` or with the first question, whichever comes first.
    """

    def __init__(
        self,
        folder: Path | None,
        article: Article,
        curriculum: Curriculum,
        corpus: Corpus | None = None,
        *,
        embedding: str = "",
    ) -> None:
        self._opened: Future[tuple[HybridRetriever, IndexState]] = Future()
        self._open_index = partial(open_index, folder, article, curriculum, corpus, embedding=embedding)
        self._started = False
        self._other_embedding = bool(embedding)
        self._comparing: Comparing | None = None
        self._comparing_lock = threading.Lock()

    def start(self) -> None:
        """Begin to open the index, if nothing has yet."""
        if not self._started:
            self._started = True
            threading.Thread(target=self._open, name="index", daemon=True).start()

    def _open(self) -> None:
        self._opened.set_running_or_notify_cancel()  # a question that is cancelled must not cancel the index
        try:
            self._opened.set_result(self._open_index())
        except BaseException as error:
            log.exception("the index does not open")
            self._opened.set_exception(error)

    async def state(self) -> IndexState:
        """How the index opened, once it has."""
        self.start()
        return (await asyncio.wrap_future(self._opened))[1]

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> Mapping[Source, Retrieval]:
        """See the port."""
        self.start()
        retriever = self._opened.result()[0] if self._opened.done() else (await asyncio.wrap_future(self._opened))[0]
        return await retriever.retrieve(question, sources=sources, scope=scope, limit=limit)

    async def embed(self, text: str) -> bytes | None:
        """See `knowledge.ports.Embedder`."""
        self.start()
        retriever = (await asyncio.wrap_future(self._opened))[0]
        return await asyncio.to_thread(retriever.embedded, text)

    async def similarities(self, sentences: Sequence[str], texts: Sequence[str]) -> Sequence[Sequence[float]] | None:
        """See `knowledge.ports.Embedder`."""
        self.start()
        retriever = (await asyncio.wrap_future(self._opened))[0]
        try:
            return await asyncio.to_thread(self._compared, retriever, sentences, texts)
        except Exception:
            log.exception("the meaning of an answer cannot be compared; its words are judged alone")
            return None

    def _compared(
        self, retriever: "HybridRetriever", sentences: Sequence[str], texts: Sequence[str]
    ) -> Sequence[Sequence[float]] | None:
        from knowledge.index.comparing import Comparing

        if retriever.embeddings is None or self._other_embedding:
            return None
        with self._comparing_lock:
            if self._comparing is None:
                self._comparing = Comparing(retriever.embeddings)
        return self._comparing.cosines(sentences, texts)

    def similarity(self, one: str, other: str) -> float:
        """See `knowledge.ports.Embedder`."""
        import numpy as np

        if not self._opened.done():
            return 1.0
        pair = [self._opened.result()[0].embedded(text) for text in (one, other)]
        if None in pair:
            return 1.0
        first, second = (np.frombuffer(vector, dtype=np.float32) for vector in pair if vector)
        return float(first @ second)
