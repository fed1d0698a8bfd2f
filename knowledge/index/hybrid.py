"""Keywords, passage vectors and alias vectors fused per section, as a LangChain retriever and as the core's own."""

import asyncio
import logging
import os
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, PrivateAttr

from knowledge.index.answerability import Answerability
from knowledge.index.batching import Batching
from knowledge.index.chroma import Vector
from knowledge.index.fusion import ALIASED, PLAIN, Found, Fused, fuse, spread
from knowledge.index.scopes import Scopes
from knowledge.index.segments import FixedSegment, ScopeSegment, Worded
from knowledge.index.spelling import Spelling
from knowledge.index.synonyms import Synonyms
from knowledge.index.words import English, Words
from knowledge.model import Passage, Retrieval, Scope, SectionHit, Source, StoredSection
from knowledge.ports import Corpus

log = logging.getLogger(__name__)

_SCOPE_DEPTH = 64
_WORD_DEPTH = 64
_RECENT = 32
"""Questions whose vectors are kept."""
_TOLD = 0.7
"""Cosine from which a question is taken for one that an administrator led to a section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question with its vector: (word, stem) as said, their stems, and what its words found."""

    said: tuple[tuple[str, str], ...]
    stems: list[str]
    shares: Mapping[int, float]
    """By the places of the fixed passages."""
    scoped: Sequence[Worded]
    vector: Vector | None = None
    leaning: float = 0.0
    unanswered: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scoped:
    """What the scopes hold: passages by source, the vectors of whole sections by key, the question's stems it knows."""

    found: dict[Source, list[Found]] = field(default_factory=lambda: defaultdict(list))
    wholes: Mapping[str, Vector] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


_Searched = tuple[_Asked, Mapping[Source, list[Found]], _Scoped]
"""The question, what article and curriculum hold, what the scopes hold."""


