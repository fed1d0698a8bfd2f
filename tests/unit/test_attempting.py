"""An answer to a whole item is graded over the parts that it attempts."""

import pytest

from bot.core.attempting import attempt
from bot.core.grading import Task, totalled
from bot.core.records import Grade, PointVerdict, Verdict
from knowledge.model import Contradiction, Part, Point

POINTS = [
    Point(id=name, weight=weight, claim=name, miss=name) for name, weight in (("r1", 0.4), ("r2", 0.2), ("r3", 0.4))
]
PARTS = (Part(id="a", ask="How many?", points=("r1", "r2")), Part(id="b", ask="Why?", points=("r3",)))
COSTLY = Contradiction(phrases=("never",), without=(), penalty=0.1, say="Not so.")
TASK = Task(prompt="", points=POINTS, contradictions=[COSTLY])


def graded(*verdicts: Verdict, remarks: tuple[Contradiction, ...] = ()) -> Grade:
    names = ("r1", "r2", "r3")
    return totalled(TASK, [PointVerdict(point_id=n, verdict=v) for n, v in zip(names, verdicts, strict=True)], remarks)


def test_a_part_of_which_nothing_was_seen_does_not_count() -> None:
    found = attempt(TASK, PARTS, graded("hit", "missed", "missed"))
    assert [part.id for part in found.left_out] == ["b"]
    assert [one.point_id for one in found.grade.points] == ["r1", "r2"]
    assert found.grade.score == 0.6667


def test_half_seen_is_attempted() -> None:
    found = attempt(TASK, PARTS, graded("hit", "hit", "unsure"))
    assert found.left_out == ()
    assert (found.grade.score, found.grade.unsure) == (0.6, 0.4)


@pytest.mark.parametrize(("span", "left_out"), [((0, 20), ["b"]), ((20, 30), []), (None, [])])
def test_half_seen_in_words_that_show_another_part_is_not(span: tuple[int, int] | None, left_out: list[str]) -> None:
    whole = totalled(
        TASK,
        [
            PointVerdict(point_id="r1", verdict="hit", quote="x" * 5, span=(5, 10)),
            PointVerdict(point_id="r2", verdict="missed"),
            PointVerdict(point_id="r3", verdict="unsure", span=span),
        ],
    )
    assert [part.id for part in attempt(TASK, PARTS, whole).left_out] == left_out


def test_where_nothing_was_seen_at_all_everything_counts() -> None:
    found = attempt(TASK, PARTS, graded("missed", "missed", "missed"))
    assert (found.left_out, found.grade.score, len(found.grade.points)) == ((), 0.0, 3)


def test_a_contradiction_still_costs_and_is_said_once() -> None:
    found = attempt(TASK, PARTS, graded("missed", "missed", "hit", remarks=(COSTLY,)))
    assert [part.id for part in found.left_out] == ["a"]
    assert (found.grade.score, found.grade.remarks) == (0.9, ("Not so.",))


def test_a_refusal_stays_whole() -> None:
    refused = Grade(points=(), score=0.0, unsure=1.0, abstained=True, refused=True, remarks=("Only English.",))
    assert attempt(TASK, PARTS, refused).grade is refused
