"""Answers: the exact words of a source and where they stand, or an honest "the article does not say"."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.asking import wanted
from bot.core.confidence import calibration, confidence
from bot.core.follow_up import Exchange, Place, leans, mixed, pointed_at
from bot.core.guard import LONGEST_QUESTION, clean, question_of, storable
from bot.core.model import Answer, Citation, FoundSection, Quote
from knowledge.model import SOURCE_LABELS, Article, Retrieval, Scope, Section, SectionHit, Source
from knowledge.ports import Retriever

__all__ = ["LONGEST_QUESTION", "Answering", "Asked", "clean", "merged", "storable"]

SHORT_SECTION = 700
"""Characters up to which a section is quoted whole."""
_STAYS = 0.15
"""Added to the score of the section that answered the question before, when a follow-up leans on it."""
_SURE = 0.97
"""Confidence from which a question needs nothing of the ones before it."""
_EXPLAINS = 0.05
"""How much nearer a practice note has to be to answer "what is …" in the place of a section that only names it."""
_RANKED: tuple[tuple[Source, ...], ...] = (("documents", "article"), ("curriculum",))
"""Sources of one rank compete by confidence; the next rank is asked only where none of them is sure."""


_ARTICLE: tuple[Source, ...] = ("article",)
_NOTES: tuple[Source, ...] = ("curriculum",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question and all that bears on its answer.

    `scope` says whose documents may be shown; `earlier` are the turns before it in its thread, oldest first; `withheld`
    are practice items whose explanation may not be given away to the asker.
    """

    question: str
    sources: Collection[Source] = _ARTICLE
    scope: Scope | None = None
    earlier: Sequence[Exchange] = ()
    withheld: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store knows of the talk a question stands in: see the fields of `Asked`. `withheld` is asked for only where
    a practice note might be quoted."""

    earlier: Sequence[Exchange] = ()
    withheld: Callable[[], Awaitable[Collection[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    source: Source
    found: Retrieval
    sure: float

    @property
    def answers(self) -> bool:
        return bool(self.found.hits) and self.sure >= calibration(self.source, self.found).answer

    @property
    def comes_near(self) -> bool:
        return bool(self.found.hits) and self.sure >= calibration(self.source, self.found).near


class Answering:
    """Answers in a source's own words."""

    def __init__(self, retriever: Retriever, article: Article) -> None:
        self._retriever = retriever
        self._article: Mapping[str, Section] = {section.key: section for section in article.sections}
        self._order = [Place(key=section.key, level=section.level) for section in article.sections]

    async def answer(self, asked: Asked, remembered: Awaitable[Remembered] | None = None) -> Answer:
        """The answer to a question of any length, also an empty one.

        `remembered` takes the place of what `asked` says of the talk; it is waited for beside the search.
        """
        asked = replace(asked, question=question_of(asked.question))
        searching = asyncio.ensure_future(self._retrieved(asked, asked.question))
        try:
            known = await remembered if remembered is not None else None
            if known is not None:
                asked = replace(asked, earlier=known.earlier)
            if "article" in asked.sources and (key := pointed_at(asked.question, asked.earlier, self._order)):
                return self._pointed(key, asked.earlier)
            retrieved = await searching
            if known is not None and _notes_matter(asked, retrieved):
                asked = replace(asked, withheld=await known.withheld())
            return await self._answer(asked, retrieved)
        finally:
            searching.cancel()

    async def _answer(self, asked: Asked, retrieved: Mapping[Source, Retrieval]) -> Answer:
        found = await self._found(asked, retrieved)
        if not found:
            return _none(asked, None, 0.0)
        if explained := _explained(asked.question, found):
            return _answered(explained)
        for rank in _RANKED:
            ranked = [one for one in found if one.source in rank and one.answers]
            if ranked:
                return _answered(max(ranked, key=lambda one: one.sure))
        first = max((one for one in found if one.source in _RANKED[0]), key=lambda one: one.sure, default=found[0])
        return _near(first) if first.comes_near else _none(asked, first.found, first.sure)

    async def _found(self, asked: Asked, retrieved: Mapping[Source, Retrieval]) -> list[_Candidate]:
        alone = _candidates(asked, asked.question, retrieved)
        if not leans(asked.question, asked.earlier) or any(one.answers and one.sure > _SURE for one in alone):
            return alone
        more = mixed(asked.question, asked.earlier)
        together = _candidates(asked, more, await self._retrieved(asked, more))
        last = asked.earlier[-1].section_key
        return [
            replace(both, found=_staying(one.found, both.found, last), sure=max(one.sure, both.sure))
            for one, both in zip(alone, together, strict=True)
        ]

    async def _retrieved(self, asked: Asked, text: str) -> Mapping[Source, Retrieval]:
        return await self._retriever.retrieve(text, sources=_order(asked), scope=asked.scope)

    def _pointed(self, key: str, earlier: Sequence[Exchange]) -> Answer:
        """The section that was pointed at; the one before stands second, in case it was meant to go on in that."""
        keys = dict.fromkeys([key, *(one.section_key for one in reversed(earlier) if one.section_key in self._article)])
        hits = tuple(
            SectionHit(
                source="article",
                key=one,
                section=self._article[one].heading,
                score=1.0 / place,
                blocks=self._article[one].blocks,
            )
            for place, one in enumerate(keys, start=1)
        )
        return _answered(_Candidate(source="article", found=Retrieval(hits=hits), sure=0.9))

    def section(self, key: str) -> Section | None:
        """A section of the article by its key."""
        return self._article.get(key)


