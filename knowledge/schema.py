"""From the raw fields of an item to validated values: what a practice item has to have to be usable."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from knowledge.locating import At
from knowledge.model import (
    CATEGORIES,
    Category,
    Contradiction,
    Item,
    Meta,
    Numeric,
    Part,
    Point,
    Template,
    Variant,
)

_POINT = {"id", "w", "claim", "hit", "not_hit", "numeric", "pattern", "min_of", "miss"}
_FIELDS: Mapping[str, Collection[str]] = {
    "": {
        *("id", "version", "type", "category", "nodes", "level", "minutes", "article_anchor", "prompt", "parts"),
        *("facts", "answer", "rubric", "contradictions", "misconceptions", "hints", "follow_up", "sources"),
        *("variants", "meta"),
    },
    "parts": {"id", "ask", "points"},
    "rubric": _POINT,
    "numeric": {"value", "unit", "formula", "tol_rel", "tol_factor", "range"},
    "contradictions": {"if", "without", "penalty", "say"},
    "variants": {"prompt", "answer", "facts", "rubric", "template"},
    "template": {"draw", "runs", "facts"},
    "meta": {"origin", "licence", "lang", "blind_solved_at", "alike"},
}


class Wrong(Exception):
    """A field that cannot be used: where it stands, what was expected there and what was found."""

    def __init__(self, at: At, expected: str, found: object) -> None:
        self.at = at
        self.expected = expected
        self.found = found if isinstance(found, str) else shown(found)
        super().__init__(f"expected {expected}, found {self.found}")


def shown(value: object) -> str:
    """A value of a file in a message."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of a document and where it stands; every reader raises Wrong."""

    raw: Mapping[str, Any]
    at: At = ()

    @classmethod
    def of(cls, raw: object, at: At = ()) -> "Fields":
        """Of what should be a mapping."""
        if not isinstance(raw, Mapping):
            raise Wrong(at, "fields with values", raw)
        return cls(raw, at)

    def wrong(self, name: str, expected: str, found: object = None) -> Wrong:
        """The error for one of these fields; without `found` for what stands there."""
        return Wrong((*self.at, name), expected, shown(self.raw.get(name)) if found is None else found)

    def text(self, name: str, default: str | None = None) -> str:
        """A text with something in it, trimmed."""
        value = self.raw.get(name, default)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.wrong(name, "a text")
        return value.strip()

    def texts(self, name: str, *, least: int = 0) -> tuple[str, ...]:
        """A list of at least so many texts; absent is empty."""
        values = self.raw.get(name)
        values = [] if values is None else values
        if not isinstance(values, list):
            raise self.wrong(name, "a list of texts")
        for place, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                raise Wrong((*self.at, name, place), "a text (in quotes where YAML would read something else)", value)
        if len(values) < least:
            raise self.wrong(name, f"at least {least} text{'s' if least > 1 else ''}")
        return tuple(values)

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        value = self.raw.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.wrong(name, "a whole number")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self.raw.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise self.wrong(name, "a number")
        return float(value)

    def optional(self, name: str) -> float | None:
        """A number, or None where there is none."""
        return None if self.raw.get(name) is None else self.number(name)

    def inner(self, name: str) -> "Fields":
        """A mapping; absent is empty."""
        value = self.raw.get(name)
        return Fields.of({} if value is None else value, (*self.at, name))

    def each(self, name: str, *, least: int = 0) -> list["Fields"]:
        """A list of at least so many mappings; absent is empty."""
        values = self.raw.get(name)
        values = [] if values is None else values
        if not isinstance(values, list) or len(values) < least:
            raise self.wrong(name, f"a list of {least} or more" if least else "a list")
        return [Fields.of(value, (*self.at, name, place)) for place, value in enumerate(values)]


def strangers(raw: object, at: At = (), kind: str = "") -> Iterator[At]:
    """Where a raw item has fields that nothing reads, such as a name that is mistyped."""
    if isinstance(raw, list):
        for place, one in enumerate(raw):
            yield from strangers(one, (*at, place), kind)
    elif isinstance(raw, Mapping):
        for name, value in raw.items():
            if name not in _FIELDS[kind]:
                yield (*at, str(name))
            elif name in _FIELDS:
                yield from strangers(value, (*at, name), name)


def _numeric(fields: Fields) -> Numeric:
    value = fields.number("value", math.nan) if "value" in fields.raw else math.nan
    bounds = fields.raw.get("range")
    if bounds is not None and not _is_range(bounds):
        raise fields.wrong("range", "two numbers, the smaller one first")
    return Numeric(
        value=value,
        unit=str(fields.raw.get("unit") or ""),
        formula=str(fields.raw.get("formula") or ""),
        tol_rel=fields.optional("tol_rel"),
        tol_factor=fields.optional("tol_factor"),
        range=(float(bounds[0]), float(bounds[1])) if bounds else None,
    )


def _is_range(bounds: object) -> bool:
    numbers = isinstance(bounds, list) and len(bounds) == 2 and all(isinstance(one, int | float) for one in bounds)
    return numbers and bounds[0] <= bounds[1]  # type: ignore[index]


