"""What in an answer speaks for a rubric point and what against it, as numbers that the calibration weighs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.answer_text import FILLERS, AnswerText, Sentence, Span, negators_in, phrase
from bot.core.quantities import Quantity, quantities, unit_of
from knowledge.model import Numeric, Point

_GAP = 2
"""Words that may stand between two words of a phrase."""
_SENTENCE_OF = 5
"""Words from which a hit is an example of an answer rather than a phrase of one."""
_SPRAY = 12
"""Numbers of one answer, beside those of the prompt, from which none of them is believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How near the sentences of an answer come to a point by meaning: cosines, of the nearest sentence.

    `example` to its claim and its exemplary answers, `mistake` to its near misses and the item's misconceptions.
    """

    example: float
    mistake: float
    leaning: float = 0.0
    """How much nearer the nearest examples are than the nearest mistakes, on average."""
    sentence: Sentence | None = None
    turned: bool = False
    """One of both denies something and the other does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Of one point. `spans` are the places that show it, the first one first."""

    spans: tuple[Span, ...] = ()
    phrases: int = 0
    """Distinct phrases that stand un-denied."""
    longest: int = 0
    """Words of the longest of them."""
    denied: int = 0
    """Phrases that stand only denied."""
    near_miss: bool = False
    number: bool | None = None
    """Whether the number is there; None where the point has none."""
    pattern: bool | None = None
    part: float = 0.0
    """The largest share of a phrase's words that one sentence holds, beside the prompt's."""
    claimed: float = 0.0
    """The same of the claim."""
    figures: float = 0.0
    """The share of the claim's own numbers, beside the prompt's, that the answer states."""
    beside: float = 0.0
    """What the words show of the other points, 0 to 1: who knows one of them is likelier to mean the next."""
    words: int = 0
    """Of the answer."""
    likeness: Likeness | None = None

    @property
    def shown(self) -> float:
        """How clearly the words show the point, 0 to 1, for `beside` of the others."""
        return 1.0 if self.number or self.pattern else min(1.0, self.phrases * 0.75)


def examples(point: Point) -> list[str]:
    """The texts that a right answer to the point comes near to by meaning."""
    return [point.claim, *(hit for hit in point.hit if len(hit.split()) >= _SENTENCE_OF), *point.right]


def mistakes(point: Point) -> list[str]:
    """The texts that an answer comes near to that only seems to show the point."""
    return [*point.not_hit, *point.wrong]


def gather(answer: AnswerText, point: Point, given: frozenset[float]) -> Evidence:
    """The evidence that can be read off the words. `given` are the numbers of the prompt."""
    near = [place for text in point.not_hit for place in answer.places(phrase(text), _GAP)]
    spans: list[Span] = []
    longest = denied = 0
    for text in point.hit:
        stems = phrase(text)
        own = negators_in(text) > 0
        found = [
            place for place in answer.places(stems, _GAP) if not any(a <= place[0] and place[1] <= b for a, b in near)
        ]
        held = [place for place in found if own or not answer.denied(*place)]
        if own:
            held = [place for place in held if not _sentence_denied(answer, place[0])]
        denied += bool(found) and not held
        for first, last in held:
            start, end = answer.words[first].span[0], answer.words[last].span[1]
            if any(start < until and since < end for since, until in spans):  # another form of the same words
                longest = max(longest, len(stems))
                continue
            spans.append((start, end))
            longest = max(longest, len(stems))
            break
    phrases = len(spans)
    pattern = None
    if point.pattern:
        matches = re.finditer(point.pattern, answer.text, re.IGNORECASE)
        shown = (one for one in matches if one[0] not in answer.prompt and not answer.refused(one.span()))
        match = next(shown, None)
        pattern = match is not None
        if match is not None:
            spans.append(match.span())
    number = None
    if point.numeric is not None:
        at = number_span(answer, point.numeric, given)
        number = at is not None
        if at is not None:
            spans.append(at)
    return Evidence(
        spans=tuple(spans),
        phrases=phrases,
        longest=longest,
        denied=denied,
        near_miss=bool(near),
        number=number,
        pattern=pattern,
        part=max((_share(answer, phrase(text)) for text in point.hit), default=0.0),
        claimed=_share(answer, phrase(point.claim)),
        figures=_figures(answer, point, given),
        words=sum(word.is_word for word in answer.words),
    )


def _figures(answer: AnswerText, point: Point, given: frozenset[float]) -> float:
    wanted = {one.value for one in quantities(point.claim)} - given - {0.0, 1.0}
    if not wanted:
        return 0.0
    said = {one.value for one in answer.numbers}
    return sum(any(abs(one - value) <= 0.02 * abs(value) for one in said) for value in wanted) / len(wanted)


def _sentence_denied(answer: AnswerText, index: int) -> bool:
    sentence = answer.sentence_of(index)
    return sentence is not None and sentence.denied


def _share(answer: AnswerText, stems: Sequence[str]) -> float:
    """The share of these stems, without the prompt's, that the best sentence holds; of one stem nothing is made."""
    wanted = {stem for stem in stems if stem not in answer.prompt_stems and stem not in FILLERS}
    if len(wanted) < 2:
        return 0.0
    return max((len(wanted & held) for held in answer.open_stems), default=0) / len(wanted)


def _fits(value: float, wanted: Numeric, factor: float) -> bool:
    target = wanted.value * factor
    if wanted.range:
        return wanted.range[0] * factor <= value <= wanted.range[1] * factor
    if wanted.tol_factor:
        return target / wanted.tol_factor <= value <= target * wanted.tol_factor
    return abs(value - target) <= (wanted.tol_rel or 0.01) * abs(target)


def _new(found: Sequence[Quantity], given: frozenset[float]) -> int:
    return len({one.value for one in found if one.value not in given})


def number_span(answer: AnswerText, wanted: Numeric, given: frozenset[float]) -> Span | None:
    """Where the number stands, in its unit or another of the same dimension; the prompt's own numbers do not count.

    None as well for an answer that lists so many numbers that one of them has to fit.
    """
    dimension, factor = unit_of(wanted.unit)
    target = wanted.value * factor
    found = answer.numbers
    if _new(found, given) > _SPRAY + len(answer.text) / 120:
        return None
    for one in found:
        value = one.value
        if dimension and one.dimension and one.dimension != dimension:
            continue
        if dimension and not one.dimension:  # a bare number is read in the unit that was asked for
            value *= factor
        if value != target and (value in given or one.value in given):
            continue
        if _fits(value, wanted, factor) and not answer.refused(one.span):
            return one.span
    return None
