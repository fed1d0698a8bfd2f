"""Tier 0 on answers to items that decided nothing: the table, and the figures that must hold."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from bot.core.grading import ABSTAIN_OVER, Grader, task_of
from bot.core.records import Grade
from knowledge.index.meaning import Meaning
from knowledge.loader import load_curriculum
from tests.content.labelled import Labelled, answers, decides, deciding, kappa, reporting

ITEMS = load_curriculum().items


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An answer with its grade, and which of its verdicts are decided and wrong."""

    labelled: Labelled
    grade: Grade
    wrong: tuple[str, ...]


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    return asyncio.run(judge(reporting()))


async def judge(labelled: Sequence[Labelled]) -> list[Judged]:
    grader, found = Grader(Meaning()), []
    for one in labelled:
        grade = await grader.grade(one.answer, task_of(ITEMS[one.item]))
        wrong = tuple(
            point.point_id
            for point in grade.points
            if point.verdict != "unsure" and (point.verdict == "hit") != one.labels[point.point_id]
        )
        found.append(Judged(labelled=one, grade=grade, wrong=wrong))
    return found


def points(judged: Sequence[Judged]) -> list[tuple[str, bool, float]]:
    """(verdict, label, weight) of every point."""
    weight = {(item.id, point.id): point.weight for item in ITEMS.values() for point in item.rubric}
    return [
        (point.verdict, one.labels[point.point_id], weight[one.item, point.point_id])
        for one, grade in ((each.labelled, each.grade) for each in judged)
        for point in grade.points
    ]


def test_the_set_is_large_and_the_halves_share_no_item() -> None:
    assert len(answers()) >= 400
    assert len({one.item for one in answers()}) >= 80
    assert not {one.item for one in deciding()} & {one.item for one in reporting()}
    assert all(decides(one.item) for one in deciding())
    kinds = Counter(one.kind for one in reporting())
    assert min(kinds.values()) >= 30, kinds


def test_both_labellers_agree() -> None:
    pairs = [(one.first[name], one.second[name]) for one in answers() for name in one.first]
    assert kappa([a for a, _ in pairs], [b for _, b in pairs]) >= 0.8


def test_every_point_of_every_answer_has_a_label() -> None:
    for one in answers():
        assert one.labels.keys() == {point.id for point in ITEMS[one.item].rubric}, one.item


def test_the_table(judged: list[Judged], capsys: pytest.CaptureFixture[str]) -> None:
    rows = points(judged)
    agreement = kappa([verdict == "hit" for verdict, _, _ in rows], [label for _, label, _ in rows])
    decided = sum(verdict != "unsure" for verdict, _, _ in rows) / len(rows)
    wrong = sum(len(one.wrong) for one in judged) / len(rows)
    abstained = sum(one.grade.abstained for one in judged) / len(judged)
    misjudged = sum(bool(one.wrong) for one in judged) / len(judged)
    misjudged_and_scored = sum(bool(one.wrong) and not one.grade.abstained for one in judged) / len(judged)
    with capsys.disabled():
        print(
            f"\n  tier 0 on {len(judged)} answers to {len({one.labelled.item for one in judged})} items, {len(rows)} points: "
            f"kappa {agreement:.3f} (unsure counted as missed), decided {decided:.1%}, confidently wrong {wrong:.1%}; "
            f"answers: abstained {abstained:.1%}, with a confidently wrong verdict {misjudged:.1%} "
            f"({misjudged_and_scored:.1%} among those that were scored)"
        )
        by_kind: dict[str, list[Judged]] = defaultdict(list)
        for one in judged:
            by_kind[one.labelled.kind].append(one)
        for kind, some in sorted(by_kind.items()):
            all_points = sum(len(one.grade.points) for one in some)
            print(
                f"    {kind:16} {len(some):3} answers, confidently wrong "
                f"{sum(len(one.wrong) for one in some) / all_points:.1%}, abstained "
                f"{sum(one.grade.abstained for one in some) / len(some):.0%}"
            )
    assert agreement >= 0.65
    assert decided >= 0.70
    assert wrong <= 0.03


def test_abstaining_means_that_too_much_is_unsure(judged: list[Judged]) -> None:
    assert all(one.grade.abstained == (one.grade.unsure > ABSTAIN_OVER) for one in judged)
