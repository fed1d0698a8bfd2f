"""The numbers of practice items: arithmetic over their facts, and variants filled with numbers drawn from a seed."""

import math
import random
from collections.abc import Mapping
from dataclasses import replace
from string import Formatter
from typing import Any

from simpleeval import SimpleEval

from knowledge.model import KnowledgeError, Numeric, Point, Variant

FUNCTIONS = {
    "ceil": math.ceil,
    "floor": math.floor,
    "log2": math.log2,
    "sqrt": math.sqrt,
    "min": min,
    "max": max,
    "round": round,
}
"""What a formula may call."""


class _Names(Formatter):
    """Plain names with a format, no attributes and no indices."""

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, Any]) -> tuple[Any, str]:  # noqa: ARG002
        if not field_name.isidentifier():
            raise KeyError(field_name)
        return kwargs[field_name], field_name


def computed(formula: str, facts: Mapping[str, object]) -> float:
    """The value of `formula` ("1000 * pool / rps") over `facts`; raises KnowledgeError with what is wrong with it."""
    numbers = {name: value for name, value in facts.items() if isinstance(value, int | float)}
    try:
        return float(SimpleEval(functions=FUNCTIONS, names=numbers).eval(formula))
    except Exception as error:
        raise KnowledgeError(f"the formula {formula!r} cannot be computed: {error}") from error


def filled(variant: Variant, seed: int) -> Variant:
    """The variant with its placeholders filled by the numbers that `seed` draws, itself if it is no template.

    Raises KnowledgeError for a formula or a placeholder that names what is not there.
    """
    template = variant.template
    if template is None:
        return variant
    rng = random.Random(seed)  # noqa: S311 - not a secret
    facts: dict[str, object] = {name: rng.choice(values) for name, values in template.draw.items()}
    facts |= rng.choice(template.runs) if template.runs else {}
    for name, formula in template.facts.items():
        facts[name] = computed(formula, facts)

    def text(raw: str) -> str:
        try:
            return _Names().vformat(raw, (), facts)
        except (KeyError, ValueError, IndexError, TypeError) as error:
            raise KnowledgeError(f"the placeholders of {raw[:60]!r} cannot be filled: {error!r}") from error

    def number(raw: Numeric) -> Numeric:
        return replace(raw, value=computed(raw.formula, facts))

    def point(raw: Point) -> Point:
        return replace(
            raw,
            claim=text(raw.claim),
            miss=text(raw.miss),
            hit=tuple(map(text, raw.hit)),
            not_hit=tuple(map(text, raw.not_hit)),
            numeric=number(raw.numeric) if raw.numeric else None,
        )

    return Variant(
        prompt=text(variant.prompt),
        answer=text(variant.answer),
        facts=facts,
        rubric=tuple(map(point, variant.rubric)),
    )