def _order(asked: Asked) -> list[Source]:
    return [source for rank in _RANKED for source in rank if source in asked.sources]


def _notes_matter(asked: Asked, retrieved: Mapping[Source, Retrieval]) -> bool:
    """Whether a practice note comes near the question, or may do once the questions before it are mixed in."""
    if "curriculum" not in retrieved or leans(asked.question, asked.earlier):
        return True
    alone = replace(asked, sources=_NOTES)
    return any(one.answers or one.comes_near for one in _candidates(alone, asked.question, retrieved))


def _candidates(asked: Asked, text: str, retrieved: Mapping[Source, Retrieval]) -> list[_Candidate]:
    found = []
    for source in _order(asked):
        one = retrieved[source]
        if source == "curriculum" and asked.withheld:
            one = replace(one, hits=_permitted(one.hits, asked.withheld))
        found.append(_Candidate(source=source, found=one, sure=confidence(source, text, one)))
    return found


def _permitted(hits: Sequence[SectionHit], withheld: Collection[str]) -> tuple[SectionHit, ...]:
    """What may be shown; nothing where the best may not, for what the search measured is about that one."""
    allowed = tuple(hit for hit in hits if hit.key.removeprefix("curriculum:") not in withheld)
    return allowed if allowed[:1] == tuple(hits[:1]) else ()


def _explained(question: str, found: Sequence[_Candidate]) -> _Candidate | None:
    """The practice note that explains what the other sources only name, if the question wants it explained."""
    if not wanted(question) & {"definition", "instructions"}:
        return None
    nearest = max((one.found.similarity for one in found if one.source in _RANKED[0]), default=0.0)
    notes = (one for one in found if one.source == "curriculum" and one.answers)
    return next((one for one in notes if one.found.similarity > nearest + _EXPLAINS), None)


def _staying(alone: Retrieval, together: Retrieval, last: str) -> Retrieval:
    """What two searches found, joined; the section before is favoured."""
    scores: dict[str, float] = {}
    hits: dict[str, SectionHit] = {}
    for one, share in ((alone, 0.2), (together, 0.8)):
        for hit in one.hits:
            scores[hit.key] = scores.get(hit.key, 0.0) + share * hit.score
            hits[hit.key] = hit
    for key in scores:
        scores[key] += _STAYS * (key == last)
    best = sorted(scores, key=lambda key: -scores[key])[: max(len(alone.hits), len(together.hits))]
    return replace(together, hits=tuple(replace(hits[key], score=scores[key]) for key in best))


def _answered(one: _Candidate) -> Answer:
    quotes = quoted(one.found.hits[0])
    return Answer(
        band="answer",
        text="\n".join(quote.text for quote in quotes),
        quotes=quotes,
        sections=_sections(one.found),
        confidence=round(one.sure, 3),
        source=one.source,
    )


def _near(one: _Candidate) -> Answer:
    hit = one.found.hits[0]
    return Answer(
        band="near",
        text=f"{_silent(hit.source)} not say that. Closest, from “{hit.section}”:",
        quotes=quoted(hit)[:2],
        sections=_sections(one.found),
        confidence=round(one.sure, 3),
        source=one.source,
    )


def _silent(source: Source) -> str:
    label = SOURCE_LABELS[source]
    return f"{label.capitalize()} {'do' if label.endswith('s') else 'does'}"


def _none(asked: Asked, found: Retrieval | None, sure: float) -> Answer:
    named: Source = "article" if "article" in asked.sources else next(iter(asked.sources), "article")
    return Answer(
        band="none",
        text=f"{_silent(named)} not say anything about that.",
        quotes=(),
        sections=_sections(found) if found else (),
        confidence=round(sure, 3),
    )


def quoted(hit: SectionHit) -> tuple[Quote, ...]:
    """A short section whole; of a longer one the blocks around the nearest, in reading order.

    A block is a paragraph, or a lead line with its list, so that no bullet ever stands alone.
    """
    citation = Citation(
        source=SOURCE_LABELS[hit.source],
        section=hit.section,
        document=hit.title if hit.source == "documents" else "",
        url=hit.url,
    )
    blocks = hit.blocks
    if sum(map(len, blocks)) > SHORT_SECTION:
        low, high = hit.best, hit.best + 1
        while (low > 0 or high < len(blocks)) and sum(map(len, blocks[low:high])) < SHORT_SECTION // 2:
            low, high = max(0, low - 1), min(len(blocks), high + 1)
        blocks = blocks[low:high]
    return tuple(Quote(text=block, citation=citation) for block in blocks)


def merged(quotes: Sequence[Quote]) -> list[Quote]:
    """Quotes of one section as one block, paragraphs apart."""
    if not quotes:
        return []
    return [Quote(text="\n\n".join(quote.text for quote in quotes), citation=quotes[0].citation)]


def _sections(found: Retrieval) -> tuple[FoundSection, ...]:
    return tuple(
        FoundSection(source=hit.source, key=hit.key, section=hit.section, score=round(hit.score, 5))
        for hit in found.hits
    )
