"""Builders the unit and contract tests share: people, events, a small curriculum, an adapter in memory."""

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import numpy as np

from bot.app import draw_progress
from bot.core.admin import Admins
from bot.core.answering import Answering
from bot.core.balance import DEFAULT_SPLIT
from bot.core.browsing import Browsing
from bot.core.coach import Coach
from bot.core.correcting import Correcting
from bot.core.curating import Curating
from bot.core.disputing import Disputing
from bot.core.errors import Unreadable
from bot.core.exemplars import Taught
from bot.core.grading import Grader
from bot.core.librarian import Librarian
from bot.core.library import Fetched, Library
from bot.core.model import (
    Action,
    Block,
    Button,
    Buttons,
    FormSubmitted,
    Inbound,
    Message,
    MessageRef,
    Quote,
    Reply,
    Table,
    Text,
    ThreadRef,
    UserRef,
)
from bot.core.owning import Owning
from bot.core.personal import Personal
from bot.core.ports import Adapter, Clock, Handler, Store
from bot.core.practice import Practising
from bot.core.progressing import Progressing
from bot.core.questions import Questions
from bot.core.recalling import Recalling
from bot.core.records import Subscription
from bot.core.resolving import Resolving
from bot.core.second_opinion import Grading
from bot.core.steering import Steering
from bot.core.stream import Draw, Stream, draw
from bot.core.subscribing import Subscribing, new_subscription
from bot.core.telling import Telling
from knowledge.loader import load_article
from knowledge.model import (
    CATEGORIES,
    Contradiction,
    Curriculum,
    DocumentSection,
    Item,
    Leaf,
    ParsedDocument,
    Part,
    Point,
    Refused,
    Retrieval,
    Scope,
    Source,
    Variant,
)

PLATFORM = "memory"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


# --- people, places, events ------------------------------------------------------------------


def person(name: str = "ada", *, workspace: str = "w1", platform: str = PLATFORM) -> UserRef:
    return UserRef(platform=platform, workspace=workspace, id=name)


def channel(name: str = "general", thread: str | None = None, *, platform: str = PLATFORM) -> ThreadRef:
    return ThreadRef(platform=platform, workspace="w1", channel=name, thread=thread)


def dm(who: UserRef) -> ThreadRef:
    return ThreadRef(platform=who.platform, workspace=who.workspace, channel=f"dm-{who.id}")


_numbers = iter(range(1, 1_000_000))


def _envelope(who: UserRef | None, where: ThreadRef | None, given: dict[str, Any]) -> dict[str, Any]:
    who = who or person()
    return {
        "id": f"e{next(_numbers)}",
        "user": who,
        "where": where or dm(who),
        "at": NOW,
        "direct": where is None,
        **given,
    }


def message(text: str, who: UserRef | None = None, where: ThreadRef | None = None, **given: Any) -> Message:
    """In private unless `where` is given."""
    return Message(**_envelope(who, where, given), text=text)


def press(button: Button, who: UserRef | None = None, where: ThreadRef | None = None, **given: Any) -> Action:
    return Action(**_envelope(who, where, given), action=button.action, argument=button.argument)


def submit(
    form: str, values: Mapping[str, str], who: UserRef | None = None, argument: str = "", **given: Any
) -> FormSubmitted:
    return FormSubmitted(**_envelope(who, None, given), form=form, argument=argument, values=values)


# --- a curriculum of twelve items ------------------------------------------------------------