class HybridRetriever(BaseRetriever):
    """Sections by keywords and vectors. Without vectors, or when they fail, keywords serve alone."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    fixed: FixedSegment
    sections: Mapping[str, StoredSection]
    """Of article and curriculum, by key."""
    embeddings: Embeddings | None = None
    words: Words
    english: English
    synonyms: Synonyms
    scopes: Scopes
    answerability: Answerability | None = None
    corpus: Corpus | None = None
    any_script: bool = False
    _spelling: Spelling = PrivateAttr()
    _vocabulary: dict[Source, frozenset[str]] = PrivateAttr(default_factory=dict)
    _shipped: frozenset[str] = PrivateAttr()
    _workers: ThreadPoolExecutor = PrivateAttr()
    _beside: ThreadPoolExecutor = PrivateAttr()
    _batching: Batching | None = PrivateAttr()
    _split: dict[str, list[str]] = PrivateAttr(default_factory=dict)
    _recent: OrderedDict[str, Vector] = PrivateAttr(default_factory=OrderedDict)

    def model_post_init(self, context: Any, /) -> None:
        """Note the words of each source."""
        super().model_post_init(context)
        raw: set[str] = set()
        stems: dict[Source, set[str]] = defaultdict(set)
        for passage in self.fixed.passages:
            raw.update(self.words.raw(passage.text))
            if passage.kind != "alias":  # an alias says how people ask, not what the source says
                stems[passage.source].update(self.words.split(f"{passage.section} {passage.text}"))
        self._shipped = frozenset(one.text for one in self.fixed.passages if one.kind == "alias")
        self._spelling = Spelling(self.english, raw)
        self._vocabulary = {source: frozenset(found) for source, found in stems.items()}
        count = min(4, os.cpu_count() or 1)
        self._workers = ThreadPoolExecutor(count, "retrieval")
        self._beside = ThreadPoolExecutor(count, "retrieval-beside")
        self._batching = Batching(self.embeddings, self._workers, count) if self.embeddings else None

    # --- asking ------------------------------------------------------------------------------

    def _prepared(self, question: str, synonyms: Synonyms) -> _Asked:
        repaired = self._repaired(question)
        return self._with(self._embedded(repaired), self._worded(repaired, (), synonyms), repaired)

    def _repaired(self, question: str) -> str:
        # a lone surrogate is no text to the tokenizer
        return self._spelling.repaired(question.encode("utf-8", "replace").decode())

    def _worded(self, repaired: str, segments: Sequence[ScopeSegment], synonyms: Synonyms) -> _Asked:
        """What can be searched for without a vector, so while that is computed."""
        said = tuple(self.words.pairs(repaired))
        stems, meant = [stem for _, stem in said], synonyms.meant(repaired)
        return _Asked(
            said=said,
            stems=stems,
            shares=dict(self.fixed.keywords.ranked(stems, meant, _WORD_DEPTH)),
            scoped=[segment.worded(stems, meant, _WORD_DEPTH) for segment in segments],
        )

    def _with(self, vector: Vector | None, asked: _Asked, repaired: str) -> _Asked:
        if vector is None or self.answerability is None:
            return replace(asked, vector=vector)
        leaning, unanswered = self.answerability.leaning(repaired, vector)
        return replace(asked, vector=vector, leaning=leaning, unanswered=unanswered)

    def _readable(self, text: str) -> bool:
        """Whether the embedding knows the script; of another one ours knows nothing, and is sure of it."""
        return bool(text.strip()) and (self.any_script or any(self.words.raw(text)))

    def _embedded(self, text: str) -> Vector | None:
        if self.embeddings is None or not self._readable(text):
            return None
        try:
            return np.asarray(self.embeddings.embed_query(text), dtype=np.float32)
        except Exception:
            log.exception("the question cannot be embedded; keywords serve alone")
            return None

    def _note(self, repaired: str, vector: Vector) -> None:
        """Who asks for a question's vector wants it soon after its answer."""
        self._recent[repaired] = vector
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _fixed(self, asked: _Asked) -> dict[Source, list[Found]]:
        """What article and curriculum hold, by source."""
        passages = self.fixed.passages
        cosines: dict[int, float] = {}
        if asked.vector is not None:
            try:
                cosines = self.fixed.nearest(asked.vector)
            except Exception:
                log.exception("vector search failed; keywords serve alone")
        shares = asked.shares
        found: dict[Source, list[Found]] = defaultdict(list)
        for index in {**cosines, **shares}:
            passage = passages[index]
            found[passage.source].append(_found(passage, cosines.get(index), shares.get(index, 0.0)))
        return found

    def _searched(self, repaired: str, vector: Vector | None, worded: _Asked, own: bool) -> _Searched:
        asked = self._with(vector, worded, repaired)
        if (
            own and asked.scoped
        ):  # both leave the interpreter while they search; a pool of its own cannot wait for itself
            beside = self._beside.submit(self._fixed, asked)
            scoped = self._scoped(asked)
            return asked, beside.result(), scoped
        return asked, self._fixed(asked) if own else defaultdict(list), self._scoped(asked)

    def _scoped(self, asked: _Asked) -> _Scoped:
        """What the scopes hold, by source: documents, and aliases that lead to sections of the article."""
        found: dict[Source, list[Found]] = defaultdict(list)
        wholes: dict[str, Vector] = {}
        for worded in asked.scoped:
            try:
                one = worded.search(asked.vector, _SCOPE_DEPTH)
            except Exception:
                log.exception("documents are left out")
                continue
            wholes |= one.wholes
            for source, passages in one.passages.items():
                found[source] += passages
        known = frozenset(stem for stem in asked.stems if any(stem in worded for worded in asked.scoped))
        return _Scoped(found=found, wholes=wholes, known=known)

    async def _documents(self, asked: _Asked, scoped: _Scoped, scope: Scope, limit: int) -> Retrieval:
        assert self.corpus is not None
        told = _told(scoped.found["documents"])
        sections = spread(fuse(scoped.found["documents"], PLAIN), scoped.wholes)
        sections.sort(key=lambda section: -told.get(section.key, 0.0))  # stable: the order of the others stays
        stored = await self.corpus.sections(scope.visible, [section.key for section in sections[:limit]])
        sections = [section for section in sections if section.key in stored]
        hits = tuple(_hit("documents", section, stored[section.key]) for section in sections[:limit])
        measured = self._measured(asked, sections, hits, scoped.known)
        return replace(measured, similarity=max(measured.similarity, told.get(hits[0].key, 0.0))) if hits else measured

    def _own(self, source: Source, asked: _Asked, found: Sequence[Found], limit: int) -> Retrieval:
        """Of the article or the curriculum."""
        sections = fuse([one for one in found if one.key in self.sections], ALIASED if source == "article" else PLAIN)
        hits = tuple(_hit(source, section, self.sections[section.key]) for section in sections[:limit])
        measured = self._measured(asked, sections, hits, self._vocabulary.get(source, frozenset()))
        if source != "article":
            return measured
        shipped = self._shipped
        told = max((one.cosine or 0.0 for one in found if one.kind == "alias" and one.text not in shipped), default=0.0)
        if told >= _TOLD:
            return replace(measured, leaning=max(asked.leaning, told), unanswered_similarity=0.0)
        return replace(measured, leaning=asked.leaning, unanswered_similarity=asked.unanswered)

    def _measured(
        self, asked: _Asked, sections: Sequence[Fused], hits: tuple[SectionHit, ...], known: frozenset[str]
    ) -> Retrieval:
        if not hits:
            return Retrieval(hits=(), semantic=asked.vector is not None)
        texts = [self._stems(hits[0])]
        return Retrieval(
            hits=hits,
            similarity=sections[0].similarity,
            alias_similarity=sections[0].alias_similarity,
            margin=sections[0].score - sections[1].score if len(sections) > 1 else sections[0].score,
            coverage=self.fixed.keywords.coverage(asked.stems, texts),
            unknown=tuple(
                (word, self.english.rarity(word)) for word, stem in dict(asked.said).items() if stem not in known
            ),
            semantic=asked.vector is not None,
        )

    def _stems(self, hit: SectionHit) -> list[str]:
        """Of a whole section; those of article and curriculum are kept."""
        stems = self._split.get(hit.key)
        if stems is None:
            stems = self.words.split(f"{hit.section} {' '.join(hit.blocks)}")
            if hit.key in self.sections:
                self._split[hit.key] = stems
        return stems

    async def _together(self, repaired: str, then: Callable[[Vector], _Searched | None]) -> _Searched | None:
        """What `then` makes of the question's vector; None without one."""
        if self._batching is None or not self._readable(repaired):
            return None
        try:
            return await self._batching.embedded(repaired, then)
        except Exception:
            log.exception("the question cannot be embedded; keywords serve alone")
            return None

    async def _looked(self, repaired: str, scope: Scope | None) -> _Asked:
        if scope is not None:
            try:
                segments, own = await self.scopes.segments(scope)
                return self._worded(repaired, segments, own or self.synonyms)
            except Exception:
                log.exception("documents are left out")
        return self._worded(repaired, (), self.synonyms)

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> Mapping[Source, Retrieval]:
        """See the port."""
        repaired, own = self._repaired(question), {*sources} != {"documents"}
        vectors: list[Vector] = []

        def then(vector: Vector) -> _Searched | None:
            vectors.append(vector)
            self._note(repaired, vector)
            return self._searched(repaired, vector, looking.result(), own) if looking.done() else None

        embedding = asyncio.ensure_future(self._together(repaired, then))  # begins first: the rest is done beside it
        looking = asyncio.ensure_future(self._looked(repaired, scope))
        searched = await embedding
        worded = await looking
        if searched is None:
            vector = vectors[0] if vectors else None
            run = asyncio.get_running_loop().run_in_executor
            searched = await run(self._workers, self._searched, repaired, vector, worded, own)
        asked, found, scoped = searched
        answers: dict[Source, Retrieval] = {}
        for source in sources:
            if source != "documents":
                answers[source] = self._own(source, asked, [*found[source], *scoped.found[source]], limit)
            else:
                answers[source] = Retrieval(hits=(), semantic=asked.vector is not None)
                if scope is not None and scoped.found["documents"]:
                    try:
                        answers[source] = await self._documents(asked, scoped, scope, limit)
                    except Exception:
                        log.exception("documents are left out")
        return answers

    def embedded(self, text: str) -> bytes | None:
        """The vector of a text (float32), or None where there is no embedding."""
        repaired = self._repaired(text)
        held = self._recent.get(repaired)
        vector = self._embedded(repaired) if held is None else held
        return None if vector is None else vector.tobytes()

    def search(self, question: str, sources: Sequence[Source], limit: int = 5) -> dict[Source, Retrieval]:
        """Article and curriculum alone, on the calling thread."""
        asked = self._prepared(question, self.synonyms)
        found = self._fixed(asked)
        return {source: self._own(source, asked, found[source], limit) for source in sources}

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:  # noqa: ARG002
        """LangChain's view: the best block of each section, over article and curriculum."""
        found = self.search(query, ("article", "curriculum"))
        hits = sorted((hit for one in found.values() for hit in one.hits), key=lambda hit: -hit.score)
        return [
            Document(
                page_content=hit.blocks[hit.best],
                id=hit.key,
                metadata={"source": hit.source, "section": hit.section, "score": hit.score},
            )
            for hit in hits
        ]


