"""What the core asks of the knowledge: a search, and sentences written from what was found."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from knowledge.model import (
    CorpusPart,
    Passage,
    Retrieval,
    Scope,
    Sentence,
    Source,
    StoredSection,
    TokensUsed,
)


class Retriever(Protocol):
    """Finds the sections that answer a question."""

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> Mapping[Source, Retrieval]:
        """At most `limit` sections of each of these sources, best first; of documents only those that `scope` may see.
        Never raises for any text; an index that fails is left out."""


@runtime_checkable
class Corpus(Protocol):
    """Where a team's documents are kept; who may see them is part of every query."""

    async def generations(self, workspaces: Sequence[str]) -> Mapping[str, int]:
        """For each of them a number that changes whenever what it has taken in does; none while it has nothing."""

    async def parts(self, scope: Scope) -> Sequence[CorpusPart]:
        """What exactly this scope holds: a channel's own parts without the workspace's, and the reverse."""

    async def contents(self, scope: Scope, part_id: str) -> Sequence[tuple[Passage, bytes | None]]:
        """The passages of one part with their vectors (float32, or None), in order; nothing if it is gone."""

    async def passages(self, scopes: Sequence[Scope], ids: Sequence[str]) -> Mapping[str, tuple[Passage, bytes | None]]:
        """Those of the passages that these scopes hold, by id, with their vectors."""

    async def wholes(self, scopes: Sequence[Scope], keys: Sequence[str]) -> Mapping[str, tuple[Passage, bytes | None]]:
        """The passages of kind `section` of those sections that these scopes hold, by id, with their vectors."""

    async def sections(self, scopes: Sequence[Scope], keys: Sequence[str]) -> Mapping[str, StoredSection]:
        """Those of the sections that these scopes hold, by key."""


class Embedder(Protocol):
    """Turns text into the vectors that the index compares."""

    async def embed(self, text: str) -> bytes | None:
        """The vector (float32, length 1) of a text, or None where there is no embedding."""

    def similarity(self, one: str, other: str) -> float:
        """The cosine of two texts; takes some milliseconds. Raises nothing; 1 where there is no embedding."""

    async def similarities(self, sentences: Sequence[str], texts: Sequence[str]) -> Sequence[Sequence[float]] | None:
        """The cosines of each sentence (a row) with each text, or None where the embedding that the grader was fitted
        on is not there. Raises nothing."""


class Writer(Protocol):
    """A language model that answers from numbered quotes and nothing else. What it writes is not to be trusted."""

    name: str

    def write(
        self, question: str, quotes: Sequence[str], *, earlier: Sequence[str] = ()
    ) -> AsyncIterator[Sentence | TokensUsed]:
        """Sentences as they are written, and what it cost, last. `earlier` are the previous questions of the thread.
        Raises WriterFailed, also after some sentences."""


Said = Literal["hit", "missed", "unsure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What a language model says of one point, unchecked; `quote` is said to be the answer's own words."""

    point_id: str
    verdict: Said
    quote: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The opinions of one call in the order they came, and what it cost; `failure` is a sentence where there are none
    because it failed."""

    opinions: tuple[Opinion, ...] = ()
    used: TokensUsed
    failure: str = ""


class Judge(Protocol):
    """A language model that says which points an answer shows. What it says is not to be trusted."""

    name: str

    async def judge(self, question: str, answer: str, points: Mapping[str, str]) -> Judgement:
        """One call about all points (id -> claim). Raises nothing but a cancellation."""