def _item(category: str, number: int) -> Item:
    name = f"{category}.X.{number}"
    return Item(
        id=name,
        version=1,
        type="recall",
        category=category,  # type: ignore[arg-type]
        nodes=(f"{category}.X",),
        level=1 + number % 2,
        minutes=3,
        prompt=f"Prompt {name}: orders are slow, what do you look at first?",
        answer=f"Model answer {name}.",
        rubric=(
            Point(id="r1", weight=0.6, claim="The pool is exhausted.", miss="what waits?", hit=("pool exhausted",)),
            Point(id="r2", weight=0.4, claim="Stop the job.", miss="what began?", hit=("stop the job",)),
        ),
        parts=(Part(id="a", ask="What ran out?", points=("r1",)), Part(id="b", ask="What now?", points=("r2",))),
        hints=("Look at what waits.", "Count the connections."),
        misconceptions=("More pods help.",),
        sources=("A book, p. 1",),
        variants=(Variant(prompt="Other", answer="Other"),),
        contradictions=(Contradiction(phrases=("add pods",), without=(), penalty=0.3, say="More pods wait as well."),),
    )


CURRICULUM = Curriculum(
    items={item.id: item for item in (_item(category, number) for category in CATEGORIES for number in (1, 2, 3))},
    leaves={f"{category}.X": Leaf(id=f"{category}.X", title=f"Leaf {category}", quota=3) for category in CATEGORIES},
)


def drawing(stream: Stream) -> Draw:
    return draw(CURRICULUM, DEFAULT_SPLIT, stream)


# --- streams ---------------------------------------------------------------------------------


async def subscribed(
    store: Store,
    target: UserRef | ThreadRef,
    *,
    due: datetime | None = NOW,
    zone: str = "UTC",
    days: Sequence[int] = range(7),
    active: bool = True,
) -> Subscription:
    """An active stream at 00:00 every day."""
    learner = await store.subscriptions.learner(target, now=NOW) if isinstance(target, UserRef) else None
    fresh = new_subscription(target, learner, zone=zone, at=time(0, 0), days=days, split=DEFAULT_SPLIT)
    return await store.subscriptions.save(replace(fresh, active=active, next_due=due), now=NOW)


async def charged(store: Store, stream: Subscription, *, key: str = "k1", **given: Any) -> tuple[Any, bool]:
    """A pending delivery that is due now."""
    values: dict[str, Any] = {
        "local_date": NOW.date(),
        "not_before": NOW,
        "expires_at": NOW + timedelta(hours=3),
        "status": "pending",
        "now": NOW,
        "draw": drawing,
    }
    return await store.outbox.charge(stream.id, key=key, **{**values, **given})


# --- an adapter in memory --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    to: ThreadRef | UserRef
    reply: Reply
    key: str
    only_for: UserRef | None
    replaces: MessageRef | None
    ref: MessageRef

    @property
    def text(self) -> str:
        return said(self.reply)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next `send` raises, and whether the message arrived nevertheless."""

    error: BaseException
    arrives: bool = False


@dataclass(slots=True)
class MemoryAdapter:
    """Implements core.ports.Adapter. What arrived is in `sent`; `faults` are used up one a send.

    `readable` False plays a platform whose history may not be read.
    """

    name: str = PLATFORM
    sent: list[Sent] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    faults: deque[Fault | None] = field(default_factory=deque)
    readable: bool = True
    zone: str | None = "Europe/Berlin"

    async def run(self, handle: Handler) -> None:
        raise NotImplementedError

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        self.attempts.append(key)
        fault = self.faults.popleft() if self.faults else None
        place = dm(to) if isinstance(to, UserRef) else to
        ref = MessageRef(thread=place, id=f"m{len(self.sent) + 1}")
        if fault is None or fault.arrives:
            self.sent.append(Sent(to, reply, key, only_for, replaces, ref))
        if fault is not None:
            raise fault.error
        return ref

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        self.looked_up.append(key)
        if not self.readable:
            raise Unreadable("The history may not be read.")
        return next((one.ref for one in self.sent if one.key == key), None)

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        ref = await self.send(in_, first, key=key)
        return replace(in_, thread=ref.id)

    async def time_zone(self, user: UserRef) -> str | None:
        return self.zone

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.sent]


_: type[Adapter] = MemoryAdapter


# --- the coach without an index --------------------------------------------------------------


class NothingFound:
    """A `Retriever` over nothing; `asked` lists what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def retrieve(
        self, question: str, *, sources: Sequence[Source], scope: Scope | None = None, limit: int = 5
    ) -> Mapping[Source, Retrieval]:
        self.asked.append(question)
        return dict.fromkeys(sources, Retrieval(hits=()))