def _told(found: Sequence[Found]) -> dict[str, float]:
    """The sections to which an administrator led a question like this one, with how like it that is."""
    told: dict[str, float] = {}
    for one in found:
        if one.kind == "alias" and one.cosine is not None and one.cosine >= _TOLD:
            told[one.key] = max(one.cosine, told.get(one.key, 0.0))
    return told


def _found(passage: Passage, cosine: float | None, keyword: float) -> Found:
    return Found(key=passage.key, kind=passage.kind, text=passage.text, cosine=cosine, keyword=keyword)


def _hit(source: Source, section: Fused, stored: StoredSection) -> SectionHit:
    return SectionHit(
        source=source,
        key=section.key,
        section=stored.heading,
        score=section.score,
        blocks=stored.blocks,
        best=_best_block(section, stored.blocks),
        title=stored.title,
        url=stored.url,
    )


def _best_block(section: Fused, blocks: Sequence[str]) -> int:
    """The block that the nearest passage is, or is a sentence of; the first one where only the whole was found."""
    for near in section.near:
        if near.block >= 0:
            return min(near.block, len(blocks) - 1)
        if near.kind in {"block", "explanation"} and near.text in blocks:
            return blocks.index(near.text)
        if near.kind == "sentence":
            told = near.text.rpartition(": ")[2]
            holding = [index for index, block in enumerate(blocks) if told in block]
            if holding:
                return holding[0]
    return 0
