"""Keywords and vectors fused per section, as a LangChain retriever and as the core's `Retriever`."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
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
_DEPTH = 16
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

    def search(self, question: str, sources: Sequence[Source], limit: int = 5) -> dict[Source, Retrieval]:
        """The sections of each source that answer `question`, best first."""
        question = question.encode("utf-8", "replace").decode()  # a lone surrogate is no text to the tokenizer
        words = self._words.split(question)
        by_word = self._keywords.ranked(words, 4 * _DEPTH)
        near: list[tuple[int, float]] = []
        semantic = False
        if self.vectors is not None and question.strip():
            try:
                near, semantic = self.vectors.nearest(question, sources, _DEPTH * len(sources)), True
            except Exception:
                log.exception("vector search failed; keywords serve alone")
        unknown = self._keywords.unknown(words)
        found: dict[Source, Retrieval] = {}
        for source in sources:
            mine = [index for index in by_word if self.passages[index].source == source][:_DEPTH]
            close = [(index, cosine) for index, cosine in near if self.passages[index].source == source]
            hits, members = self._fused(source, (mine, [index for index, _ in close]), limit)
            found[source] = Retrieval(
                hits=hits,
                similarity=max((cosine for _, cosine in close), default=0.0),
                coverage=self._keywords.coverage(words, members),
                unknown=unknown,
                semantic=semantic,
            )
        return found

    def _fused(
        self, source: Source, rankings: Iterable[Sequence[int]], limit: int
    ) -> tuple[tuple[SectionHit, ...], list[int]]:
        """Reciprocal-rank fusion of passage rankings per section, and the passages that found the best section."""
        scores: dict[str, float] = {}
        members: dict[str, dict[int, float]] = {}
        for ranking in rankings:
            seen: set[str] = set()
            for index in ranking:
                section = self.passages[index].section
                gain = 1 / (_K + len(seen) + 1)
                of_section = members.setdefault(section, {})
                of_section[index] = of_section.get(index, 0.0) + gain
                if section not in seen:
                    seen.add(section)
                    scores[section] = scores.get(section, 0.0) + gain
        best = sorted(scores, key=lambda section: -scores[section])[:limit]
        hits = tuple(
            SectionHit(
                source=source,
                section=section,
                score=scores[section],
                passages=tuple(
                    self.passages[index] for index, _ in sorted(members[section].items(), key=lambda pair: -pair[1])
                ),
            )
            for section in best
        )
        return hits, list(members[best[0]]) if best else []

    async def retrieve(self, question: str, *, sources: Sequence[Source], limit: int = 5) -> Mapping[Source, Retrieval]:
        """`search`, off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._worker, self.search, question, sources, limit)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002
        """LangChain's view: the best passage of each section, over all sources."""
        found = self.search(query, ("article", "curriculum", "documents"))
        hits = sorted((hit for one in found.values() for hit in one.hits), key=lambda hit: -hit.score)
        return [
            Document(
                page_content=hit.passages[0].text,
                id=hit.passages[0].id,
                metadata={"source": hit.source, "section": hit.section, "score": hit.score},
            )
            for hit in hits
        ]
