"""Which rubric points an answer shows, and where: tier 0, without a model.

The evidence is read off the words and off the meaning of the sentences; the judgement is calibrated and may be "unsure".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.answer_text import FILLERS, AnswerText, Sentence, negators_in, phrase
from bot.core.evidence import Evidence, Likeness, examples, gather, mistakes
from bot.core.judging import by_rule, probability, verdict
from bot.core.language import is_english, is_shuffled
from bot.core.quantities import quantities
from bot.core.records import Grade, PointVerdict, Verdict
from knowledge.model import Contradiction, Item, Point, Variant
from knowledge.ports import Embedder

LONGEST = 4000
"""Characters of an answer that are read."""
ABSTAIN_OVER = 0.3
_AT_ONCE = 0.05
"""A point is judged by the words alone where they leave less doubt than this."""
_READ = 4
"""Sentences of an answer whose meaning is compared: the ones that have most in common with the points."""
_LONGEST_SENTENCE = 160
"""Characters of one that are compared."""
_NEAREST = 3
"""Exemplars of each side that are averaged."""
_LISTED = 0.7
"""Share of an answer's words that stand in hit phrases, from which it is a list of key words."""
_WORDINGS = 2.5
"""Wordings of one point, on average, that nobody writes who answers."""
_FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What was asked, and what the answer is held against."""

    prompt: str
    points: Sequence[Point]
    contradictions: Sequence[Contradiction] = ()
    mistakes: Sequence[str] = ()

    def part(self, points: Sequence[str], ask: str = "") -> "Task":
        """The task with these points alone."""
        return replace(
            self,
            prompt=f"{self.prompt}\n{ask}",
            points=[point for point in self.points if point.id in points],
        )


def task_of(item: Item, variant: Variant | None = None) -> Task:
    """The whole item, or a variant of it that is filled."""
    form = variant or item
    return Task(
        prompt=form.prompt,
        points=form.rubric or item.rubric,
        contradictions=item.contradictions,
        mistakes=item.misconceptions,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cosines:
    """A row a sentence, a column a text."""

    rows: Sequence[Sequence[float]]
    columns: Mapping[str, int]

    def of(self, sentence: int, text: str) -> float:
        return self.rows[sentence][self.columns[text]]


class Grader:
    """Tier 0 with the meaning of sentences, where there is an embedding."""

    def __init__(self, embedder: Embedder | None = None) -> None:
        self._embedder = embedder

    async def grade(self, text: str, task: Task) -> Grade:
        """Judge the first 4,000 characters of `text`."""
        answer = AnswerText(text[:LONGEST], task.prompt)
        refusal = _refusal(answer, task)
        if refusal:
            return _refused(task, refusal)
        found = _gathered(answer, task)
        sure = [probability(point, one) for point, one in zip(task.points, found, strict=True)]
        doubtful = [number for number, one in enumerate(sure) if _AT_ONCE < one < 1 - _AT_ONCE]
        if self._embedder is not None and doubtful:
            found = await self._compared(answer, task, found, doubtful)
        return _graded(answer, task, found, verdict)

    async def evidence(self, text: str, task: Task) -> list[Evidence]:
        """What the judgement is made from, point by point, all of it."""
        answer = AnswerText(text[:LONGEST], task.prompt)
        return await self._compared(answer, task, _gathered(answer, task), range(len(task.points)))

    async def _compared(
        self, answer: AnswerText, task: Task, found: Sequence[Evidence], doubtful: Sequence[int]
    ) -> list[Evidence]:
        points = [task.points[number] for number in doubtful]
        read = _worth_reading(answer, points)
        compared = list(found)
        if not read:
            for number in doubtful:
                compared[number] = replace(found[number], likeness=Likeness(example=0.0, mistake=0.0))
            return compared
        texts = dict.fromkeys(text for point in points for text in (*examples(point), *mistakes(point)))
        columns = {text: column for column, text in enumerate(dict.fromkeys([*texts, *task.mistakes]))}
        said = [answer.text[one.span[0] : one.span[1]][:_LONGEST_SENTENCE] for one in read]
        rows = await self._embedder.similarities(said, list(columns)) if self._embedder else None
        if rows is None:
            return compared
        near = _Cosines(rows=rows, columns=columns)
        for number, point in zip(doubtful, points, strict=True):
            compared[number] = replace(found[number], likeness=_likeness(answer, point, task, read, near))
        return compared


def grade(answer: str, *, prompt: str, points: Sequence[Point], contradictions: Sequence[Contradiction] = ()) -> Grade:
    """By the words alone and by rule, at once: for points whose phrases are all there is to say."""
    task = Task(prompt=prompt, points=points, contradictions=contradictions)
    read = AnswerText(answer[:LONGEST], prompt)
    if refusal := _refusal(read, task):
        return _refused(task, refusal)
    return _graded(read, task, _gathered(read, task), by_rule)


def _gathered(answer: AnswerText, task: Task) -> list[Evidence]:
    given = frozenset(number.value for number in quantities(task.prompt))
    found = [gather(answer, point, given) for point in task.points]
    shown = [one.shown for one in found]
    others = max(1, len(found) - 1)
    return [replace(one, beside=(sum(shown) - own) / others) for one, own in zip(found, shown, strict=True)]


def _worth_reading(answer: AnswerText, points: Sequence[Point]) -> list[Sentence]:
    wanted = {
        stem
        for point in points
        for text in (point.claim, *point.hit)
        for stem in phrase(text)
        if stem not in FILLERS and stem not in answer.prompt_stems
    }
    open_ = [one for one in answer.sentences if not one.denied and not one.echoed]
    held = {one: len({answer.words[place].stem for place in range(one.first, one.last)} & wanted) for one in open_}
    best = sorted(open_, key=lambda one: -held[one])[:_READ]
    return sorted(best, key=lambda one: one.first)


def _likeness(
    answer: AnswerText,
    point: Point,
    task: Task,
    read: Sequence[Sentence],
    near: "_Cosines",
) -> Likeness:
    best, example, at = max(
        (near.of(number, text), text, number) for number in range(len(read)) for text in examples(point)
    )
    sentence = read[at]
    right = sorted((near.of(at, text) for text in examples(point)), reverse=True)[:_NEAREST]
    wrong = sorted((near.of(at, text) for text in (*mistakes(point), *task.mistakes)), reverse=True)[:_NEAREST]
    turned = answer.negators(sentence.first, sentence.last) % 2 != negators_in(example) % 2
    return Likeness(
        example=best,
        mistake=max(wrong, default=0.0),
        leaning=sum(right) / len(right) - sum(wrong) / max(1, len(wrong)),
        sentence=sentence,
        turned=turned,
    )


def _refusal(answer: AnswerText, task: Task) -> str:
    """Why an answer is not judged at all, for its author; empty if it is."""
    if not is_english(answer.text):
        return "I can only grade English so far; nothing of this was counted against you."
    if _is_list(answer, task):
        return "That reads as a list of key words. Say in a sentence how they hang together."
    return ""


def _is_list(answer: AnswerText, task: Task) -> bool:
    """Whether the answer is the key words of the rubric and little else: many wordings of each point, no sentences."""
    content = [index for index, word in enumerate(answer.words) if word.is_word and word.raw not in FILLERS]
    if len(content) < _FEW:
        return False
    if is_shuffled(answer.text):
        return True
    covered: set[int] = set()
    wordings: list[int] = []
    for point in task.points:
        found = [place for text in point.hit for place in list(answer.places(phrase(text), 0))[:1]]
        covered.update(index for first, last in found for index in range(first, last + 1))
        wordings += [len(set(found))] if found else []
    share = len(covered & set(content)) / len(content)
    return bool(wordings) and share > _LISTED and sum(wordings) / len(wordings) >= _WORDINGS


def _shown(answer: AnswerText, point: Point, evidence: Evidence, verdict: Verdict) -> PointVerdict:
    """The verdict with the place that shows it; without such a place nothing is shown."""
    span = min(evidence.spans) if evidence.spans else None
    if span is None and evidence.likeness and evidence.likeness.sentence:
        span = evidence.likeness.sentence.span
    if verdict == "missed" or span is None:
        return PointVerdict(point_id=point.id, verdict="missed" if verdict == "missed" else "unsure")
    return PointVerdict(point_id=point.id, verdict=verdict, quote=answer.text[span[0] : span[1]], span=span)


def _graded(
    answer: AnswerText, task: Task, found: Sequence[Evidence], judge: Callable[[Point, Evidence], Verdict]
) -> Grade:
    verdicts = [_shown(answer, point, one, judge(point, one)) for point, one in zip(task.points, found, strict=True)]
    return totalled(task, verdicts, _remarks(answer, task.contradictions))


def _refused(task: Task, remark: str) -> Grade:
    verdicts = tuple(PointVerdict(point_id=point.id, verdict="unsure") for point in task.points)
    return Grade(points=verdicts, score=0.0, unsure=1.0, abstained=True, refused=True, remarks=(remark,))


def totalled(task: Task, verdicts: Sequence[PointVerdict], remarks: Sequence[Contradiction] = ()) -> Grade:
    """The sum, made here and nowhere else: whoever judges, judges single points."""
    total = sum(point.weight for point in task.points) or 1.0
    weights = {point.id: point.weight / total for point in task.points}
    hit = sum(weights[one.point_id] for one in verdicts if one.verdict == "hit")
    unsure = sum(weights[one.point_id] for one in verdicts if one.verdict == "unsure")
    score = max(0.0, hit - sum(one.penalty for one in remarks))
    return Grade(
        points=tuple(verdicts),
        score=round(score, 4),
        unsure=round(unsure, 4),
        abstained=round(unsure, 4) > ABSTAIN_OVER,
        remarks=tuple(one.say for one in remarks),
    )


def _remarks(answer: AnswerText, contradictions: Sequence[Contradiction]) -> list[Contradiction]:
    found = []
    for one in contradictions:
        said = any(
            not answer.denied(*place) for text in one.phrases for place in answer.places(phrase(text), 2, echo=True)
        )
        excused = any(True for text in one.without for _ in answer.places(phrase(text), 2, echo=True))
        if said and not excused:
            found.append(one)
    return found
