"""Answers to practice items with a label for every rubric point; half of the items decide, the other half reports.

Made and labelled by language models, twice and without sight of each other: see tests/content/answers/README.md.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """An answer to an item. `labels`: point -> whether it shows it; `first` and `second` are what each labeller said."""

    item: str
    kind: str
    answer: str
    labels: Mapping[str, bool]
    first: Mapping[str, bool]
    second: Mapping[str, bool]


def decides(item: str) -> bool:
    """Whether the answers to this item may be used to fit the grader; to the others they report."""
    return hashlib.sha256(f"grader {item}".encode()).digest()[0] % 5 < 2


def _read(path: Path) -> Iterator[Labelled]:
    for line in path.read_text(encoding="utf-8").splitlines():
        raw = json.loads(line)
        yield Labelled(**raw)


@cache
def answers() -> tuple[Labelled, ...]:
    """All of them, in the order of the file."""
    return tuple(_read(FOLDER / "labelled.jsonl"))


def deciding() -> Sequence[Labelled]:
    """For calibration."""
    return [one for one in answers() if decides(one.item)]


def reporting() -> Sequence[Labelled]:
    """For figures."""
    return [one for one in answers() if not decides(one.item)]


def kappa(one: Sequence[bool], other: Sequence[bool]) -> float:
    """Cohen's kappa (Educational and Psychological Measurement 20, 1960)."""
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
    yes, also = sum(one) / len(one), sum(other) / len(other)
    chance = yes * also + (1 - yes) * (1 - also)
    return (agreed - chance) / (1 - chance)
