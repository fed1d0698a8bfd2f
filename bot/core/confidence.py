"""How likely what was found answers the question: a logistic regression over a few signals.

The weights are fitted by `python -m tests.bench.calibrate` on the deciding half of the development questions and ship
here; the other half reports what they are worth.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.core.asking import lacking, wanted
from knowledge.model import Retrieval, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Confidence = 1 / (1 + exp(-(bias + sum of weight x signal))); from `answer` on it is the band of that name."""

    bias: float
    weights: Mapping[str, float]
    answer: float
    near: float


ARTICLE = Calibration(
    bias=1.364,
    weights={
        "leaning": 2.758,
        "alias_similarity": 2.445,
        "unanswered_similarity": -2.576,
        "named": 2.701,
        "asks": -0.586,
        "lacks": -1.618,
    },
    answer=0.568,
    near=0.072,
)
DOCUMENTS = Calibration(
    bias=-2.686,
    weights={
        "nearest": 4.375,
        "margin": 5.202,
        "coverage": 0.704,
        "unknown": -0.204,
        "asks": 0.088,
        "lacks": -1.170,
    },
    answer=0.394,
    near=0.197,
)
NOTES = replace(DOCUMENTS, answer=0.6)
"""For the practice notes: they are about one exercise each, so they have to be nearer; set by hand."""
KEYWORDS = Calibration(bias=-3.6, weights={"coverage": 6.0, "unknown_words": -1.0}, answer=0.5, near=0.2)
"""Without vectors; set by hand."""


_KEYWORDS = 3
"""Words up to which a question without a verb is a search for them."""
_NOT_IN_NOTES = frozenset({"amount", "date", "person", "source", "name", "recommendation", "comparison", "premise"})
"""What the explanation of an exercise does not answer, however near it is."""


_MARGIN = 0.4
"""The largest that was seen at fitting. Among a handful of sections the scores, spread over 0-1, stand further apart."""
_FAR = 0.25
"""Cosine below which a document answers nothing: of 85 right answers at fitting the furthest had 0.27."""


def signals(question: str, found: Retrieval) -> dict[str, float]:
    """What the confidence rests on, by name."""
    best = found.hits[0] if found.hits else None
    kinds = wanted(question)
    words = len(question.split())
    return {
        "named": float(words <= _KEYWORDS and not kinds and not found.unknown and found.coverage > 0.99),
        "leaning": found.leaning,
        "alias_similarity": found.alias_similarity,
        "unanswered_similarity": found.unanswered_similarity,
        "similarity": found.similarity,
        "nearest": max(found.similarity, found.alias_similarity),
        "margin": min(found.margin, _MARGIN),
        "coverage": found.coverage,
        "unknown": sum(rarity for _, rarity in found.unknown),
        "unknown_words": float(min(len(found.unknown), 3)),
        "asks": float(len(kinds)),
        "lacks": float(len(lacking(question, " ".join(best.blocks)))) if best else 0.0,
    }


def calibration(source: Source, found: Retrieval) -> Calibration:
    """The weights for a source."""
    if not found.semantic:
        return KEYWORDS
    return {"article": ARTICLE, "documents": DOCUMENTS, "curriculum": NOTES}[source]


def confidence(source: Source, question: str, found: Retrieval) -> float:
    """How likely the best section answers the question, 0-1; 0 where nothing was found."""
    if not found.hits:
        return 0.0
    if source == "curriculum" and wanted(question) & _NOT_IN_NOTES:
        return 0.0
    fitted = calibration(source, found)
    told = signals(question, found)
    if source == "documents" and found.semantic and told["nearest"] < _FAR:
        return 0.0
    score = fitted.bias + sum(weight * told[name] for name, weight in fitted.weights.items())
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))
