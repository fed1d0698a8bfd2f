"""Tier 1 of grading: a language model judges the points too, and code decides what of that counts."""

import html
import logging
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC

from bot.core.answer_text import AnswerText, Span, words_of
from bot.core.claim_words import FUNCTION, NEGATORS, NEUTRAL, STRONG
from bot.core.claim_words import words_of as spaced
from bot.core.evidence import number_span
from bot.core.grading import LONGEST, Grader, Task, totalled
from bot.core.guard import invisible, redacted
from bot.core.memory import Spending
from bot.core.ports import Clock
from bot.core.quantities import quantities
from bot.core.records import Grade, PointVerdict
from knowledge.model import Point
from knowledge.ports import Judge, Opinion

log = logging.getLogger(__name__)

_CALL = 4000
"""Tokens that have to be left of the day's budget for a call to be made."""
_WORDS = 3
"""Words of a quote, from which it says something; the number of a point says it alone."""
_ABOUT_GRADING = spaced(
    "answer award claim correct credit full give given grade grader hit ignore instruction instructor judge mark marks "
    "pass point points prompt quote right rubric rule rules score seen sentence system true unsure verdict"
)
"""Words of an instruction to the grader: to have one of them in common is no sign of a point."""
_SAY_LITTLE = FUNCTION | NEUTRAL | STRONG | NEGATORS | _ABOUT_GRADING


class SecondOpinion:
    """A model within its budget. Whatever goes wrong, the first grade stands."""

    def __init__(self, judge: Judge, spending: Spending, clock: Clock, *, budget: int) -> None:
        """`budget` is in tokens a workspace and day (UTC)."""
        self._judge = judge
        self._spending = spending
        self._clock = clock
        self._budget = budget

    async def grade(self, text: str, task: Task, first: Grade, workspace: str) -> Grade:
        """The first grade with the model's verdicts where they hold. A text that was refused is not shown to it."""
        answer = AnswerText(text[:LONGEST], task.prompt)
        own = any(word.is_word and place not in answer.echo for place, word in enumerate(answer.words))
        if first.refused or not task.points or not own:
            return first
        day = self._clock.now().astimezone(UTC).date()
        if await self._spending.spent(workspace, day) + _CALL > self._budget:
            log.info("the token budget of %s is used up for today", workspace or "direct messages")
            return first
        claims = {point.id: point.claim for point in task.points}
        said = await self._judge.judge(task.prompt, redacted(answer.text), claims)
        await self._spending.spend(workspace, day, said.used)
        if said.failure:
            log.warning("the model judged nothing: %s", said.failure)
            return first
        return merged(answer, task, first, said.opinions)


class Grading:
    """An answer's grade: by the grader, then by the model where there is one."""

    def __init__(self, grader: Grader, second: SecondOpinion | None = None) -> None:
        self._grader = grader
        self._second = second

    async def grade(self, text: str, task: Task, workspace: str) -> Grade:
        """Judge the first 4,000 characters of `text`; `workspace` (as scopes name it) pays for the model."""
        first = await self._grader.grade(text, task)
        return await self._second.grade(text, task, first, workspace) if self._second else first


def merged(answer: AnswerText, task: Task, first: Grade, opinions: Sequence[Opinion]) -> Grade:
    """The first grade with those opinions that hold. One on a point that is none, or judged twice, is passed over."""
    named = Counter(one.point_id for one in opinions)
    once = {one.point_id: one for one in opinions if named[one.point_id] == 1}
    points = {point.id: point for point in task.points}
    verdicts = [_settled(answer, points[one.point_id], one, once.get(one.point_id)) for one in first.points]
    return totalled(task, verdicts, [one for one in task.contradictions if one.say in first.remarks])


def _settled(answer: AnswerText, point: Point, first: PointVerdict, second: Opinion | None) -> PointVerdict:
    if second is None or second.verdict == "unsure":
        return first
    if second.verdict == "missed":
        # a number or a pattern that stands there is surer than a model that did not see it
        certain = first.verdict == "hit" and (point.numeric is not None or point.pattern is not None)
        if certain:
            return replace(first, verdict="unsure")
        return PointVerdict(point_id=point.id, verdict="missed")
    span = supporting(answer, point, second.quote)
    if span is None:
        return first
    return PointVerdict(point_id=point.id, verdict="hit", quote=answer.text[span[0] : span[1]], span=span)


def supporting(answer: AnswerText, point: Point, quote: str) -> Span | None:
    """Where the quote stands in the answer word for word (white space folded), if it may support the point.

    It has to be long enough to say something, the learner's own and not the prompt's, whole words, not cut out of what
    denies it, and to have a word or a number in common with the point: an instruction to the grader has none.
    """
    return next((span for span in _places(answer.text, quote) if _supports(answer, point, span)), None)


def _places(text: str, quote: str) -> Iterator[Span]:
    """Where the quote stands; as the model was shown the text with & < > escaped, it may quote it so."""
    seen, at = _as_seen(text)
    for wanted in dict.fromkeys(_as_seen(one)[0].strip() for one in (quote, html.unescape(quote))):
        start = seen.find(wanted) if wanted else -1
        while start >= 0:
            yield at[start], at[start + len(wanted) - 1] + 1
            start = seen.find(wanted, start + 1)


def _as_seen(text: str) -> tuple[str, list[int]]:
    """The text with white space folded and without what is not seen; and where each character stood."""
    kept: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            if kept and kept[-1] == " ":
                continue
        elif invisible(character) or unicodedata.category(character)[0] == "C":
            continue
        kept.append(" " if character.isspace() else character)
        places.append(place)
    return "".join(kept), places


def _supports(answer: AnswerText, point: Point, span: Span) -> bool:
    start, end = span
    if any(0 < place < len(answer.text) and answer.text[place - 1 : place + 1].isalnum() for place in span):
        return False  # "true" out of "untrue"
    held = range(
        bisect_left(answer.words, start, key=lambda word: word.span[0]),
        bisect_left(answer.words, end, key=lambda word: word.span[0]),
    )
    words = [place for place in held if answer.words[place].is_word]
    own = [place for place in words if place not in answer.echo]
    if not own or _denial_left_out(answer, words[0], words[-1]):
        return False
    said = answer.text[start:end]
    if point.numeric is not None and any(quantities(said)):
        # what number it has to be is known better here
        return number_span(AnswerText(said, answer.prompt), point.numeric, _numbers(answer.prompt)) is not None
    if len(own) < _WORDS or _stems(answer, words) in f" {' '.join(_all_stems(answer.prompt))} ":
        return False
    return bool({answer.words[place].stem for place in own} & _subject(point))


def _denial_left_out(answer: AnswerText, first: int, last: int) -> bool:
    sentence = answer.sentence_of(first)
    if sentence is not None and sentence.denied:
        return any(answer.words[place].is_word for place in range(sentence.first, first))
    goes_on = answer.negators(last + 1, min(last + 2, len(answer.words)))
    return bool(goes_on) or answer.denied(first, last) != (answer.negators(first, last + 1) % 2 == 1)


def _stems(answer: AnswerText, words: Sequence[int]) -> str:
    return f" {' '.join(answer.words[place].stem for place in words)} "


def _all_stems(text: str) -> list[str]:
    return [word.stem for word in words_of(text) if word.is_word]


def _numbers(text: str) -> frozenset[float]:
    return frozenset(one.value for one in quantities(text))


def _subject(point: Point) -> frozenset[str]:
    """The stems of what a point is about."""
    said = (word for text in (point.claim, *point.hit) for word in words_of(text))
    return frozenset(word.stem for word in said if word.is_word and word.raw not in _SAY_LITTLE)
