"""A prompt on what somebody names: found by node, by title, by words or by meaning."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from rapidfuzz import fuzz

from bot.core.documents import scope_of
from bot.core.gaps import content_words
from bot.core.guard import clean
from bot.core.model import Message, Reply, Text
from bot.core.ports import Clock, Store
from bot.core.practice import Practising
from knowledge.model import Curriculum, Item, Leaf, Retrieval
from knowledge.ports import Retriever

NOT_AGAIN = timedelta(days=7)
"""An item that somebody had within this time is not given to them again."""
NEAR_FROM = 0.4
"""Cosine of a subject and an item's text from which they are about the same thing."""
LONGEST_SUBJECT = 60
_NAMED = 3
_ALIKE = 80.0
"""Of 100, from which two words are one with a typing error."""
_MEANT = 4
"""Items found by meaning; those further down are about something else."""

_THING = (
    r"(?:(?:an?|another|some|more)\s+)?(?:practi[cs]e\s+)?"
    r"(?:(?P<what>items?|exercises?|prompts?)|one|another(?: one)?|something|questions?|tasks?|problems?)"
)
_ABOUT = r"\s+(?:on|about|for|from|in|regarding)\s+"
_ASK = (
    r"(?:(?:please|pls)[, ]+)?(?:(?:can|could|may|would)\s+(?:you|i)\s+(?:please\s+)?)?"
    r"(?P<asked>(?:give|send|get|show|have)\s+(?:me\s+|us\s+)?|i(?:'d|\s+would)?\s+(?:like|want|need)\s+)?"
)
_REQUEST = re.compile(rf"^{_ASK}{_THING}{_ABOUT}(?P<subject>.+)$", re.IGNORECASE)
_PRACTISE = re.compile(
    r"^(?:(?:please|pls|let'?s|let me|can (?:i|we)|i(?:'d like| want| would like) to)[, ]+)?"
    r"(?:practi[cs]e|train|drill|exercise|quiz me on)\s+(?P<subject>\S+(?:\s+\S+){0,4})$",
    re.IGNORECASE,
)
_POLITE = re.compile(r"(?:[,\s]+(?:please|pls|thanks|thank you|now|today))+$", re.IGNORECASE)
_NODE = re.compile(r"[BSDAX](?:\.[A-Z0-9]+)+(?:-\d+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants a prompt on. `sure` is false for words that may also be a question ("questions about leave") or
    an answer ("practise restores")."""

    subject: str
    sure: bool


def wish_of(text: str) -> Wish | None:
    """The wish in a message, or None for a question, an answer or anything else."""
    text = clean(text).rstrip("!. ")
    bare = text.removesuffix("?").rstrip()
    if match := _REQUEST.match(bare):
        if text.endswith("?") and not re.match(r"(?:please|pls|can|could|may|would)\b", text, re.IGNORECASE):
            return None
        sure = bool(match["asked"]) or bool(match["what"])
    elif match := _PRACTISE.match(text):
        sure = False
    else:
        return None
    subject = _POLITE.sub("", match["subject"]).strip(" \"'“”`")
    if not 1 <= len(subject) <= LONGEST_SUBJECT or re.search(r"[.;:!?]\s", subject):
        return None
    return Wish(subject=subject, sure=sure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Items on a subject, best first, and what they were found by."""

    items: Sequence[Item]
    by: Literal["node", "title", "words", "meaning", "nothing"]


class Browsing:
    """Finds an item on a subject and gives it as a prompt."""

    def __init__(
        self, practising: Practising, store: Store, curriculum: Curriculum, retriever: Retriever, clock: Clock
    ) -> None:
        self._practising = practising
        self._store = store
        self._curriculum = curriculum
        self._retriever = retriever
        self._clock = clock
        self._words = {item.id: content_words(f"{item.prompt} {item.answer}") for item in curriculum.items.values()}
        self._titles = {leaf.id: content_words(leaf.title) for leaf in curriculum.leaves.values()}

    async def takes(self, message: Message, wish: Wish, *, answering: bool) -> bool:
        """Whether the message is meant for here; `answering` says that an open prompt would take it as an answer."""
        if wish.sure or self.names_a_node(wish):
            return True
        return not answering and bool((await self._found(message, wish.subject)).items)

    def names_a_node(self, wish: Wish) -> bool:
        """Whether the subject is a node or the title of one, so that it can be nothing else."""
        return bool(self._by_node(wish.subject) or self._by_title(wish.subject))

    async def give(self, message: Message, wish: Wish) -> AsyncIterator[Reply]:
        """A prompt on the subject, or what there is instead; raises nothing for any subject."""
        found = await self._found(message, wish.subject)
        since = (self._clock.now() - NOT_AGAIN).date()
        held_back = await self._store.practice.recent_items(message.user, message.where, since=since)
        held_back |= await self._practising.paused(message)
        open_ = [item for item in found.items if item.id not in held_back]
        if not open_:
            yield await self._nothing(message, wish.subject, found)
            return
        shown = await self._practising.shown(message)
        best = (
            open_[0]
            if found.by == "meaning"
            else min(open_, key=lambda item: (shown.get(item.id, 0), item.level, item.id))
        )
        async for reply in self._practising.give(message, best):
            yield reply

    async def _nothing(self, message: Message, subject: str, found: Found) -> Reply:
        lead = (
            f"You had what I have on “{subject}” within the last 7 days, or it is paused here."
            if found.items
            else f"I have no prompt on “{subject}”."
        )
        nearest = ", ".join(f"“{title}”" for title in await self._nearest(message, subject))
        return Reply(blocks=(Text(text=f"{lead} Nearest: {nearest}. `today` gives you the prompt of the day."),))

    # --- finding -----------------------------------------------------------------------------

    async def _found(self, message: Message, subject: str) -> Found:
        if items := self._by_node(subject):
            return Found(items=items, by="node")
        if items := self._by_title(subject):
            return Found(items=items, by="title")
        if _NODE.fullmatch(subject):
            return Found(items=(), by="nothing")
        if items := await self._by_meaning(message, subject):
            return Found(items=items, by="meaning")
        if items := self._by_words(subject):
            return Found(items=items, by="words")
        return Found(items=(), by="nothing")

    def _by_node(self, subject: str) -> list[Item]:
        """Those of a node and all below it, or the item of that id."""
        name = subject.upper().rstrip(".")
        items = self._curriculum.items
        if name in items:
            return [items[name]]
        return [
            item for item in items.values() if any(node == name or node.startswith(f"{name}.") for node in item.nodes)
        ]

    def _by_title(self, subject: str) -> list[Item]:
        """Those of the leaves whose title holds every word of the subject."""
        wanted = content_words(subject)
        leaves = {name for name, title in self._titles.items() if wanted and wanted <= title}
        return [item for item in self._curriculum.items.values() if item.leaf in leaves]

    def _by_words(self, subject: str) -> list[Item]:
        """Those whose prompt and answer hold every word of the subject."""
        wanted = content_words(subject)
        return [item for item in self._curriculum.items.values() if wanted and wanted <= self._words[item.id]]

    async def _by_meaning(self, message: Message, subject: str) -> list[Item]:
        found = await self._retrieved(message, subject)
        near = found.semantic and max(found.similarity, found.alias_similarity) >= NEAR_FROM
        return self._items_of(found)[:_MEANT] if near else []

    async def _retrieved(self, message: Message, subject: str) -> Retrieval:
        scope = scope_of(message.where, direct=message.direct)
        found = await self._retriever.retrieve(subject, sources=("curriculum",), scope=scope, limit=12)
        return found.get("curriculum", Retrieval(hits=()))

    def _items_of(self, found: Retrieval) -> list[Item]:
        names = [hit.key.removeprefix("curriculum:") for hit in found.hits]
        return [self._curriculum.items[name] for name in names if name in self._curriculum.items]

    async def _nearest(self, message: Message, subject: str) -> list[str]:
        """The titles of three nodes with items: those spelled like the subject, then by meaning, then the rest."""
        served = {item.leaf for item in self._curriculum.items.values()}
        leaves = [leaf for leaf in self._curriculum.leaves.values() if leaf.id in served]
        spelled = sorted(((_spelled(subject, leaf), leaf) for leaf in leaves), key=lambda one: -one[0])
        meant = [self._curriculum.leaves[item.leaf] for item in self._items_of(await self._retrieved(message, subject))]
        alike = [leaf for score, leaf in spelled if score >= _ALIKE]
        titles = dict.fromkeys(leaf.title for leaf in (*alike, *meant, *(leaf for _, leaf in spelled)))
        return list(titles)[:_NAMED]


def _spelled(subject: str, leaf: Leaf) -> float:
    """How much of a word or an id they share, 0 to 100."""
    words, titled = re.findall(r"\w{3,}", subject.lower()), re.findall(r"\w{3,}", leaf.title.lower())
    alike = max((fuzz.ratio(word, other) for word in words for other in titled), default=0.0)
    return max(alike, fuzz.ratio(subject.upper(), leaf.id))
