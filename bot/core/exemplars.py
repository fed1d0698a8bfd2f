"""What a workspace's corrections teach: words that somebody ruled on are judged so the next time, and what means the
same as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.answer_text import FILLERS, AnswerText, Sentence, Span, negators_in, words_of
from bot.core.gaps import content_words
from bot.core.grading import LONGEST, Task, totalled
from bot.core.guard import clean, redacted
from bot.core.records import Grade, PointVerdict, Verdict
from bot.core.rulings import LONGEST_EXEMPLAR, Corrections, Exemplar
from bot.core.second_opinion import Grading
from knowledge.model import Point
from knowledge.ports import Embedder

SAME_FROM = 0.8
"""Cosine from which a sentence means what an exemplar says, unless it only turns it round."""
_OVERLAP = 0.5
"""Share of the words of both that are common, from which two texts that mean the same differ by inflection or additions;
"grow the pool" and "shrink the pool" share more than they mean."""
_READ = 12
"""Sentences of an answer that are compared."""
_SAYS = 2
"""Words with content from which words teach anything."""


class Taught:
    """Grading with what the corrections of a workspace teach."""

    def __init__(self, grading: Grading, corrections: Corrections, embedder: Embedder | None = None) -> None:
        self._grading = grading
        self._corrections = corrections
        self._embedder = embedder

    async def grade(self, text: str, task: Task, *, item_id: str, place: str, workspace: str) -> Grade:
        """As `Grading.grade`; `place` (`rulings.place_of`) says whose corrections are learned from."""
        asked = {point.id for point in task.points}
        learned = [one for one in newest(await self._corrections.exemplars(place, item_id)) if one.point_id in asked]
        if not learned:
            return await self._grading.grade(text, task, workspace)
        answer = AnswerText(text[:LONGEST], task.prompt)
        said = {one: _Place(span) for one in learned if (span := standing(answer, one.text))}
        near = await self._alike(answer, [one for one in learned if one not in said])
        found = {one: place for one, place in near.items() if place is not None}
        # what stands there is settled below: as a phrase of the task it would make the answer look like a list, and
        # what only turns it round would look like an example of it
        rest = [one for one in learned if one not in said and one not in near]
        grade = await self._grading.grade(text, taught(task, rest), workspace)
        return grade if grade.refused else settled(answer, task, grade, {**found, **said})

    async def _alike(self, answer: AnswerText, learned: Sequence[Exemplar]) -> "dict[Exemplar, _Place | None]":
        """The exemplars that a sentence of the answer comes near to by meaning, nearest last; without a place where it
        denies what the exemplar affirms, or the reverse."""
        read = [one for one in answer.sentences if not one.denied and not one.echoed][:_READ]
        if self._embedder is None or not read or not learned:
            return {}
        sentences = [answer.text[one.span[0] : one.span[1]] for one in read]
        rows = await self._embedder.similarities(sentences, [one.text for one in learned])
        if rows is None:
            return {}
        found: dict[Exemplar, _Place | None] = {}
        for column, one in sorted(enumerate(learned), key=lambda pair: max(cosines[pair[0]] for cosines in rows)):
            cosine, row = max((cosines[column], row) for row, cosines in enumerate(rows))
            if cosine >= SAME_FROM:
                turned = _turned(answer, read[row], one)
                sure = _reworded(sentences[row], one.text)
                found[one] = None if turned else _Place(read[row].span, sure=sure)
        return found


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an exemplar was found; not `sure`: what stands there may as well be the reverse."""

    span: Span
    sure: bool = True


def newest(exemplars: Sequence[Exemplar]) -> list[Exemplar]:
    """Oldest first, and of the same words ruled on twice only the later ruling."""
    kept: dict[tuple[str, str], Exemplar] = {}
    for one in exemplars:
        kept.setdefault((one.point_id, clean(one.text).lower()), one)
    return list(kept.values())[::-1]


def taught(task: Task, exemplars: Sequence[Exemplar]) -> Task:
    """The task with them among its phrases."""
    if not exemplars:
        return task
    return replace(task, points=[_with(point, exemplars) for point in task.points])


