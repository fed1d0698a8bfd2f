"""From the evidence for a point to a verdict: a probability, fitted on labelled answers, and the two bounds of doubt.

The constants are printed by `python -m tests.bench.calibrate_grader`, from answers to items that report nothing.
"""

import math
from collections.abc import Mapping
from typing import Literal

from bot.core.evidence import Evidence
from bot.core.records import Verdict
from knowledge.model import Point

Kind = Literal["number", "pattern", "phrase"]

FEATURES = (
    "one",
    "phrase",
    "phrases",
    "longest",
    "enough",
    "hard",
    "denied",
    "near_miss",
    "part",
    "claimed",
    "example",
    "mistake",
    "turned",
    "both",
    "figures",
    "beside",
    "length",
    "leaning",
)
"""What is weighed, in order; see `features`."""

WEIGHTS: Mapping[Kind, tuple[float, ...]] = {
    "number": (
        -5.676,
        0.105,
        1.693,
        0.042,
        0.685,
        3.157,
        0.439,
        -1.819,
        1.27,
        1.41,
        2.376,
        -0.648,
        1.039,
        0.091,
        -0.044,
        4.865,
        0.223,
        2.585,
    ),
    "pattern": (
        -6.193,
        0.522,
        0.809,
        1.024,
        0.522,
        3.174,
        -0.794,
        -0.582,
        0.846,
        1.854,
        3.972,
        0.238,
        0.309,
        0.851,
        -0.295,
        5.062,
        -0.663,
        3.895,
    ),
    "phrase": (
        -5.924,
        -0.018,
        1.386,
        0.923,
        0.754,
        1.936,
        -0.723,
        -0.83,
        1.374,
        4.775,
        6.025,
        -0.732,
        0.055,
        -0.084,
        0.333,
        4.898,
        -2.205,
        3.677,
    ),
}
PLAIN_WEIGHTS: Mapping[Kind, tuple[float, ...]] = {
    "number": (
        -4.581,
        0.107,
        1.96,
        0.244,
        0.557,
        3.055,
        0.908,
        -1.859,
        1.515,
        0.871,
        0.0,
        0.0,
        0.0,
        0.0,
        0.13,
        5.017,
        0.78,
        0.0,
    ),
    "pattern": (
        -4.274,
        0.803,
        1.271,
        0.936,
        0.803,
        3.224,
        0.273,
        -0.915,
        0.906,
        1.999,
        0.0,
        0.0,
        0.0,
        0.0,
        0.37,
        5.542,
        0.237,
        0.0,
    ),
    "phrase": (
        -3.433,
        0.116,
        1.783,
        1.355,
        0.547,
        1.739,
        -0.504,
        -0.776,
        1.612,
        4.888,
        0.0,
        0.0,
        0.0,
        0.0,
        0.915,
        5.161,
        -1.417,
        0.0,
    ),
}
"""Without an embedding."""
HIT = 0.85
"""From here a point is taken as shown, below MISSED as not: see docs/evaluation.md for the curve."""
MISSED = 0.12


def kind_of(point: Point) -> Kind:
    """What decides a point first."""
    return "number" if point.numeric else "pattern" if point.pattern else "phrase"


def features(point: Point, evidence: Evidence) -> tuple[float, ...]:
    """One value for each of FEATURES, about 0 to 1 each."""
    like = evidence.likeness
    phrase = float(evidence.phrases > 0)
    hard = float(bool(evidence.number or evidence.pattern))
    example = like.example if like else 0.0
    return (
        1.0,
        phrase,
        min(evidence.phrases, 4) / 4,
        min(evidence.longest, 4) / 4,
        float(evidence.phrases >= point.min_of),
        hard,
        min(evidence.denied, 2) / 2,
        float(evidence.near_miss),
        evidence.part,
        evidence.claimed,
        example,
        like.mistake if like else 0.0,
        float(bool(like and like.turned)),
        phrase * example,
        evidence.figures,
        evidence.beside,
        min(1.0, math.log1p(evidence.words) / 5),
        like.leaning if like else 0.0,
    )


def by_rule(point: Point, evidence: Evidence) -> Verdict:
    """Without calibration: what is asked for stands there, some of it, or none."""
    if evidence.number or (evidence.phrases + bool(evidence.pattern)) >= point.min_of:
        return "hit"
    return "unsure" if evidence.spans else "missed"


def verdict(point: Point, evidence: Evidence) -> Verdict:
    """By calibration."""
    sure = probability(point, evidence)
    return "hit" if sure >= HIT else "missed" if sure < MISSED else "unsure"


def probability(point: Point, evidence: Evidence) -> float:
    """That the answer shows the point."""
    weights = (WEIGHTS if evidence.likeness else PLAIN_WEIGHTS)[kind_of(point)]
    total = sum(weight * value for weight, value in zip(weights, features(point, evidence), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
