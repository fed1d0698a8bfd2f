"""From passages that a search found to sections in order: a pure function.

The score of a section joins four signals: how near the questions it answers (aliases) are to what was asked, how near
its passages are, how near it is as a whole, and the words it shares. Aliases and passages are joined by the smooth
maximum log(sum(exp(t·cos)))/t, so that several near ones count for more than one alone. Plain reciprocal-rank fusion
throws the distances away; tests/bench/cranfield.py compares the two.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from knowledge.model import PassageKind

_PASSAGES: frozenset[PassageKind] = frozenset({"block", "sentence", "explanation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A passage that a search found: its cosine if the vectors did, its share (0-1) of the best keyword score.

    `block` is the place in its section of the block that it is, or is a sentence of, where that is known; else -1.
    """

    key: str
    kind: PassageKind
    text: str
    cosine: float | None = None
    keyword: float = 0.0
    block: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Of the signals; `sharp` is t of the smooth maximum: the larger, the more the nearest passage alone counts."""

    alias: float
    passage: float
    section: float
    keyword: float
    sharp: float


ALIASED = Weights(alias=1.0, passage=0.5, section=0.0, keyword=0.1, sharp=10.0)
"""For the article, whose sections have aliases."""
PLAIN = Weights(alias=0.0, passage=1.0, section=1.0, keyword=0.3, sharp=20.0)
"""For sources without aliases."""


@dataclass(slots=True)
class Fused:
    """A section with its signals and what was found of it; `floor` stands for a cosine that is not known."""

    key: str
    score: float = 0.0
    similarity: float = 0.0
    alias_similarity: float = 0.0
    found: list[Found] = field(default_factory=list)
    floor: float = 0.0

    @property
    def near(self) -> list[Found]:
        """Its passages, best first; sorted when somebody wants to know."""
        return sorted(self.found, key=lambda one: -((one.cosine or self.floor) + 0.1 * one.keyword))


def smooth_maximum(cosines: Sequence[float], sharp: float, floor: float) -> float:
    """log(sum(exp(sharp·cos)))/sharp; of nothing, `floor`."""
    if len(cosines) < 2:
        return cosines[0] if cosines else floor
    return math.log(sum([math.exp(sharp * cosine) for cosine in cosines])) / sharp


def fuse(found: Sequence[Found], weights: Weights) -> list[Fused]:
    """The sections of what was found, best first."""
    floor = min((one.cosine for one in found if one.cosine is not None), default=0.0)
    by_key: dict[str, list[Found]] = {}
    for one in found:
        by_key.setdefault(one.key, []).append(one)
    sections = [_section(key, members, weights, floor) for key, members in by_key.items()]
    return sorted(sections, key=lambda section: -section.score)


_SHARE = 0.2
"""Of a section's score that comes from its neighbours."""
_NEIGHBOURS = 3
_CANDIDATES = 50


def spread(sections: Sequence[Fused], wholes: Mapping[str, npt.NDArray[np.float32]]) -> list[Fused]:
    """Let sections that are near one another support each other (score regularisation, Diaz, CIKM 2005).

    `wholes` holds the vectors of the sections, by key. Those without one stand after the others, in their order.
    """
    chosen = [section for section in sections if section.key in wholes][:_CANDIDATES]
    if len(chosen) <= _NEIGHBOURS:
        return list(sections)
    scores = np.array([section.score for section in chosen])
    scores = (scores - scores.min()) / (float(np.ptp(scores)) or 1.0)
    vectors = np.stack([wholes[section.key] for section in chosen])
    near = np.einsum("ik,jk->ij", vectors, vectors)  # `@` wakes a second thread
    np.fill_diagonal(near, 0.0)
    kept = np.where(near >= np.sort(near, axis=1)[:, -_NEIGHBOURS][:, np.newaxis], np.maximum(near, 0.0), 0.0)
    support = (kept @ scores) / np.maximum(kept.sum(axis=1), 1e-9)
    mixed = (1 - _SHARE) * scores + _SHARE * support
    for section, score in zip(chosen, mixed, strict=True):
        section.score = float(score)
    first = sorted(chosen, key=lambda section: -section.score)
    done = {section.key for section in chosen}
    others = [section for section in sections if section.key not in done]
    for section in others:
        section.score = 0.0
    return [*first, *others]


def _section(key: str, members: list[Found], weights: Weights, floor: float) -> Fused:
    aliases: list[float] = []
    passages: list[float] = []
    whole, said, asked = floor, 0.0, 0.0
    for one in members:  # one pass, for this is done for every section of every question
        alias = one.kind == "alias"
        if alias:
            asked = max(asked, one.keyword)
        else:
            said = max(said, one.keyword)
        if one.cosine is None:
            continue
        if alias:
            aliases.append(one.cosine)
        elif one.kind in _PASSAGES:
            passages.append(one.cosine)
        elif one.kind == "section":
            whole = max(whole, one.cosine)
    score = (
        weights.alias * smooth_maximum(aliases, weights.sharp, floor)
        + weights.passage * smooth_maximum(passages, weights.sharp, floor)
        + weights.section * whole
        + weights.keyword * (said + asked)
    )
    return Fused(
        key=key,
        score=score,
        similarity=max([*passages, whole]) if passages or whole > floor else 0.0,
        alias_similarity=max(aliases, default=0.0),
        found=members,
        floor=floor,
    )
