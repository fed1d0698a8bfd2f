"""What the built-in grader makes of an item's own texts: the reference earns all of it, tricks earn nothing."""

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from bot.core.grading import Grader, Task
from bot.core.quality.faults import Fault, Form
from knowledge.design_quiz import DesignQuiz
from knowledge.locating import At
from knowledge.model import Point

REFERENCE, ECHO, SALAD, NEGATED, MISCONCEPTION = 0.95, 0.1, 0.5, 0.3, 0.3
_SHORT = 5
"""Words from which a hit is a sentence rather than a key word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A text that is graded, and the score that it has to reach or must not exceed."""

    name: str
    at: At
    text: str
    least: float = 0.0
    most: float = 1.0


def salad(points: Sequence[Point], *, short: bool) -> str:
    """The hits in a row, without the sentences among them if `short`."""
    return ". ".join(hit for point in points for hit in point.hit if not short or len(hit.split()) < _SHORT)


def negated(text: str) -> str:
    """The text with each sentence turned into its opposite."""
    return " ".join(f"It is not true that {sentence}" for sentence in re.split(r"(?<=[.:;?])\s+", text))


def trials(form: Form) -> Iterator[Trial]:
    """The texts of one form."""
    answer, prompt = (*form.at, "answer"), (*form.at, "prompt")
    yield Trial(name="the reference answer", at=answer, text=form.answer, least=REFERENCE)
    yield Trial(name="the prompt echoed", at=prompt, text=form.prompt, most=ECHO)
    yield Trial(name="the short hits in a row", at=form.rubric_at, text=salad(form.rubric, short=True), most=SALAD)
    yield Trial(name="all hits in a row", at=form.rubric_at, text=salad(form.rubric, short=False), most=SALAD)
    yield Trial(name="the reference negated", at=answer, text=negated(form.answer), most=NEGATED)
    for place, text in enumerate(form.item.misconceptions):
        yield Trial(name="a misconception", at=("misconceptions", place), text=text, most=MISCONCEPTION)


async def _shortfall(grader: Grader, task: Task, trial: Trial) -> tuple[str, str] | None:
    grade = await grader.grade(trial.text, task)
    if trial.least <= grade.score <= trial.most:
        return None
    wanted = f"at least {trial.least:g}" if trial.least else f"at most {trial.most:g}"
    seen = {one.point_id for one in grade.points if one.verdict == "hit"}
    named = [one.point_id for one in grade.points if (one.point_id in seen) != bool(trial.least)]
    why = f" ({'not seen' if trial.least else 'seen'}: {', '.join(named)})" if named else ""
    return f"a score of {wanted} for {trial.name}", f"{grade.score:.2f}{why}"


async def form_faults(form: Form, grader: Grader) -> AsyncIterator[Fault]:
    """The trials of one form that do not come out as they should."""
    for trial in trials(form):
        if short := await _shortfall(grader, form.task, trial):
            yield form.fault(trial.at, *short)


def quiz_tasks(quiz: DesignQuiz) -> Iterator[tuple[Task, tuple[Trial, ...]]]:
    """Each stage of a quiz and its twist, with the texts that are graded there."""
    for place, stage in enumerate(quiz.stages):
        at: At = ("stages", place)
        task = Task(prompt=f"{quiz.prompt}\n{stage.ask}", points=stage.rubric, mistakes=stage.misconceptions)
        wrong = [
            Trial(name="a misconception", at=(*at, "misconceptions", number), text=text, most=MISCONCEPTION)
            for number, text in enumerate(stage.misconceptions)
        ]
        yield task, (Trial(name="the model answer", at=(*at, "answer"), text=stage.answer, least=REFERENCE), *wrong)
    twist = quiz.twist
    task = Task(prompt=f"{quiz.prompt}\n{twist.text}\n{twist.ask}", points=twist.rubric)
    yield task, (Trial(name="the model answer", at=("twist", "answer"), text=twist.answer, least=REFERENCE),)


async def quiz_faults(quiz: DesignQuiz, grader: Grader) -> AsyncIterator[Fault]:
    """The trials of a quiz that do not come out as they should."""
    for task, texts in quiz_tasks(quiz):
        for trial in texts:
            if short := await _shortfall(grader, task, trial):
                yield Fault(level="error", subject=quiz.id, at=trial.at, expected=short[0], found=short[1])
