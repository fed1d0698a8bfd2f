"""`python -m tests.bench.calibrate_grader`: fit the judgement of points on the answers that decide.

Prints the constants for bot/core/judging.py and the curve from which the two bounds of doubt were read.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.core.evidence import Evidence
from bot.core.grading import ABSTAIN_OVER, Grader, task_of
from bot.core.judging import FEATURES, Kind, features, kind_of, probability
from knowledge.index.meaning import Meaning
from knowledge.loader import load_curriculum
from knowledge.model import Point
from tests.bench.calibrate import fit
from tests.content.labelled import Labelled, deciding, reporting

KINDS: tuple[Kind, ...] = ("number", "pattern", "phrase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A point of an answer: the evidence and the label."""

    item: str
    answer: int
    point: Point
    evidence: Evidence
    label: bool


async def seen(labelled: Sequence[Labelled]) -> list[Seen]:
    """Every labelled point with its evidence."""
    grader, items = Grader(Meaning()), load_curriculum().items
    found = []
    for number, one in enumerate(labelled):
        task = task_of(items[one.item])
        evidence = await grader.evidence(one.answer, task)
        found += [
            Seen(item=one.item, answer=number, point=point, evidence=of, label=one.labels[point.id])
            for point, of in zip(task.points, evidence, strict=True)
            if point.id in one.labels
        ]
    return found


def weighed(rows: Sequence[Seen], *, plain: bool) -> dict[Kind, tuple[float, ...]]:
    """The weights of each kind; what is rare borrows from all."""
    weights: dict[Kind, tuple[float, ...]] = {}
    for kind in KINDS:
        # the other kinds stand in with a tenth of the weight, by being drawn less often
        mine = [row for row in rows if kind_of(row.point) == kind]
        others = [row for row in rows if kind_of(row.point) != kind][:: 10 if len(mine) > 150 else 3]
        used = mine + others
        vectors = np.array([features(row.point, _of(row, plain)) for row in used])
        bias, rest = fit(vectors[:, 1:], np.array([row.label for row in used], dtype=float))
        weights[kind] = tuple(round(float(one), 3) for one in (bias, *rest))
    return weights


def _of(row: Seen, plain: bool) -> Evidence:
    return replace(row.evidence, likeness=None) if plain else row.evidence


CURVE = ((0.05, 0.95), (0.1, 0.9), (0.12, 0.85), (0.15, 0.82), (0.2, 0.8), (0.25, 0.75), (0.35, 0.65), (0.5, 0.5))


def curve(rows: Sequence[Seen]) -> list[str]:
    """What each pair of bounds is worth, a line of Markdown each."""
    sure = np.array([probability(row.point, row.evidence) for row in rows])
    label = np.array([row.label for row in rows])
    weight = np.array([row.point.weight for row in rows])
    whose = np.array([row.answer for row in rows])
    lines = [
        "| missed below | hit from | decided | confidently wrong | answers abstained | answers with a wrong verdict |"
    ]
    lines.append("|---|---|---|---|---|---|")
    for low, high in CURVE:
        decided = (sure < low) | (sure >= high)
        wrong = decided & ((sure >= high) != label)
        each = [whose == one for one in np.unique(whose)]
        abstained = np.mean([weight[of & ~decided].sum() > ABSTAIN_OVER * weight[of].sum() for of in each])
        misjudged = np.mean([wrong[of].any() for of in each])
        figures = (decided.mean(), wrong.mean(), abstained, misjudged)
        lines.append(f"| {low} | {high} | " + " | ".join(f"{100 * float(one):.1f} %" for one in figures) + " |")
    return lines


def main() -> None:
    rows = asyncio.run(seen(deciding()))
    print(len(rows), "points of", len({row.answer for row in rows}), "answers;", FEATURES)
    print("WEIGHTS =", weighed(rows, plain=False))
    print("PLAIN_WEIGHTS =", weighed(rows, plain=True))
    print("\nWith the constants that are in force, on the half that reports:")
    print("\n".join(curve(asyncio.run(seen(reporting())))))


if __name__ == "__main__":
    main()
