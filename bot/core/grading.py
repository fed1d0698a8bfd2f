"""Tier 0 of grading: which rubric points an answer shows, and where, without a model.

A point is hit by a phrase (stems in order, few words between, not negated), by its number with unit and tolerance, or
by its pattern. Words repeated from the prompt earn nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import Stemmer

from bot.core.model import Grade, PointVerdict
from bot.core.quantities import quantities, unit_of
from knowledge.model import Contradiction, Numeric, Point

_TOKEN = re.compile(r"[a-z0-9_µ%]+(?:['.-][a-z0-9_]+)*|[.!?;\n]+")
_SPAN = tuple[int, int]
_GAP = 2
"""Words that may stand between two words of a phrase."""
_ECHO = 6
"""A run of this many words taken from the prompt is an echo of it."""
_NEGATION_WINDOW = 4
_NEGATORS = frozenset(
    [
        "not",
        "no",
        "never",
        "none",
        "nor",
        "neither",
        "without",
        "cannot",
        "cant",
        "can't",
        "don't",
        "dont",
        "doesn't",
        "doesnt",
        "isn't",
        "isnt",
        "aren't",
        "wasn't",
        "won't",
        "wouldn't",
        "shouldn't",
        "didn't",
        "hardly",
        "avoid",
        "nothing",
        "instead",
    ]
)
_FILLERS = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "for",
        "is",
        "are",
        "be",
        "it",
        "its",
        "this",
        "that",
        "with",
        "and",
        "or",
        "by",
        "as",
        "at",
        "your",
        "you",
        "we",
        "i",
        "will",
    ]
)
LONGEST = 4000
"""Characters of an answer that are read."""
ABSTAIN_OVER = 0.3


@dataclass(frozen=True, slots=True)
class _Word:
    stem: str
    raw: str
    span: _SPAN


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def _words(text: str) -> list[_Word]:
    """Words with their place; the end of a sentence is a word with the stem "."."""
    lowered = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    if len(lowered) != len(text):  # a letter whose lower case is longer would shift every span
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    found: list[_Word] = []
    for match in _TOKEN.finditer(lowered):
        for piece in re.finditer(r"[^-]+", match[0]):
            start = match.start() + piece.start()
            raw = piece[0]
            stem = "." if raw[0] in ".!?;\n" else _stemmer().stemWord(raw)
            found.append(_Word(stem, raw, (start, start + len(raw))))
    return found


@cache
def _phrase(text: str) -> tuple[str, ...]:
    words = [word for word in _words(text) if word.stem != "."]
    content = tuple(word.stem for word in words if word.raw not in _FILLERS)
    # of "stop it" one word would be left, which says far less
    return content if len(content) > 1 or len(words) == 1 else tuple(word.stem for word in words)


@cache
def _negates(text: str) -> bool:
    return any(word.raw in _NEGATORS for word in _words(text))


def _echoed(words: Sequence[_Word], prompt: str) -> frozenset[int]:
    """Indices of words that stand in a run of `_ECHO` or more taken from the prompt."""
    said = [word.stem for word in _words(prompt)]
    runs = {tuple(said[start : start + _ECHO]) for start in range(len(said) - _ECHO + 1)}
    echoed: set[int] = set()
    for start in range(len(words) - _ECHO + 1):
        if tuple(word.stem for word in words[start : start + _ECHO]) in runs:
            echoed.update(range(start, start + _ECHO))
    return frozenset(echoed)


def _matches(words: Sequence[_Word], phrase: Sequence[str], blocked: frozenset[int]) -> Iterator[tuple[int, int]]:
    """[first, last] word indices where the phrase stands in order, with few words and no sentence end between."""
    for first, word in enumerate(words):
        if not phrase or word.stem != phrase[0] or first in blocked:
            continue
        at = first
        for stem in phrase[1:]:
            skipped = 0
            at += 1
            while at < len(words) and words[at].stem != stem and skipped <= _GAP and words[at].stem != ".":
                skipped += words[at].raw not in _FILLERS
                at += 1
            if at >= len(words) or words[at].stem != stem or at in blocked:
                break
        else:
            yield first, at


def _negated(words: Sequence[_Word], first: int, last: int) -> bool:
    """Whether a negator stands shortly before the match, in its sentence, or inside it."""
    before = range(max(0, first - _NEGATION_WINDOW), first)
    start = max((index + 1 for index in before if words[index].stem == "."), default=before.start)
    return any(words[index].raw in _NEGATORS for index in range(start, last + 1))


def _number_span(text: str, wanted: Numeric, prompt_numbers: frozenset[float]) -> _SPAN | None:
    dimension, factor = unit_of(wanted.unit)
    target = wanted.value * factor
    for found in quantities(text):
        value = found.value
        if dimension and found.dimension and found.dimension != dimension:
            continue
        if dimension and not found.dimension:  # a bare number is read in the unit that was asked for
            value *= factor
        if value != target and (value in prompt_numbers or found.value in prompt_numbers):
            continue
        if wanted.range:
            fits = wanted.range[0] * factor <= value <= wanted.range[1] * factor
        elif wanted.tol_factor:
            fits = target / wanted.tol_factor <= value <= target * wanted.tol_factor
        else:
            fits = abs(value - target) <= (wanted.tol_rel or 0.01) * abs(target)
        if fits:
            return found.span
    return None


def _phrase_spans(words: Sequence[_Word], point: Point, echo: frozenset[int]) -> list[_SPAN]:
    """Where distinct hit phrases of the point stand, each unnegated and not part of a near miss."""
    near = [(first, last) for text in point.not_hit for first, last in _matches(words, _phrase(text), echo)]
    spans: list[_SPAN] = []
    for text in point.hit:
        for first, last in _matches(words, _phrase(text), echo):
            if not _negates(text) and _negated(words, first, last):
                continue
            if any(low <= first and last <= high for low, high in near):
                continue
            start, end = words[first].span[0], words[last].span[1]
            if any(start < until and since < end for since, until in spans):  # another form of the same words
                continue
            spans.append((start, end))
            break
    return spans


def _judge(answer: str, words: Sequence[_Word], point: Point, prompt: str, echo: frozenset[int]) -> PointVerdict:
    found = _phrase_spans(words, point, echo)
    if point.pattern and (match := re.search(point.pattern, answer, re.IGNORECASE)) and match[0] not in prompt:
        found.append(match.span())
    if point.numeric is not None:
        given = frozenset(number.value for number in quantities(prompt))
        if span := _number_span(answer, point.numeric, given):
            found.append(span)
    if len(found) >= point.min_of or (found and point.numeric is not None):
        start, end = min(found)
        return PointVerdict(point_id=point.id, verdict="hit", quote=answer[start:end], span=(start, end))
    if found:
        start, end = min(found)
        return PointVerdict(point_id=point.id, verdict="unsure", quote=answer[start:end], span=(start, end))
    return PointVerdict(point_id=point.id, verdict="missed")


def _remarks(words: Sequence[_Word], contradictions: Sequence[Contradiction]) -> Iterator[Contradiction]:
    for one in contradictions:
        said = any(
            not _negated(words, first, last)
            for text in one.phrases
            for first, last in _matches(words, _phrase(text), frozenset())
        )
        excused = any(True for text in one.without for _ in _matches(words, _phrase(text), frozenset()))
        if said and not excused:
            yield one


def grade(answer: str, *, prompt: str, points: Sequence[Point], contradictions: Sequence[Contradiction] = ()) -> Grade:
    """Judge `answer` (its first 4,000 characters) on the points of the part that was attempted."""
    answer = answer[:LONGEST]
    words = _words(answer)
    echo = _echoed(words, prompt)
    verdicts = tuple(_judge(answer, words, point, prompt, echo) for point in points)
    remarks = tuple(_remarks(words, contradictions))
    total = sum(point.weight for point in points) or 1.0
    weights = {point.id: point.weight / total for point in points}
    hit = sum(weights[one.point_id] for one in verdicts if one.verdict == "hit")
    unsure = sum(weights[one.point_id] for one in verdicts if one.verdict == "unsure")
    score = max(0.0, hit - sum(one.penalty for one in remarks))
    return Grade(
        points=verdicts,
        score=round(score, 4),
        unsure=round(unsure, 4),
        abstained=unsure > ABSTAIN_OVER,
        remarks=tuple(one.say for one in remarks),
    )
