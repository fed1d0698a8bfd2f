"""Questions: the exact words of a source and where they stand, or an honest "the article does not say"."""

import math
import re
import unicodedata
from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from bot.core.model import (
    Action,
    Answer,
    Block,
    Button,
    Buttons,
    Citation,
    FoundSection,
    Quote,
    Reply,
    Text,
)
from knowledge.model import SOURCE_LABELS, Article, Curriculum, Retrieval, Section, SectionHit, Source
from knowledge.ports import Retriever

LONGEST_QUESTION = 1000
"""Characters of a message that are searched for."""
SHORT_SECTION = 700
"""Characters up to which a section is quoted whole."""
_ARTICLE: tuple[Source, ...] = ("article",)
ANSWER_FROM = 0.5
NEAR_FROM = 0.22
EXAMPLES = (
    "Why does depth matter more now?",
    "How should I split my learning time?",
    "Does DSA still matter if AI solves LeetCode?",
)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


def clean(text: str) -> str:
    """The text without invisible characters, white space folded."""
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate cannot be shown
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFC", text)).split())


def storable(text: str) -> str:
    """The text with `?` for what no database or platform takes: NUL and half a surrogate pair."""
    return text.replace("\x00", "?").encode("utf-8", "replace").decode()


def confidence(found: Retrieval) -> float:
    """How likely the best section answers the question, 0-1.

    A logistic function of the cosine and of the share of the question's words that the section holds; its numbers
    are set by hand on a few dozen questions and are to be fitted.
    """
    if not found.hits:
        return 0.0
    if found.semantic:
        score = 9.0 * (found.similarity - 0.45) + 2.5 * (found.coverage - 0.5) - 0.8 * min(len(found.unknown), 3)
    else:
        score = 6.0 * (found.coverage - 0.6) - 1.0 * min(len(found.unknown), 3)
    return 1 / (1 + math.exp(-score))


class Answering:
    """Answers in a source's own words. Chat asks the article; `coach ask` may ask the other sources, too."""

    def __init__(self, retriever: Retriever, article: Article, curriculum: Curriculum) -> None:
        self._retriever = retriever
        self._sections: Mapping[str, Section] = {section.heading: section for section in article.sections}
        self._headings = [section.heading for section in article.sections]
        self._curriculum = curriculum

    async def answer(self, question: str, sources: Collection[Source] = _ARTICLE) -> Answer:
        """The answer to a question of any length, also an empty one.

        The first source that is sure of it answers; what only comes close is shown from the first one alone.
        """
        question = clean(question)[:LONGEST_QUESTION]
        order: list[Source] = [source for source in ("documents", "article", "curriculum") if source in sources]
        best: tuple[float, Retrieval] | None = None
        for found in (await self._retriever.retrieve(question, sources=order)).values():
            sure = confidence(found)
            if sure >= ANSWER_FROM:
                return self._answered(found, sure)
            if found.hits and best is None:
                best = (sure, found)
        if best is None or best[0] < NEAR_FROM:
            return self._none(best[1] if best else None, best[0] if best else 0.0)
        return self._near(best[1], best[0])

    def _answered(self, found: Retrieval, sure: float) -> Answer:
        quotes = self._quotes(found.hits[0])
        return Answer(
            band="answer",
            text="\n".join(quote.text for quote in quotes),
            quotes=quotes,
            sections=_sections(found.hits),
            confidence=round(sure, 3),
        )

    def _near(self, found: Retrieval, sure: float) -> Answer:
        quotes = self._quotes(found.hits[0])[:2]
        label = SOURCE_LABELS[found.hits[0].source]
        verb = "do" if label.endswith("s") else "does"
        return Answer(
            band="near",
            text=f"{label.capitalize()} {verb} not say that. Closest, from “{found.hits[0].section}”:",
            quotes=quotes,
            sections=_sections(found.hits),
            confidence=round(sure, 3),
        )

    @staticmethod
    def _none(found: Retrieval | None, sure: float) -> Answer:
        return Answer(
            band="none",
            text="The article does not say anything about that.",
            quotes=(),
            sections=_sections(found.hits) if found else (),
            confidence=round(sure, 3),
        )

    def _quotes(self, hit: SectionHit) -> tuple[Quote, ...]:
        """A short section whole; of a longer one the blocks around the best passage, in reading order."""
        citation = Citation(source=SOURCE_LABELS[hit.source], section=hit.section)
        section = self._sections.get(hit.section) if hit.source == "article" else None
        if section is None:
            return (Quote(text=hit.passages[0].text, citation=citation),)
        blocks = section.blocks
        if sum(map(len, blocks)) > SHORT_SECTION:
            chosen = next((blocks.index(p.text) for p in hit.passages if p.text in blocks), 0)
            low, high = chosen, chosen + 1
            while (low > 0 or high < len(blocks)) and sum(map(len, blocks[low:high])) < SHORT_SECTION // 2:
                low, high = max(0, low - 1), min(len(blocks), high + 1)
            blocks = blocks[low:high]
        return tuple(Quote(text=block, citation=citation) for block in blocks)

    async def replies(self, question: str) -> AsyncIterator[Reply]:
        """What to say in chat."""
        if not clean(question):
            yield Reply(blocks=(Text(text="Ask me something, for example:"), *_examples()))
            return
        answer = await self.answer(question)
        blocks: list[Block] = []
        if answer.band != "answer":
            blocks.append(Text(text=answer.text))
        blocks += merged(answer.quotes)
        if answer.band == "none":
            blocks += [Text(text="You could ask:"), *_examples()]
        elif answer.quotes and (number := self._number(answer.quotes[0].citation.section)) is not None:
            blocks.append(Buttons(items=(Button(label="Show section", action="section", argument=str(number)),)))
        if len(question) > LONGEST_QUESTION:
            blocks.append(
                Text(text=f"That was long: I searched for its first {LONGEST_QUESTION:,} characters.", style="quiet")
            )
        yield Reply(blocks=tuple(blocks))

    def _number(self, heading: str) -> int | None:
        return self._headings.index(heading) if heading in self._headings else None

    async def show_section(self, action: Action) -> AsyncIterator[Reply]:
        """The whole section behind a *Show section* button."""
        if not action.argument.isdigit() or int(action.argument) >= len(self._headings):
            yield Reply(
                blocks=(Text(text="That section is no longer in the article. Ask the question again."),), private=True
            )
            return
        section = self._sections[self._headings[int(action.argument)]]
        citation = Citation(source=SOURCE_LABELS["article"], section=section.heading)
        yield Reply(
            blocks=(
                Text(text=section.heading, style="heading"),
                Quote(text="\n\n".join(section.blocks), citation=citation),
            ),
            private=True,
        )


def merged(quotes: Sequence[Quote]) -> list[Quote]:
    """Quotes of one section as one block, paragraphs apart."""
    if not quotes:
        return []
    return [Quote(text="\n\n".join(quote.text for quote in quotes), citation=quotes[0].citation)]


def _sections(hits: Sequence[SectionHit]) -> tuple[FoundSection, ...]:
    return tuple(FoundSection(source=hit.source, section=hit.section, score=round(hit.score, 5)) for hit in hits)


def _examples() -> tuple[Text, ...]:
    return tuple(Text(text=f"• {example}") for example in EXAMPLES)
