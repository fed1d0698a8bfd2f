"""A staged system-design quiz, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.model import Category, Meta, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenFact:
    """What a team is told once somebody asks for it; `asked_by` are questions that do."""

    id: str
    fact: str
    asked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step of a quiz. `minutes` and `weight` hold for the whole quiz; the `short` ones make the 20-minute quiz."""

    id: str
    title: str
    minutes: int
    weight: float
    ask: str
    rubric: tuple[Point, ...]
    hints: tuple[str, ...]
    answer: str
    misconceptions: tuple[str, ...]
    short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Twist:
    """What changes after the stage `after`, and the question about it."""

    after: str
    text: str
    ask: str
    rubric: tuple[Point, ...]
    answer: str
    hints: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignQuiz:
    """A staged system-design quiz for a team.

    `arguments` holds, by stage, the question that settles two conflicting answers; `caps` the most that a team can reach
    that asked for no requirements or gave no numbers. `summary` and `diagram` (a file's name without ending, in
    `diagrams/`) are the reference design.
    """

    id: str
    version: int
    category: Category
    nodes: tuple[str, ...]
    level: int
    minutes: int
    title: str
    prompt: str
    hidden_facts: tuple[HiddenFact, ...]
    stages: tuple[Stage, ...]
    twist: Twist
    caps: Mapping[str, float]
    summary: str
    diagram: str
    misconceptions: tuple[str, ...]
    sources: tuple[str, ...]
    arguments: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)
    follow_up: str = ""
    meta: Meta = field(default_factory=Meta)
