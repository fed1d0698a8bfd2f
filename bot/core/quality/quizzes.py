"""A quiz against the quality bar, as far as its text and the files of its diagram tell."""

import re
from collections.abc import Iterator, Mapping

from bot.core.quality import rubrics
from bot.core.quality.faults import Fault
from bot.core.quality.items import LONGEST_ANSWER, LONGEST_ASK, LONGEST_PROMPT, provenance
from bot.core.quality.rubrics import LONGEST_HINT, Said
from knowledge.design_quiz import DesignQuiz, Stage
from knowledge.locating import At

STAGES: Mapping[str, tuple[int, float]] = {
    "clarify": (5, 0.15),
    "estimate": (4, 0.15),
    "api_data": (6, 0.15),
    "high_level": (7, 0.15),
    "deep_dive": (7, 0.20),
    "tradeoffs": (4, 0.10),
    "failures": (4, 0.10),
}
"""Minutes and weights, in order."""
CAPS = {"no_requirements": 0.5, "no_numbers": 0.7}
LARGEST_PICTURE = 500_000
"""Bytes of a PNG."""
LONGEST_TITLE = 100
"""Of a thread on Discord, which takes the quiz's title."""
LONGEST_STAGE_TITLE = 40
"""Of a button."""
LONGEST_SUMMARY = 1900


def quiz_faults(quiz: DesignQuiz, diagrams: Mapping[str, int]) -> Iterator[Fault]:
    """All of one quiz; `diagrams` are the files of the folder with their sizes in bytes."""
    for said in (_schema, _lengths, _stages, _twist, _hidden):
        for at, expected, found in said(quiz):
            yield Fault(level="error", subject=quiz.id, at=at, expected=expected, found=found)
    for at, expected, found in (*provenance(quiz.meta), *_diagram(quiz, diagrams)):
        yield Fault(level="error", subject=quiz.id, at=at, expected=expected, found=found)


def _schema(quiz: DesignQuiz) -> Iterator[Said]:
    if not re.fullmatch(r"S\.QUIZ-\d{3}", quiz.id):
        yield ("id",), "S.QUIZ-001, with a number of its own", quiz.id
    if quiz.category != "S":
        yield ("category",), "S", quiz.category
    if quiz.level not in range(3, 6):
        yield ("level",), "3-5", str(quiz.level)
    if quiz.minutes != 45:
        yield ("minutes",), "45", str(quiz.minutes)
    if dict(quiz.caps) != CAPS:
        yield ("caps",), str(CAPS), str(dict(quiz.caps))
    if strangers := quiz.arguments.keys() - {stage.id for stage in quiz.stages}:
        yield ("arguments", min(strangers)), "the id of a stage", min(strangers)
    for name, texts, least in (("misconceptions", quiz.misconceptions, 2), ("sources", quiz.sources, 2)):
        if len(texts) < least:
            yield (name,), f"{least} or more", str(len(texts))
    if not quiz.follow_up:
        yield ("follow_up",), "a question that goes on from here", "nothing"


def _lengths(quiz: DesignQuiz) -> Iterator[Said]:
    limits: list[tuple[At, str, int]] = [
        (("title",), quiz.title, LONGEST_TITLE),
        (("prompt",), quiz.prompt, LONGEST_PROMPT),
        (("reference", "summary"), quiz.summary, LONGEST_SUMMARY),
        (("twist", "text"), quiz.twist.text, LONGEST_PROMPT),
        (("twist", "ask"), quiz.twist.ask, LONGEST_ASK),
        (("twist", "answer"), quiz.twist.answer, LONGEST_ANSWER),
    ]
    limits += [(("twist", "hints", n), text, LONGEST_HINT) for n, text in enumerate(quiz.twist.hints)]
    limits += [(("hidden_facts", n, "fact"), one.fact, LONGEST_HINT) for n, one in enumerate(quiz.hidden_facts)]
    limits += [(("arguments", name), text, LONGEST_HINT) for name, text in quiz.arguments.items()]
    for place, stage in enumerate(quiz.stages):
        at: At = ("stages", place)
        limits += [
            ((*at, "title"), stage.title, LONGEST_STAGE_TITLE),
            ((*at, "ask"), stage.ask, LONGEST_ASK),
            ((*at, "answer"), stage.answer, LONGEST_ANSWER),
            *(((*at, "hints", n), text, LONGEST_HINT) for n, text in enumerate(stage.hints)),
        ]
    for at, text, most in limits:
        if len(text) > most:
            yield at, f"at most {most} characters", str(len(text))


