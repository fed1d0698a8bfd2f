"""Keywords and vectors fused per section, as a LangChain retriever and as the core's `Retriever`."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, PrivateAttr

from knowledge.index.chroma import VectorIndex
from knowledge.index.keyword import KeywordIndex, Words
from knowledge.model import Passage, Retrieval, SectionHit, Source

log = logging.getLogger(__name__)

_K = 60
"""Of reciprocal-rank fusion; the constant of Cormack, Clarke and Büttcher (SIGIR 2009)."""
_DEPTH = 30
"""Passages taken from each ranking before they are fused."""


class HybridRetriever(BaseRetriever):
    """BM25 and vectors by reciprocal-rank fusion; each section counts once a ranking, with its best passage.

    Without `vectors`, or when they fail, keywords serve alone.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    passages: Sequence[Passage]
    vectors: VectorIndex | None = None
    _words: Words = PrivateAttr(default_factory=Words)
    _keywords: KeywordIndex = PrivateAttr()
    _worker: ThreadPoolExecutor = PrivateAttr(default_factory=lambda: ThreadPoolExecutor(1, "retrieval"))

    def model_post_init(self, context: Any, /) -> None:
        """Build the keyword index."""
        super().model_post_init(context)
        self._keywords = KeywordIndex(self.passages, self._words)

    def search(self, question: str, sources: Collection[Source], limit: int = 5) -> Retrieval:
        """The sections of `sources` that answer `question`, best first."""
        words = self._words.split(question)
        by_word = [
            index for index in self._keywords.ranked(words, 4 * _DEPTH) if self.passages[index].source in sources
        ]
        near: list[tuple[int, float]] = []
        semantic = False
        if self.vectors is not None and question.strip():
            try:
                near, semantic = self.vectors.nearest(question, sources, _DEPTH), True
            except Exception:
                log.exception("vector search failed; keywords serve alone")
        scores: dict[tuple[Source, str], float] = {}
        members: dict[tuple[Source, str], dict[int, float]] = {}
        for ranking in (by_word[:_DEPTH], [index for index, _ in near]):
            seen: set[tuple[Source, str]] = set()
            for index in ranking:
                passage = self.passages[index]
                key = (passage.source, passage.section)
                rank = len(seen)
                members.setdefault(key, {}).setdefault(index, 0.0)
                members[key][index] += 1 / (_K + rank + 1)
                if key not in seen:
                    seen.add(key)
                    scores[key] = scores.get(key, 0.0) + 1 / (_K + rank + 1)
        best = sorted(scores, key=lambda key: -scores[key])[:limit]
        hits = tuple(
            SectionHit(
                source=source,
                section=section,
                score=scores[source, section],
                passages=tuple(
                    self.passages[index]
                    for index in sorted(members[source, section], key=lambda index: -members[source, section][index])
                ),
            )
            for source, section in best
        )
        covered = [index for key in best[:1] for index in members[key]]
        return Retrieval(
            hits=hits,
            similarity=max((cosine for _, cosine in near), default=0.0),
            coverage=self._keywords.coverage(words, covered),
            unknown=self._keywords.unknown(words),
            semantic=semantic,
        )

    async def retrieve(self, question: str, *, sources: Collection[Source], limit: int = 5) -> Retrieval:
        """`search`, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self.search, question, sources, limit)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002
        """LangChain's view: the best passage of each section, over all sources."""
        found = self.search(query, ("article", "curriculum", "documents"))
        return [
            Document(
                page_content=hit.passages[0].text,
                id=hit.passages[0].id,
                metadata={"source": hit.source, "section": hit.section, "score": hit.score},
            )
            for hit in found.hits
        ]
