"""An answer to a whole item: only the parts that it attempts count."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.grading import Task, totalled
from bot.core.records import Grade
from knowledge.model import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The grade over the parts that were attempted, and the parts that were not."""

    grade: Grade
    left_out: tuple[Part, ...] = ()


def attempt(task: Task, parts: Sequence[Part], whole: Grade) -> Attempt:
    """Take the parts of which no point was seen or half seen out of the grade of a whole answer.

    Half seen in words that show a point of another part is not: they were written for that one. If nothing is left, no
    part is taken out: an answer that shows nothing is wrong, not unwritten.
    """
    left_out = tuple(part for part in parts if not _attempted(part, whole))
    if whole.refused or not left_out or len(left_out) == len(parts):
        return Attempt(grade=whole)
    counted = {name for part in parts if part not in left_out for name in part.points}
    kept = replace(task, points=[point for point in task.points if point.id in counted])
    verdicts = [one for one in whole.points if one.point_id in counted]
    remarks = [one for one in task.contradictions if one.say in whole.remarks]
    grade = totalled(kept, verdicts, remarks)
    others = tuple(one for one in whole.remarks if one not in grade.remarks)
    return Attempt(grade=replace(grade, remarks=(*grade.remarks, *others)), left_out=left_out)


def _attempted(part: Part, whole: Grade) -> bool:
    own = [one for one in whole.points if one.point_id in part.points and one.verdict != "missed"]
    shown = [one.span for one in whole.points if one.point_id not in part.points and one.verdict == "hit" and one.span]

    def borrowed(span: tuple[int, int] | None) -> bool:
        return span is not None and any(start < span[1] and span[0] < end for start, end in shown)

    return any(one.verdict == "hit" or not borrowed(one.span) for one in own)
