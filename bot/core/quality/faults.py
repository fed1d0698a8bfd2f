"""A fault of an item or a quiz, and an item in all the forms in which a person meets it."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.grading import Task
from knowledge.formulas import filled
from knowledge.locating import At
from knowledge.model import Item, KnowledgeError, Point

SEEDS = 12
"""Fillings of a template that are looked at, fewer where it has fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that falls short of the quality bar. `at` is where it stands in `subject`, an item or a quiz; a `note`
    is for a person to judge."""

    level: Literal["error", "note"]
    subject: str
    at: At
    expected: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """An item, one of its variants, or a template filled by a seed: what is asked, and what counts.

    `at` is where it stands in the item. `inherited`: its points are the item's own.
    """

    item: Item
    at: At
    prompt: str
    answer: str
    rubric: Sequence[Point]
    facts: Mapping[str, object]
    inherited: bool = False
    seed: int | None = None

    @property
    def rubric_at(self) -> At:
        """Where its points stand in the item."""
        return ("rubric",) if self.inherited else (*self.at, "rubric")

    @property
    def named(self) -> str:
        """A template's filling, for a message; "" for any other form."""
        return "" if self.seed is None else f" (seed {self.seed})"

    @property
    def task(self) -> Task:
        """All its parts in one. The questions after the first one are the prompt's, too: to repeat them earns nothing."""
        return Task(
            prompt="\n".join([self.prompt, *(part.ask for part in self.item.parts[1:])]),
            points=self.rubric,
            contradictions=self.item.contradictions,
            mistakes=self.item.misconceptions,
        )

    def fault(self, at: At, expected: str, found: str, *, note: bool = False) -> Fault:
        """A fault at a place in the item."""
        return Fault(
            level="note" if note else "error",
            subject=self.item.id,
            at=at,
            expected=expected,
            found=found + self.named,
        )


def forms(item: Item, *, seeds: int = SEEDS) -> Iterator[Form | Fault]:
    """The item, its variants, its templates with that many different fillings; a fault for one that cannot be filled."""
    yield Form(item=item, at=(), prompt=item.prompt, answer=item.answer, rubric=item.rubric, facts=item.facts)
    for place, variant in enumerate(item.variants):
        at: At = ("variants", place)
        seen: set[str] = set()
        for seed in range(seeds * 2 if variant.template else 1):
            try:
                one = filled(variant, seed)
            except KnowledgeError as error:
                yield Fault(
                    level="error", subject=item.id, at=at, expected="a template that can be filled", found=str(error)
                )
                break
            if one.prompt in seen or len(seen) == seeds:
                continue
            seen.add(one.prompt)
            yield Form(
                item=item,
                at=at,
                prompt=one.prompt,
                answer=one.answer,
                rubric=one.rubric or item.rubric,
                facts=one.facts,
                inherited=not one.rubric,
                seed=seed if variant.template else None,
            )


def sample(item: Item) -> list[Form]:
    """The forms whose answers are graded: of a template one filling, another one for each item."""
    seed = random.Random(item.id).randrange(SEEDS)  # noqa: S311 - not a secret
    found = [one for one in forms(item) if isinstance(one, Form)]
    chosen: dict[At, Form] = {}
    for one in found:
        if one.at not in chosen or one.seed is None or one.seed <= seed:
            chosen[one.at] = one
    return list(chosen.values())
