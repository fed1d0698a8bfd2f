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


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading of the article with the text directly under it.

    `blocks` are verbatim: a paragraph, or a lead line with the list or question that belongs to it. `path` holds the
    headings above, outermost first, without the title.
    """

    heading: str
    level: int
    path: tuple[str, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """The article; `text` is the Markdown body, of which every block is an exact substring."""

    title: str
    label: str
    text: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A leaf of the taxonomy; `quota` items serve it over a year."""

    id: str
    title: str
    quota: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """A number an answer has to state: within `tol_rel` of the value, within a factor, or in a closed range."""

    value: float
    unit: str = ""
    tol_rel: float | None = None
    tol_factor: float | None = None
    range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing a good answer says. `weight` is its share of the item, `miss` the hint when it was not seen."""

    id: str
    weight: float
    claim: str
    miss: str
    hit: tuple[str, ...] = ()
    not_hit: tuple[str, ...] = ()
    numeric: Numeric | None = None
    pattern: str | None = None
    min_of: int = 1


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
class Variant:
    """The same idea with other numbers or another story; `rubric` is empty where the item's own holds."""

    prompt: str
    answer: str
    facts: Mapping[str, object] = field(default_factory=dict)
    rubric: tuple[Point, ...] = ()


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

    @property
    def leaf(self) -> str:
        """The taxonomy leaf this item counts for."""
        return self.nodes[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curriculum:
    """All usable items by id, the taxonomy's leaves by id, and what was wrong with the rest."""

    items: Mapping[str, Item]
    leaves: Mapping[str, Leaf]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A searchable piece. `text` is verbatim; `section` is its heading; `place` orders passages within a source."""

    id: str
    source: Source
    section: str
    text: str
    place: int
    kind: Literal["section", "block", "explanation"] = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionHit:
    """A section a search found, with its best passages first. `score` is the fused rank score, only for ordering."""

    source: Source
    section: str
    score: float
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """What a search found, best section first.

    `similarity` is the best cosine (0 without vectors), `coverage` the share (0-1, weighted by rarity) of the
    question's content words that the best section contains, `unknown` those that no source contains.
    """

    hits: tuple[SectionHit, ...]
    similarity: float
    coverage: float
    unknown: tuple[str, ...]
    semantic: bool