def _point(fields: Fields) -> Point:
    pattern = fields.text("pattern", "") or None
    if pattern:
        try:
            re.compile(pattern)
        except re.error as error:
            raise fields.wrong("pattern", "a regular expression", f"one with an error ({error})") from error
    return Point(
        id=fields.text("id"),
        weight=fields.number("w"),
        claim=fields.text("claim"),
        miss=fields.text("miss"),
        hit=fields.texts("hit"),
        not_hit=fields.texts("not_hit"),
        numeric=_numeric(fields.inner("numeric")) if fields.raw.get("numeric") else None,
        pattern=pattern,
        min_of=fields.whole("min_of", 1),
    )


def rubric(fields: Fields, *, computed: bool = False, least: int = 1) -> tuple[Point, ...]:
    """The points of an item, a variant or a stage; the numbers of a template (`computed`) have no value yet."""
    points = tuple(_point(one) for one in fields.each("rubric", least=least))
    if points and abs(sum(point.weight for point in points) - 1) > 1e-6:
        raise fields.wrong("rubric", "weights that add up to 1", f"{sum(point.weight for point in points):.3f}")
    for place, point in enumerate(points):
        if point.numeric and math.isnan(point.numeric.value) and not computed:
            at = (*fields.at, "rubric", place, "numeric")
            raise Wrong(at, "a value; only a template does without", "none")
    return points


def _variant(fields: Fields) -> Variant:
    template = None
    if fields.raw.get("template"):
        given = fields.inner("template")
        draw = given.inner("draw")
        template = Template(
            draw={name: _values(draw, name) for name in draw.raw},
            runs=tuple(run.raw for run in given.each("runs")),
            facts={name: str(value) for name, value in given.inner("facts").raw.items()},
        )
    return Variant(
        prompt=fields.text("prompt"),
        answer=fields.text("answer"),
        facts=fields.inner("facts").raw,
        rubric=rubric(fields, computed=template is not None, least=0),
        template=template,
    )


def _values(draw: Fields, name: str) -> tuple[float, ...]:
    values = draw.raw[name]
    if not isinstance(values, list) or not values or not all(isinstance(one, int | float) for one in values):
        raise draw.wrong(name, "a list of numbers to draw from")
    return tuple(values)


def _contradiction(fields: Fields) -> Contradiction:
    return Contradiction(
        phrases=fields.texts("if", least=1),
        without=fields.texts("without"),
        penalty=fields.number("penalty", 0),
        say=fields.text("say"),
    )


def meta(fields: Fields) -> Meta:
    """Where an item or a quiz comes from."""
    given = fields.inner("meta")
    return Meta(
        origin=str(given.raw.get("origin") or ""),
        licence=str(given.raw.get("licence") or ""),
        lang=str(given.raw.get("lang") or ""),
        blind_solved_at=str(given.raw.get("blind_solved_at") or ""),
        alike={str(name): str(why) for name, why in given.inner("alike").raw.items()},
    )


def category(fields: Fields) -> Category:
    """One of the four."""
    if fields.raw.get("category") not in CATEGORIES:
        raise fields.wrong("category", f"one of {', '.join(CATEGORIES)}")
    return cast("Category", fields.raw["category"])


def nodes(fields: Fields, leaves: Collection[str]) -> tuple[str, ...]:
    """Nodes of the taxonomy, the leaf that it counts for first."""
    named = fields.texts("nodes", least=1)
    for place, node in enumerate(named):
        if node not in leaves:
            raise Wrong((*fields.at, "nodes", place), "a leaf of taxonomy.yaml", node)
    return named


def item(raw: object, leaves: Collection[str]) -> Item:
    """An item that can be used; raises Wrong with the first thing that forbids it."""
    fields = Fields.of(raw)
    points = rubric(fields)
    parts = tuple(
        Part(id=one.text("id"), ask=one.text("ask"), points=one.texts("points", least=1))
        for one in fields.each("parts", least=1)
    )
    asked = sorted(name for part in parts for name in part.points)
    if asked != sorted(point.id for point in points):
        raise fields.wrong("parts", "every point of the rubric in exactly one part", ", ".join(asked))
    return Item(
        id=fields.text("id"),
        version=fields.whole("version"),
        type=fields.text("type"),
        category=category(fields),
        nodes=nodes(fields, leaves),
        level=fields.whole("level"),
        minutes=fields.whole("minutes"),
        prompt=fields.text("prompt"),
        answer=fields.text("answer"),
        rubric=points,
        parts=parts,
        hints=fields.texts("hints", least=1),
        misconceptions=fields.texts("misconceptions", least=1),
        sources=fields.texts("sources"),
        follow_up=fields.text("follow_up", ""),
        article_anchor=fields.text("article_anchor", "") or None,
        facts=fields.inner("facts").raw,
        contradictions=tuple(map(_contradiction, fields.each("contradictions"))),
        variants=tuple(map(_variant, fields.each("variants"))),
        meta=meta(fields),
    )
