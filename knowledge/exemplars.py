"""Sentences that show a rubric point and sentences that only seem to, beside the items: what the grader compares with.

One JSON line a point in curriculum/exemplars/*.jsonl; written by language models that saw the items and no answers.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from knowledge.locating import Unreadable
from knowledge.model import Item, Point, Problem, Variant

_DIGIT = re.compile(r"\d")
Exemplars = Mapping[str, Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]]
"""Item -> point -> (those that show it, those that do not)."""


def read_exemplars(folder: Path) -> Exemplars:
    """Raises Unreadable, with the file and the line, for what is no line of exemplars."""
    found: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                raw = json.loads(line)
                both = tuple(map(str, raw["right"])), tuple(map(str, raw["wrong"]))
                found.setdefault(str(raw["item"]), {})[str(raw["point"])] = both
            except (ValueError, KeyError, TypeError) as error:
                raise Unreadable(
                    Problem(
                        file=path.name,
                        line=number,
                        subject="",
                        field="",
                        expected="item, point, right and wrong as JSON",
                        found=repr(error),
                    )
                ) from error
    return found


def attached(item: Item, exemplars: Exemplars) -> Item:
    """The item with its exemplars; its variants take those without a number, which may be another one there."""
    held = exemplars.get(item.id)
    if not held:
        return item

    def with_(point: Point, *, numbers: bool) -> Point:
        right, wrong = held.get(point.id, ((), ()))
        if not numbers:
            right = tuple(text for text in right if not _DIGIT.search(text))
            wrong = tuple(text for text in wrong if not _DIGIT.search(text))
        return replace(point, right=right, wrong=wrong)

    def varied(variant: Variant) -> Variant:
        return replace(variant, rubric=tuple(with_(point, numbers=False) for point in variant.rubric))

    return replace(
        item,
        rubric=tuple(with_(point, numbers=True) for point in item.rubric),
        variants=tuple(map(varied, item.variants)),
    )
