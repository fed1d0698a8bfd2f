"""The article, the curriculum and what a search returns, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Source = Literal["article", "curriculum", "documents"]
Category = Literal["B", "S", "D", "A"]

CATEGORIES: tuple[Category, ...] = ("B", "S", "D", "A")
CATEGORY_TITLES: Mapping[Category, str] = {
    "B": "Backend engineering depth",
    "S": "System design",
    "D": "DSA",
    "A": "AI-assisted development",
}
SOURCE_LABELS: Mapping[Source, str] = {
    "article": "the article",
    "curriculum": "the practice notes",
    "documents": "your documents",
}


class KnowledgeError(Exception):
    """A file of knowledge cannot be used; the text names file, line and what was expected."""


class Refused(KnowledgeError):
    """A document that is not taken; the text is one sentence with the reason and what would be."""


class WriterFailed(KnowledgeError):
    """The language model gave no usable answer: too slow, refused, broken off; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading of the article with the text directly under it.

    `blocks` are verbatim: a paragraph, or a lead line with the list or question that belongs to it. `path` holds the
    headings above, outermost first, without the title. `questions` are ways in which people ask for it.
    """

    key: str
    heading: str
    level: int
    path: tuple[str, ...]
    blocks: tuple[str, ...]
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article; `text` is the Markdown body, of which every block is an exact substring.

    `unanswered` are questions near its subjects, and far from them, to which it has no answer.
    """

    title: str
    label: str
    text: str
    sections: tuple[Section, ...]
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSection:
    """A heading of a document with the text directly under it; `blocks` and `path` as in `Section`."""

    heading: str
    path: tuple[str, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """What a loader made of a file. `notes` say in words what was left out of it, such as hidden text."""

    title: str
    sections: tuple[DocumentSection, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A sentence that a language model wrote, with the numbers (from 1) of the quotes it rests on."""

    text: str
    quote_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensUsed:
    """What a call to a language model cost, in tokens; estimated where the provider does not say."""

    asked: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf of the taxonomy; `quota` items serve it over a year."""

    id: str
    title: str
    quota: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """A number an answer has to state: within `tol_rel` of the value, within a factor, or in a closed range.

    `formula` gives the value from the facts of the item, see `knowledge.formulas`.
    """

    value: float
    unit: str = ""
    formula: str = ""
    tol_rel: float | None = None
    tol_factor: float | None = None
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing a good answer says. `weight` is its share of the item, `miss` the hint when it was not seen.

    `right` and `wrong` are sentences that show it and such that only seem to: see `knowledge.exemplars`.
    """

    id: str
    weight: float
    claim: str
    miss: str
    hit: tuple[str, ...] = ()
    not_hit: tuple[str, ...] = ()
    numeric: Numeric | None = None
    pattern: str | None = None
    min_of: int = 1
    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A question of an item with the points that answer it; the first one stands in the prompt."""

    id: str
    ask: str
    points: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A statement that costs `penalty` and is answered with `say`, unless one of `without` stands near it."""

    phrases: tuple[str, ...]
    without: tuple[str, ...]
    penalty: float
    say: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a variant with placeholders is filled from: one value of each `draw`, one of the recorded `runs`, and the
    `facts` computed from them, in order."""

    draw: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    runs: tuple[Mapping[str, float], ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same idea with other numbers or another story; `rubric` is empty where the item's own holds.

    With a `template` its texts hold placeholders and its numbers formulas: see `knowledge.formulas.filled`.
    """

    prompt: str
    answer: str
    facts: Mapping[str, object] = field(default_factory=dict)
    rubric: tuple[Point, ...] = ()
    template: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """Where a text comes from. `blind_solved_at` is an ISO date, "" before anybody solved it from its prompt alone.

    `alike` names items that read nearly the same, each with the reason why both are there.
    """

    origin: str = ""
    licence: str = ""
    lang: str = ""
    blind_solved_at: str = ""
    alike: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A practice prompt with everything needed to grade an answer to it."""

    id: str
    version: int
    type: str
    category: Category
    nodes: tuple[str, ...]
    level: int
    minutes: int
    prompt: str
    answer: str
    rubric: tuple[Point, ...]
    parts: tuple[Part, ...]
    hints: tuple[str, ...]
    misconceptions: tuple[str, ...]
    sources: tuple[str, ...]
    variants: tuple[Variant, ...]
    follow_up: str = ""
    article_anchor: str | None = None
    contradictions: tuple[Contradiction, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    meta: Meta = Meta()

    @property
    def leaf(self) -> str:
        """The taxonomy leaf this item counts for."""
        return self.nodes[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why an item or a quiz of a file was left out. `field` is where in it ("rubric[2].w"), "" for the whole."""

    file: str
    line: int
    subject: str
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        where = ", ".join(filter(None, (self.subject, self.field)))
        return f"{self.file}, line {self.line}: {where + ': ' if where else ''}expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """All usable items by id, the taxonomy's leaves by id, and what was wrong with the rest."""

    items: Mapping[str, Item]
    leaves: Mapping[str, Leaf]
    problems: tuple[Problem, ...] = ()


EVERYWHERE = "*"
"""The workspace of what everybody whom this coach serves may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Who may see a document: a workspace ("slack:T1"), one channel of it alone, or everybody this coach serves."""

    workspace: str = EVERYWHERE
    channel: str = ""

    @property
    def visible(self) -> tuple["Scope", ...]:
        """The scopes whose documents may be shown here: what is for all, the workspace's, the channel's own."""
        scopes = [Scope()]
        if self.workspace != EVERYWHERE:
            scopes.append(Scope(workspace=self.workspace))
            if self.channel:
                scopes.append(self)
        return tuple(scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusPart:
    """A document, a note, an alias or a line of synonyms that a team took in. `text` holds the synonyms."""

    id: str
    kind: Literal["file", "url", "note", "alias", "synonyms"]
    passages: int
    embedding: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSection:
    """A section of a document with its blocks in reading order."""

    heading: str
    blocks: tuple[str, ...]
    title: str
    url: str | None = None


PassageKind = Literal["section", "block", "sentence", "alias", "explanation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A searchable piece of a section.

    `key` names the section over all sources (headings may repeat), `section` is its heading. `text` is what is searched:
    verbatim for a block, the heading and all blocks for a section, a question that the section answers for an alias.
    """

    id: str
    source: Source
    key: str
    section: str
    text: str
    kind: PassageKind = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionHit:
    """A section a search found. `score` is the fused score, only for ordering.

    `blocks` are the section's own, verbatim, in reading order; `best` is the index of the one nearest to the question.
    `title` and `url` name the document of a `documents` section.
    """

    source: Source
    key: str
    section: str
    score: float
    blocks: tuple[str, ...]
    best: int = 0
    title: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What a search found in one source, best section first, and what that rests on.

    `similarity` and `alias_similarity` are the best cosines of the first section's passages and aliases (0 without
    vectors), `margin` is the distance of the first score to the second. `coverage` is the share (0-1, weighted by
    rarity) of the question's content words that the first section contains, and `unknown` the words of the question,
    as it was written, that the source contains nowhere, with how rare each is in English (0-1). `leaning` is above 0 for
    a question like those the article answers, below for one like those it does not, and `unanswered_similarity` the
    cosine of the nearest of the latter; both 0 for other sources.
    """

    hits: tuple[SectionHit, ...]
    similarity: float = 0.0
    alias_similarity: float = 0.0
    margin: float = 0.0
    coverage: float = 0.0
    unknown: tuple[tuple[str, float], ...] = ()
    leaning: float = 0.0
    unanswered_similarity: float = 0.0
    semantic: bool = False