def _stages(quiz: DesignQuiz) -> Iterator[Said]:
    names = [stage.id for stage in quiz.stages]
    if names != list(STAGES):
        yield ("stages",), f"the stages {', '.join(STAGES)} in order", ", ".join(names)
    short = {stage.id for stage in quiz.stages if stage.short}
    if len(short) != 3 or "deep_dive" not in short or not short & {"estimate", "clarify"}:
        yield ("stages",), "three short ones: deep_dive, and clarify or estimate among them", ", ".join(sorted(short))
    before: dict[str, str] = {"the brief": quiz.prompt}
    for place, stage in enumerate(quiz.stages):
        before[f"the question of stage {stage.id}"] = stage.ask
        yield from _stage(quiz, stage, ("stages", place), before)


def _stage(quiz: DesignQuiz, stage: Stage, at: At, before: Mapping[str, str]) -> Iterator[Said]:
    minutes, weight = STAGES.get(stage.id, (stage.minutes, stage.weight))
    if stage.minutes != minutes:
        yield (*at, "minutes"), str(minutes), str(stage.minutes)
    if abs(stage.weight - weight) > 1e-9:
        yield (*at, "weight"), f"{weight:g}", f"{stage.weight:g}"
    for name, texts, least in (("hints", stage.hints, 2), ("misconceptions", stage.misconceptions, 1)):
        if len(texts) < least:
            yield (*at, name), f"{least} or more", str(len(texts))
    rubric = (*at, "rubric")
    yield from rubrics.shape(stage.rubric, rubric, few=2, many=4, most=0.6)
    yield from rubrics.given_away(stage.rubric, rubric, before)
    yield from rubrics.numbers(stage.rubric, rubric, quiz.facts)


def _twist(quiz: DesignQuiz) -> Iterator[Said]:
    twist, rubric = quiz.twist, ("twist", "rubric")
    texts = {"the brief": quiz.prompt, "the twist": twist.text, "its question": twist.ask}
    yield from rubrics.shape(twist.rubric, rubric, few=2, many=3, most=0.6)
    yield from rubrics.given_away(twist.rubric, rubric, texts)
    yield from rubrics.numbers(twist.rubric, rubric, quiz.facts)


def _hidden(quiz: DesignQuiz) -> Iterator[Said]:
    names = [one.id for one in quiz.hidden_facts]
    if not 4 <= len(names) <= 6 or len(set(names)) < len(names):
        yield ("hidden_facts",), "4-6, each with an id of its own", ", ".join(names)
    for place, one in enumerate(quiz.hidden_facts):
        if not 5 <= len(one.asked_by) <= 8:
            yield ("hidden_facts", place, "asked_by"), "5-8 questions", str(len(one.asked_by))
        if rubrics.stands_in(one.fact, quiz.prompt):
            yield ("hidden_facts", place, "fact"), "something that the brief does not tell", f"“{one.fact[:60]}”"


def _diagram(quiz: DesignQuiz, diagrams: Mapping[str, int]) -> Iterator[Said]:
    for ending, most in ((".dot", None), (".png", LARGEST_PICTURE)):
        name = quiz.diagram + ending
        size = diagrams.get(name, 0)
        if not size:
            yield ("reference", "diagram"), f"diagrams/{name}", "no such file"
        elif most and size > most:
            yield ("reference", "diagram"), f"a picture of at most {most // 1000} kB", f"{size / 1000:.0f} kB"
