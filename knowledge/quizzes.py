"""The staged quizzes: from their files to validated values."""

from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from knowledge import compiled, schema
from knowledge.design_quiz import DesignQuiz, HiddenFact, Stage, Twist
from knowledge.loader import FOLDER, load_leaves
from knowledge.locating import Places, Unreadable, read, spelled
from knowledge.model import Problem
from knowledge.schema import Fields, Wrong

EXPECTED = "the fields of one quiz"


@cache
def load_quizzes(folder: Path = FOLDER / "curriculum") -> tuple[Mapping[str, DesignQuiz], tuple[Problem, ...]]:
    """The usable quizzes by id, and what was wrong with the rest."""
    held, leaves = compiled.documents(folder) or {}, load_leaves(folder).keys()
    quizzes: dict[str, DesignQuiz] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "quizzes").glob("*.yaml")):
        one = read_quiz(path, leaves, held.get(path.name))
        if isinstance(one, Problem):
            problems.append(one)
        elif one.id in quizzes:
            problems.append(
                Problem(file=path.name, line=1, subject=one.id, field="id", expected="an id of its own", found=one.id)
            )
        else:
            quizzes[one.id] = one
    return quizzes, tuple(problems)


def read_quiz(path: Path, leaves: Collection[str], document: Any = None) -> DesignQuiz | Problem:
    """The quiz of a file, or why it cannot be used; `document` is what the file holds, if that is known already."""
    raw: Any = None
    try:
        raw = read(path, EXPECTED) if document is None else document
        return quiz(raw, leaves)
    except Unreadable as error:
        return error.problem
    except Wrong as error:
        return Problem(
            file=path.name,
            line=Places(path).line(error.at),
            subject=str(raw.get("id") or "") if isinstance(raw, Mapping) else "",
            field=spelled(error.at),
            expected=error.expected if error.at else EXPECTED,
            found=error.found,
        )


def quiz(raw: object, leaves: Collection[str]) -> DesignQuiz:
    """A quiz that can be run; raises Wrong with the first thing that forbids it."""
    fields = Fields.of(raw)
    stages = tuple(map(_stage, fields.each("stages", least=1)))
    names = [stage.id for stage in stages]
    if abs(sum(stage.weight for stage in stages) - 1) > 1e-6:
        raise fields.wrong("stages", "weights that add up to 1", f"{sum(stage.weight for stage in stages):.3f}")
    if len(set(names)) < len(names):
        raise fields.wrong("stages", "an id of its own for each stage", ", ".join(names))
    twist = _twist(fields.inner("twist"))
    if twist.after not in names:
        raise fields.inner("twist").wrong("after", f"one of {', '.join(names)}", twist.after)
    caps, arguments, reference = fields.inner("caps"), fields.inner("arguments"), fields.inner("reference")
    return DesignQuiz(
        id=fields.text("id"),
        version=fields.whole("version"),
        category=schema.category(fields),
        nodes=schema.nodes(fields, leaves),
        level=fields.whole("level"),
        minutes=fields.whole("minutes"),
        title=fields.text("title"),
        prompt=fields.text("prompt"),
        facts=fields.inner("facts").raw,
        hidden_facts=tuple(
            HiddenFact(id=one.text("id"), fact=one.text("fact"), asked_by=one.texts("asked_by", least=1))
            for one in fields.each("hidden_facts", least=1)
        ),
        stages=stages,
        twist=twist,
        arguments={name: arguments.text(name) for name in arguments.raw},
        caps={name: caps.number(name) for name in caps.raw},
        summary=reference.text("summary"),
        diagram=reference.text("diagram"),
        misconceptions=fields.texts("misconceptions", least=1),
        sources=fields.texts("sources"),
        follow_up=fields.text("follow_up", ""),
        meta=schema.meta(fields),
    )


def _stage(fields: Fields) -> Stage:
    short = fields.raw.get("short", False)
    if not isinstance(short, bool):
        raise fields.wrong("short", "true or false")
    return Stage(
        id=fields.text("id"),
        title=fields.text("title"),
        minutes=fields.whole("minutes"),
        weight=fields.number("weight"),
        ask=fields.text("ask"),
        rubric=schema.rubric(fields),
        hints=fields.texts("hints", least=1),
        answer=fields.text("answer"),
        misconceptions=fields.texts("misconceptions"),
        short=short,
    )


def _twist(fields: Fields) -> Twist:
    return Twist(
        after=fields.text("after"),
        text=fields.text("text"),
        ask=fields.text("ask"),
        rubric=schema.rubric(fields),
        answer=fields.text("answer"),
        hints=fields.texts("hints", least=1),
    )