def _with(point: Point, exemplars: Sequence[Exemplar]) -> Point:
    mine = [one for one in exemplars if one.point_id == point.id]
    return replace(
        point,
        hit=(*point.hit, *(one.text for one in mine if one.hit)),
        not_hit=(*point.not_hit, *(one.text for one in mine if not one.hit)),
    )


def settled(answer: AnswerText, task: Task, grade: Grade, found: Mapping[Exemplar, _Place]) -> Grade:
    """The grade with the verdicts of those exemplars that the answer holds; of two on one point the last one counts."""
    verdicts = {one.point_id: one for one in grade.points}
    for one, place in found.items():
        wanted: Verdict = "hit" if one.hit else "missed"
        if verdicts[one.point_id].verdict == wanted:
            continue
        verdict: Verdict = wanted if place.sure else "unsure"
        if verdict == "missed":
            verdicts[one.point_id] = PointVerdict(point_id=one.point_id, verdict=verdict)
        else:
            quote = answer.text[slice(*place.span)]
            verdicts[one.point_id] = PointVerdict(point_id=one.point_id, verdict=verdict, quote=quote, span=place.span)
    remarks = [one for one in task.contradictions if one.say in grade.remarks]
    return totalled(task, [verdicts[one.point_id] for one in grade.points], remarks)


def _reworded(one: str, other: str) -> bool:
    """Whether two texts of one meaning are so by other words, or by more of them in the same order: what shares most
    words and swaps one, or their order, says the reverse to an embedding as well."""
    first, second = (
        [word.stem for word in words_of(text) if word.is_word and word.raw not in FILLERS] for text in (one, other)
    )
    common = set(first) & set(second)
    if set(first) - common and set(second) - common:
        return len(common) / len({*first, *second}) < _OVERLAP
    return [stem for stem in first if stem in common] == [stem for stem in second if stem in common]


def standing(answer: AnswerText, text: str) -> Span | None:
    """Where the text stands in the answer word for word, marks and inflections aside, and not denied there."""
    wanted = [word.stem for word in words_of(text) if word.is_word]
    mine = [place for place, word in enumerate(answer.words) if word.is_word]
    stems = [answer.words[place].stem for place in mine]
    for start in range(len(mine) - len(wanted) + 1 if wanted else 0):
        first, last = mine[start], mine[start + len(wanted) - 1]
        own = any(place not in answer.echo for place in mine[start : start + len(wanted)])
        if stems[start : start + len(wanted)] == wanted and own and not _denied_from_outside(answer, first, last):
            return answer.words[first].span[0], answer.words[last].span[1]
    return None


def _denied_from_outside(answer: AnswerText, first: int, last: int) -> bool:
    sentence = answer.sentence_of(first)
    if sentence is not None and sentence.denied:
        return any(answer.words[place].is_word for place in range(sentence.first, first))
    return answer.denied(first, last) != (answer.negators(first, last + 1) % 2 == 1)


def _turned(answer: AnswerText, sentence: Sentence, one: Exemplar) -> bool:
    return answer.negators(sentence.first, sentence.last) % 2 != negators_in(one.text) % 2


# --- from an answer to an exemplar -----------------------------------------------------------


async def sentence_for(text: str, point: Point, quote: str = "", embedder: Embedder | None = None) -> str:
    """The sentence of an answer that is meant by a verdict: the quote's, else the one nearest to the point by meaning,
    or by words where there is no embedding."""
    answer = AnswerText(text[:LONGEST], "")
    sentences = [answer.text[one.span[0] : one.span[1]] for one in answer.sentences][:_READ]
    holding = next((one for one in sentences if quote and quote in one), None)
    if holding is None and len(sentences) > 1 and embedder is not None:
        rows = await embedder.similarities(sentences, [point.claim])
        holding = max(zip(rows, sentences, strict=True))[1] if rows else None
    if holding is None:
        about = content_words(" ".join((point.claim, *point.hit)))
        holding = max(
            sentences, key=lambda one: (len(content_words(one) & about), len(content_words(one))), default=text
        )
    return clean(holding)[:LONGEST_EXEMPLAR]


def exemplar_of(sentence: str, prompt: str) -> str:
    """The words that are learned from, without secrets; "" where they say too little of their own to teach anything."""
    kept = redacted(clean(sentence))[:LONGEST_EXEMPLAR]
    return kept if len(content_words(kept) - content_words(prompt)) >= _SAYS else ""
