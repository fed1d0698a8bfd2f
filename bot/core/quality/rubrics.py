"""The points of a rubric: can each be checked alone, is it given away, are its numbers right."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from knowledge.formulas import computed
from knowledge.locating import At
from knowledge.model import KnowledgeError, Numeric, Point

LONGEST_HINT = 300
_ROUNDED = 0.005
"""A value may differ from its formula by rounding."""

Said = tuple[At, str, str]
"""Where, what was expected, what was found."""


def plain(text: str) -> str:
    """Lower case, white space folded."""
    return " ".join(text.lower().split())


def stands_in(phrase: str, text: str) -> bool:
    """Whether the phrase stands in the text in whole words."""
    return bool(re.search(rf"(?<!\w){re.escape(plain(phrase))}(?!\w)", plain(text)))


def shape(points: Sequence[Point], at: At, *, few: int, many: int, most: float) -> Iterator[Said]:
    """Number and weights of the points, their ids, what there is to see of each."""
    names = [point.id for point in points]
    if not few <= len(points) <= many:
        yield at, f"{few}-{many} points", str(len(points))
    for place, point in enumerate(points):
        here = (*at, place)
        if not 0 < point.weight <= most + 1e-9:
            yield (*here, "w"), f"a weight over 0 and of at most {most}", f"{point.weight}"
        if names.count(point.id) > 1:
            yield (*here, "id"), "an id of its own", point.id
        if not (point.hit or point.numeric or point.pattern):
            yield here, "something to see it by: hit, numeric or pattern", "none of them"
        if not 1 <= point.min_of <= max(1, len(point.hit)):
            yield (*here, "min_of"), f"1-{max(1, len(point.hit))}, as many as there are hits", str(point.min_of)
        for name, text in (("claim", point.claim), ("miss", point.miss)):
            if len(text) > LONGEST_HINT:
                yield (*here, name), f"at most {LONGEST_HINT} characters", str(len(text))


def given_away(points: Sequence[Point], at: At, texts: Mapping[str, str]) -> Iterator[Said]:
    """Hits that stand in one of the texts that a person reads before the answer, by the name of each."""
    for place, point in enumerate(points):
        for number, phrase in enumerate(point.hit):
            for name, text in texts.items():
                if stands_in(phrase, text):
                    yield (*at, place, "hit", number), f"no words of {name}", f"“{phrase}”"
                    break


def numbers(points: Sequence[Point], at: At, facts: Mapping[str, object]) -> Iterator[Said]:
    """Values that their formula does not give, tolerances that do not hold them."""
    for place, point in enumerate(points):
        if point.numeric is not None:
            yield from (
                (((*at, place, "numeric", *where)), want, got) for where, want, got in _number(point.numeric, facts)
            )


def _number(number: Numeric, facts: Mapping[str, object]) -> Iterator[Said]:
    if not number.formula:
        yield (), "a formula over the facts", "none"
        return
    try:
        value = computed(number.formula, facts)
    except KnowledgeError as error:
        yield ("formula",), "a formula over the facts", str(error)
        return
    if not math.isfinite(value) or not math.isclose(value, number.value, rel_tol=_ROUNDED, abs_tol=1e-9):
        yield ("value",), f"{value:g}, which the formula gives", f"{number.value:g}"
    elif number.range and not number.range[0] <= value <= number.range[1]:
        yield ("range",), f"a range with {value:g} in it", f"{number.range[0]:g} to {number.range[1]:g}"
    if sum(one is not None for one in (number.tol_rel, number.tol_factor, number.range)) > 1:
        yield (), "one of tol_rel, tol_factor and range", "several"
    if number.tol_factor is not None and number.tol_factor < 1:
        yield ("tol_factor",), "a factor of 1 or more", f"{number.tol_factor:g}"
