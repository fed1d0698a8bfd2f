"""The searchable parts of the index: one over the article and the curriculum, one for each scope with documents."""

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from knowledge.index.chroma import Vector, VectorIndex
from knowledge.index.exact import ExactIndex, HalfVectors, largest
from knowledge.index.fusion import Found
from knowledge.index.keyword import KeywordIndex
from knowledge.index.words import Words
from knowledge.model import CorpusPart, Passage, PassageKind, Scope, Source
from knowledge.ports import Corpus

Lot = Literal["documents", "notes"]
"""Notes, aliases and synonyms are few and change often; they are kept apart so that they are searched at once."""


def searched(passage: Passage, words: Words) -> list[str]:
    """The stems of a passage for the keyword search: its heading counts as part of it."""
    return words.split(passage.text if passage.kind in {"section", "alias"} else f"{passage.section} {passage.text}")


_ARTICLE = 160
_NOTES = 64
"""Nearest passages taken of each."""


class FixedSegment:
    """Passages known at the start, all in memory. Without `vectors` keywords serve alone.

    Every passage of the article is compared, for its many question aliases would crowd one another out of a list of the
    nearest; the practice notes grow with the curriculum, and Chroma knows the nearest of them.
    """

    def __init__(self, passages: Sequence[Passage], vectors: VectorIndex | None, words: Words) -> None:
        self.passages = passages
        self.keywords = KeywordIndex([searched(passage, words) for passage in passages])
        self._vectors = vectors
        self._compared = vectors.vectors("article") if vectors else None

    def nearest(self, vector: Vector) -> dict[int, float]:
        """The cosines of the nearest passages of both, by their places."""
        if self._vectors is None or self._compared is None:
            return {}
        found = dict(self._vectors.nearest("curriculum", vector, _NOTES))
        places, vectors = self._compared
        cosines = np.vecdot(vectors, vector)  # `@` wakes a second thread
        found.update((places[row], float(cosines[row])) for row in largest(cosines, _ARTICLE))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What of a passage is kept in memory; `whole` is how far before it the passage of its section as a whole stands."""

    source: Source
    key: str
    kind: PassageKind
    text: str
    block: int
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A document in memory: its passages with their stems, their vectors, and the numbers of those that have one."""

    pieces: list[_Piece]
    stems: list[list[str]]
    vectors: HalfVectors
    coded: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Searched:
    """What a segment searches, all of one state; `coded` are the places of the vectors, `row_of` is its inverse."""

    pieces: list[_Piece]
    keywords: KeywordIndex
    vectors: ExactIndex
    coded: list[int]
    row_of: dict[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeFound:
    """Passages by source, and the vectors of the whole sections they stand in, by key."""

    passages: dict[Source, list[Found]] = field(default_factory=dict)
    wholes: dict[str, Vector] = field(default_factory=dict)


def _pieces(passages: Iterable[Passage]) -> Iterator[_Piece]:
    key, block, whole = "", -1, None
    for number, one in enumerate(passages):
        if one.key != key:
            key, block, whole = sys.intern(one.key), -1, None
        if one.kind == "section":
            whole = number
        block += one.kind == "block"
        yield _Piece(
            source=one.source,
            key=key,
            kind=one.kind,
            text=one.text if one.kind == "alias" else "",
            block=block if one.kind in {"block", "sentence"} else -1,
            whole=number - whole if whole is not None else -1,
        )


def _part(contents: Sequence[tuple[Passage, bytes | None]], words: Words, *, comparable: bool) -> _Part:
    rows = [(number, vector) for number, (_, vector) in enumerate(contents) if vector and comparable]
    vectors = np.frombuffer(b"".join(vector for _, vector in rows), dtype=np.float32)
    return _Part(
        pieces=list(_pieces(passage for passage, _ in contents)),
        stems=[searched(passage, words) for passage, _ in contents],
        vectors=vectors.reshape(len(rows), -1 if rows else 0).astype(np.float16),
        coded=[number for number, _ in rows],
    )


def _joined(parts: Sequence[_Part]) -> _Searched:
    pieces: list[_Piece] = []
    places: list[int] = []
    for part in parts:
        places += [len(pieces) + number for number in part.coded]
        pieces += part.pieces
    some = [part.vectors for part in parts if part.coded]
    return _Searched(
        pieces=pieces,
        keywords=KeywordIndex([text for part in parts for text in part.stems]),
        vectors=ExactIndex(np.concatenate(some) if some else np.zeros((0, 0), dtype=np.float16)),
        coded=places,
        row_of={place: row for row, place in enumerate(places)},
    )


def _views(parts: Mapping[str, _Part], joined: _Searched) -> dict[str, _Part]:
    """The parts with their vectors where the joined ones are, so that each is in memory once."""
    rows, start, views = joined.vectors.rows, 0, {}
    for name, part in parts.items():
        views[name] = replace(part, vectors=rows[start : start + len(part.coded)])
        start += len(part.coded)
    return views


@dataclass(frozen=True, slots=True, kw_only=True)
class Worded:
    """A search of a segment so far: the passages (by their places) that share the question's words, with their share of
    the best score."""

    searched: _Searched
    shares: dict[int, float]

    def __contains__(self, stem: str) -> bool:
        """Whether any passage contains it."""
        return stem in self.searched.keywords

    def search(self, vector: Vector | None, near: int) -> ScopeFound:
        """These passages, the `near` nearest, and the sections of them as wholes."""
        now, shares = self.searched, self.shares
        nearest = [now.coded[row] for row in now.vectors.nearest(vector, near)] if vector is not None else []
        pieces = {place: now.pieces[place] for place in (*nearest, *shares)}
        wholes = [place - one.whole for place, one in pieces.items() if one.whole > 0]
        pieces |= {place: now.pieces[place] for place in wholes}
        coded = [place for place in pieces if place in now.row_of]
        cosines: dict[int, float] = {}
        kept: dict[str, Vector] = {}
        if vector is not None and coded:
            vectors = now.vectors.vectors([now.row_of[place] for place in coded])
            cosines = dict(zip(coded, np.vecdot(vectors, vector).tolist(), strict=True))  # `@` wakes a second thread
            kept = {
                pieces[place].key: row for place, row in zip(coded, vectors, strict=True) if pieces[place].whole == 0
            }
        found = ScopeFound(wholes=kept)
        for place, one in pieces.items():
            found.passages.setdefault(one.source, []).append(
                Found(
                    key=one.key,
                    kind=one.kind,
                    text=one.text,
                    cosine=cosines.get(place),
                    keyword=shares.get(place, 0.0),
                    block=one.block,
                )
            )
        return found


class ScopeSegment:
    """What one scope holds of one lot, kept in step with the corpus: enough to rank it; what is shown is in the database.

    Vectors come from the database with the passages, so nothing is embedded again. `embedding` names what made those
    that can be compared with; "" for none.
    """

    def __init__(self, scope: Scope, lot: Lot, embedding: str) -> None:
        self.scope = scope
        self.synonyms: tuple[str, ...] = ()
        self._lot = lot
        self._embedding = embedding
        self._parts: dict[str, _Part] = {}
        self._searched = _joined(())

    @property
    def keywords(self) -> KeywordIndex:
        """The words of its passages."""
        return self._searched.keywords

    def __len__(self) -> int:
        """How many passages are searched."""
        return len(self._searched.pieces)

    async def sync(self, corpus: Corpus, parts: Sequence[CorpusPart], words: Words) -> None:
        """Load what is new, drop what is gone; the search serves the former state until this is done."""
        mine = [part for part in parts if (part.kind in {"file", "url"}) == (self._lot == "documents")]
        self.synonyms = tuple(part.text for part in mine if part.kind == "synonyms")
        loaded: dict[str, _Part] = {}
        for part in mine:
            if part.id in self._parts:
                loaded[part.id] = self._parts[part.id]
            elif part.passages and (contents := await corpus.contents(self.scope, part.id)):
                comparable = bool(self._embedding) and part.embedding == self._embedding
                loaded[part.id] = await asyncio.to_thread(_part, contents, words, comparable=comparable)
        if loaded.keys() != self._parts.keys():
            self._searched = await asyncio.to_thread(_joined, tuple(loaded.values()))
            self._parts = _views(loaded, self._searched)

    def worded(self, words: Sequence[str], meant: Sequence[str], limit: int) -> Worded:
        """The `limit` best passages by their words: the first half of a search, for which no vector is needed."""
        now = self._searched
        return Worded(searched=now, shares=dict(now.keywords.ranked(words, meant, limit)))