class Shelf:
    """A `Reader` and `PassageEmbedder` in memory: `pages` maps a URL to its text, one paragraph a block."""

    name = "counted-words"

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}

    async def fetch(self, url: str) -> Fetched:
        if url not in self.pages:
            raise Refused(f"{url} does not answer.")
        return Fetched(location=url, name=url, data=self.pages[url].encode(), media_type="text/plain", kind="url")

    async def parse(self, fetched: Fetched) -> ParsedDocument:
        title, *blocks = fetched.data.decode().split("\n\n")
        return ParsedDocument(
            title=title, sections=(DocumentSection(heading=title, path=(), blocks=tuple(blocks or [title])),)
        )

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [np.eye(1, 384, len(text) % 384, dtype=np.float32).tobytes() for text in texts]


@dataclass(slots=True)
class Wired:
    """A coach on a store, and its parts."""

    coach: Coach
    practising: Practising
    retriever: NothingFound
    shelf: Shelf
    library: Library
    adapter: MemoryAdapter
    """Through which people are told who are not in the conversation."""
    zone: str | None = None


def wired(store: Store, clock: Clock, *, zone: str | None = None, curriculum: Curriculum = CURRICULUM) -> Wired:
    """The coach as app.py wires it, without an index; `zone` stands in every profile."""
    retriever, shelf = NothingFound(), Shelf()
    library = Library(store.documents, shelf, shelf, clock)

    async def zone_of(_user: UserRef) -> str | None:
        return made.zone

    practising = Practising(store, curriculum, clock, zone_of, Taught(Grading(Grader()), store.corrections))
    adapter, admins, article = MemoryAdapter(), Admins(), load_article()
    tell = Telling({PLATFORM: adapter}, clock)
    resolving = Resolving(store.gaps, library, article, clock, tell, answering=Answering(retriever, article))

    coach = Coach(
        questions=Questions(Answering(retriever, load_article()), load_article(), curriculum, store, clock),
        practising=practising,
        subscribing=Subscribing(store, clock, zone_of),
        personal=Personal(store.privacy),
        librarian=Librarian(library, admins),
        curating=Curating(resolving, Owning(store.gaps, resolving, admins, clock, tell), admins),
        browsing=Browsing(practising, store, curriculum, retriever, clock),
        correcting=Correcting(store, curriculum, clock, admins, tell),
        disputing=Disputing(store, curriculum, clock, admins),
        steering=Steering(store, clock),
        recalling=Recalling(store, curriculum, clock),
        progressing=Progressing(store, curriculum, clock, draw_progress),
    )
    made = Wired(coach, practising, retriever, shelf, library, adapter, zone)
    return made


async def hear(coach: Coach, inbound: Inbound) -> list[Reply]:
    return [reply async for reply in coach.handle(inbound)]


def scripted(*replies: Reply | Exception) -> Handler:
    """A core that yields these, raising the exceptions among them."""

    async def handle(_inbound: Inbound) -> AsyncIterator[Reply]:
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
            yield reply

    return handle


def say(text: str, **given: Any) -> Reply:
    return Reply(blocks=(Text(text=text),), **given)


# --- reading replies -------------------------------------------------------------------------


def _block(block: Block) -> str:
    match block:
        case Text() | Quote():
            return block.text
        case Table():
            return "\n".join(" ".join(row) for row in block.rows)
        case _:
            return ""


def said(*replies: Reply) -> str:
    """All text of the replies."""
    return "\n".join(_block(block) for reply in replies for block in reply.blocks)


def buttons(*replies: Reply) -> dict[str, Button]:
    """Their buttons by label."""
    return {
        button.label: button
        for reply in replies
        for block in reply.blocks
        if isinstance(block, Buttons)
        for button in block.items
    }
