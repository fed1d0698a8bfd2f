"""Questions in chat: the answer with its buttons, what is remembered of it, and what people thought of it."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial

from bot.core.answering import Answering, Asked, Remembered, merged
from bot.core.documents import scope_of, workspace_of
from bot.core.follow_up import Exchange
from bot.core.guard import LONGEST_QUESTION, clean, question_of
from bot.core.memory import Gap, GapReason, Turn
from bot.core.model import Action, Answer, Block, Button, Buttons, Citation, Message, Quote, Reply, Text
from bot.core.ports import Clock, Store
from bot.core.writing import Writing
from knowledge.model import SOURCE_LABELS, Article, Curriculum, Item, Source
from knowledge.ports import Embedder

EXAMPLES = (
    "Why does depth matter more now?",
    "How should I split my learning time?",
    "Does DSA still matter if AI solves LeetCode?",
)
_ALL: tuple[Source, ...] = ("documents", "article", "curriculum")
_HELD_BACK = timedelta(days=7)
"""How long after its delivery the explanation of a practice item is not given away."""
_SAME_TALK = timedelta(minutes=30)
"""Outside a thread, a question follows up one that is not older than this."""
_LONGEST_SECTION = 2800


class Questions:
    """The conversation about what the sources say."""

    def __init__(
        self,
        answering: Answering,
        article: Article,
        curriculum: Curriculum,
        store: Store,
        clock: Clock,
        *,
        writing: Writing | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._answering = answering
        self._curriculum = curriculum
        self._store = store
        self._clock = clock
        self._writing = writing
        self._embedder = embedder
        self._practice = _items_by_section(article, curriculum)

    async def replies(self, message: Message) -> AsyncIterator[Reply]:
        """What to say to a question."""
        if not clean(message.text):
            yield Reply(blocks=(Text(text="Ask me something, for example:"), *_examples()))
            return
        question = question_of(message.text)
        remembered = asyncio.ensure_future(self._remembered(message))
        asked = Asked(question=question, sources=_ALL, scope=scope_of(message.where, direct=message.direct))
        answer = await self._answering.answer(asked, remembered)
        turn = self._turn(message, question, answer)
        written: tuple[Text, ...] = ()
        if self._writing is not None and answer.band == "answer":
            async for said in self._writing.sentences(
                question, answer, remembered.result().earlier, workspace_of(message.where)
            ):
                written = (Text(text=" ".join(said)),)
                yield Reply(blocks=written, partial=True)
        yield Reply(blocks=(*written, *self._blocks(message, answer, turn)))
        await self._store.conversations.remember(turn)
        if answer.band != "answer":
            await self._note(message.direct, turn, "near" if answer.band == "near" else "none")

    def _blocks(self, message: Message, answer: Answer, turn: Turn) -> list[Block]:
        blocks: list[Block] = []
        if answer.band != "answer":
            blocks.append(Text(text=answer.text))
        elif answer.source == "curriculum":
            blocks.append(Text(text="The article does not explain that. From the practice notes:", style="quiet"))
        blocks += merged(answer.quotes)
        if answer.band == "none":
            blocks += [Text(text="You could ask:"), *_examples()]
        row: list[Button] = []
        if answer.quotes and answer.sections[0].key.startswith(("article:", "document:")):
            row.append(Button(label="Show section", action="section", argument=answer.sections[0].key))
        if answer.band == "answer":
            if item := self._to_practise(answer):
                row.append(Button(label="Practise this", action="practise", argument=item.id))
            row += [
                Button(label="👍", action="rate", argument=f"up:{turn.id}"),
                Button(label="👎", action="rate", argument=f"down:{turn.id}"),
            ]
        if row:
            blocks.append(Buttons(items=tuple(row)))
        if len(message.text) > LONGEST_QUESTION:
            blocks.append(
                Text(text=f"That was long: I searched for its first {LONGEST_QUESTION:,} characters.", style="quiet")
            )
        return blocks

    def _to_practise(self, answer: Answer) -> Item | None:
        """One item on what the answer is about, always the same one for a section."""
        key = answer.sections[0].key
        if key.startswith("curriculum:"):
            return self._curriculum.items.get(key.removeprefix("curriculum:"))
        items = self._practice.get(key, ())
        return items[0] if items else None

    async def _remembered(self, message: Message) -> Remembered:
        turns = await self._store.conversations.earlier(message.where)
        since = self._clock.now() - _SAME_TALK
        earlier = [turn for turn in turns if message.where.thread is not None or turn.asked_at > since]
        return Remembered(
            earlier=[Exchange(question=turn.question, section_key=turn.section_key) for turn in earlier],
            withheld=partial(self._withheld, message),
        )

    async def _withheld(self, message: Message) -> Collection[str]:
        since = (self._clock.now() - _HELD_BACK).date()
        return await self._store.practice.recent_items(message.user, message.where, since=since)

    def _turn(self, message: Message, question: str, answer: Answer) -> Turn:
        return Turn(
            id=str(uuid.uuid5(uuid.NAMESPACE_OID, message.id)),
            where=message.where,
            user=message.user,
            question=question,
            band=answer.band,
            section_key=answer.sections[0].key if answer.quotes else "",
            asked_at=self._clock.now(),
        )

    async def _note(self, direct: bool, turn: Turn, reason: GapReason) -> None:
        vector = await self._embedder.embed(turn.question) if self._embedder else None
        await self._store.gaps.add(
            Gap(
                id=turn.id,
                where=turn.where,
                user=turn.user,
                direct=direct,
                question=turn.question,
                reason=reason,
                asked_at=turn.asked_at,
                vector=vector,
            )
        )

    # --- buttons -----------------------------------------------------------------------------

    async def show_section(self, action: Action) -> AsyncIterator[Reply]:
        """The whole section behind a *Show section* button."""
        key = f"article:{action.argument}" if action.argument.isdigit() else action.argument  # as buttons once said it
        if section := self._answering.section(key):
            citation = Citation(source=SOURCE_LABELS["article"], section=section.heading)
            yield Reply(blocks=_whole(section.heading, section.blocks, citation), private=True)
            return
        scope = scope_of(action.where, direct=action.direct)
        held = await self._store.documents.sections(scope.visible, [key])
        if found := held.get(key):
            citation = Citation(
                source=SOURCE_LABELS["documents"], section=found.heading, document=found.title, url=found.url
            )
            yield Reply(blocks=_whole(found.heading, found.blocks, citation), private=True)
            return
        yield Reply(blocks=(Text(text="That section is no longer there. Ask the question again."),), private=True)

    async def rate(self, action: Action) -> AsyncIterator[Reply]:
        """A thumb up or down."""
        word, _, turn_id = action.argument.partition(":")
        turn = await self._store.conversations.turn(turn_id)
        if turn is None:
            yield Reply(blocks=(Text(text="I no longer remember that answer; ask again to rate it."),), private=True)
            return
        now = self._clock.now()
        await self._store.conversations.rate(turn, action.user, good=word == "up", now=now)
        if word == "up":
            yield Reply(blocks=(Text(text="Good to know, thank you."),), private=True)
            return
        await self._note(action.direct, turn, "down")
        yield Reply(
            blocks=(
                Text(
                    text="Thank you. The question is on the list of those who look after me here; if they add an answer, I tell whoever asked."
                ),
            ),
            private=True,
        )


def _whole(heading: str, blocks: Sequence[str], citation: Citation) -> tuple[Block, ...]:
    """A section whole, in as many quotes as its length needs."""
    parts: list[list[str]] = [[]]
    for block in blocks:
        if parts[-1] and sum(map(len, parts[-1])) + len(block) > _LONGEST_SECTION:
            parts.append([])
        parts[-1].append(block)
    return (
        Text(text=heading, style="heading"),
        *(Quote(text="\n\n".join(part), citation=citation) for part in parts),
    )


def _items_by_section(article: Article, curriculum: Curriculum) -> Mapping[str, Sequence[Item]]:
    """Section key -> items on it, easiest first: those whose anchor or whose leaf's title stands in the section."""
    found: dict[str, list[Item]] = {}
    for section in article.sections:
        text = "\n".join((section.heading, *section.blocks)).lower()
        mine = [
            item
            for item in curriculum.items.values()
            if any(
                words and words.lower() in text
                for words in (item.article_anchor or "", curriculum.leaves[item.leaf].title)
            )
        ]
        if mine:
            found[section.key] = sorted(mine, key=lambda item: (item.level, item.id))
    return found


def _examples() -> tuple[Text, ...]:
    return tuple(Text(text=f"• {example}") for example in EXAMPLES)
