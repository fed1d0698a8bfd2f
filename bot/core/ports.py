"""What the core needs from the world around it: a clock, the chat platforms, the store."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from bot.core.attention import Newest
from bot.core.documents import Documents
from bot.core.memory import Conversations, Gaps, Spending
from bot.core.model import Inbound, MessageRef, Reply, ThreadRef, UserRef
from bot.core.noise import Noise
from bot.core.progress import ProgressStore
from bot.core.records import Delivery, DeliveryKind, DeliveryStatus, Grade, Subscription, Verdict
from bot.core.review import Reviews
from bot.core.rulings import Corrections, Disputes
from bot.core.sending import Outcome
from bot.core.stream import Draw, Stream
from knowledge.model import Category

Handler = Callable[[Inbound], AsyncIterator[Reply]]
"""The coaching core seen from an adapter: `Coach.handle`."""


class Clock(Protocol):
    """The time, and waiting for it; a simulated clock serves the tests."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""


class Sender(Protocol):
    """Whatever puts one message where people read it."""

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """Post `reply`. `key` identifies this message for `find` and for platforms that drop repeats. Makes one
        attempt: raises RateLimited, Rejected, NotSent or Ambiguous and leaves retries to the caller."""

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """The message sent with `key`, after an ambiguous send; None: it did not arrive. Raises Unreadable."""


class Adapter(Sender, Protocol):
    """A chat platform: it hears events and puts replies where people read them; `send` works without `run`."""

    name: str

    async def run(self, handle: Handler) -> None:
        """Serve until cancelled. Each event addressed to the coach is stored (`Inbox.accept`) before it is
        acknowledged, then answered once with what `handle` yields. Raises ConfigurationError for unusable tokens."""

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        """Open a thread that begins with `first`; errors as `send`."""


@runtime_checkable
class Profiles(Protocol):
    """An adapter whose platform knows a person's time zone."""

    async def time_zone(self, user: UserRef) -> str | None:
        """The IANA name from the person's profile, or None."""


@runtime_checkable
class Opening(Protocol):
    """An adapter whose first message to a person takes a request before it."""

    async def open(self, to: ThreadRef | UserRef) -> None:
        """Make that request, unless it was made before: so that `send` is one request. Raises what `send` does, but
        never Ambiguous: nothing was sent."""


@runtime_checkable
class Streaming(Protocol):
    """An adapter that can show a reply while it grows: it edits its own message by `send(…, replaces=…)`.

    Where that is not possible, such as in an answer that one person alone sees, `send` raises Rejected for a reply that
    is `partial`; the finished one is sent all the same."""

    edits_every: float
    """Seconds between two edits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A stored event not yet answered to the end.

    `sent` replies are known to have arrived; `attempted` says that the next one was begun, so it may have arrived.
    """

    inbound: Inbound
    sent: int
    attempted: bool


class Inbox(Protocol):
    """The durable list of events addressed to the coach."""

    async def accept(self, inbound: Inbound) -> bool:
        """Store the event; False if its id is known already. After True it survives a crash. An adapter
        acknowledges an event after this, and answers it only if this was True."""

    async def attempt(self, inbound_id: str, reply_number: int) -> None:
        """Note that the reply with this number (from 0) is about to be sent and all before it have arrived."""

    async def finish(self, inbound_id: str) -> None:
        """Note that the event is answered and erase its body; its key stays."""

    async def unfinished(self, platform: str) -> list[Pending]:
        """What was accepted and never finished, oldest first."""

    async def joins(self, where: ThreadRef) -> bool:
        """Whether the coach speaks in this thread, so that a message in it without a mention is addressed to it.
        Reads only."""

    async def joined(self, where: ThreadRef) -> None:
        """Note that the coach speaks in this thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A stream's next due instant: `seen` becomes `to`; `ignored` None leaves that count as it is."""

    subscription_id: str
    seen: datetime
    to: datetime
    ignored: int | None = None


class Subscriptions(Protocol):
    """People, and the streams of prompts they or their channels asked for."""

    async def learner(self, user: UserRef, *, now: datetime) -> str:
        """The id of the learner behind a platform identity, created at the first call."""

    async def find(self, target: UserRef | ThreadRef) -> Subscription | None:
        """The stream of a person or of a channel (its `thread` does not count)."""

    async def save(self, wanted: Subscription, *, now: datetime) -> Subscription:
        """Store a stream. Where the target has one already its settings change; its id and credits stay."""

    async def due(self, now: datetime, *, limit: int, platforms: Collection[str] | None = None) -> list[Subscription]:
        """Active streams of these platforms (None: of all) with `next_due` at or before `now`, longest due first."""

    async def next_due(self, platforms: Collection[str] | None = None) -> datetime | None:
        """The earliest `next_due` of an active stream of these platforms (None: of all)."""

    async def move(self, subscription_id: str, *, seen: datetime, to: datetime) -> None:
        """Set `next_due`, if it still is what the caller has seen."""

    async def move_all(self, moves: Collection[Move]) -> None:
        """`move` for many streams in one transaction."""

    async def touched(self, subscription_id: str) -> None:
        """Note that its person did something: nothing was ignored since."""

    async def newest(self, subscription_ids: Collection[str]) -> Mapping[str, Newest]:
        """The newest message that each stream sent by itself; those without one are left out."""

    async def last_day(self, subscription_id: str) -> date | None:
        """The local date of its newest daily prompt."""

    async def stranded(self, now: datetime, *, limit: int) -> list[Subscription]:
        """Active streams, not off, whose `next_due` is further ahead than their settings allow: it was set while the
        clock was ahead."""


class Outbox(Protocol):
    """Prompts on their way to people, and the history of those that were sent."""

    async def charge(
        self,
        subscription_id: str,
        *,
        key: str,
        local_date: date,
        not_before: datetime,
        expires_at: datetime,
        status: DeliveryStatus,
        now: datetime,
        draw: Callable[[Stream], Draw],
    ) -> tuple[Delivery, bool]:
        """The delivery with this key. If there is none yet, `draw` chooses its item, and row and credits are written
        in one transaction; the flag says whether that happened. Concurrent calls agree on one row."""

    async def add_extra(
        self, subscription_id: str, *, key: str, local_date: date, item_id: str, category: Category, now: datetime
    ) -> Delivery:
        """The delivery with this key, of a prompt that somebody asked for besides the daily ones: already sent, without
        a change to credits or count."""

    async def add_later(
        self,
        subscription_id: str,
        *,
        key: str,
        kind: DeliveryKind,
        about: str | None,
        local_date: date,
        not_before: datetime,
        expires_at: datetime,
        now: datetime,
    ) -> None:
        """Put a message that is no prompt into the outbox, unless one with this key is there: it costs no credit."""

    async def touch(self, delivery_id: str, *, now: datetime, skipped: bool = False) -> None:
        """Note that somebody did something with a prompt: the first time stands, and its stream is not ignored any
        more."""

    async def snooze(self, delivery_id: str, *, until: datetime, expires_at: datetime, now: datetime) -> bool:
        """Send a prompt again at `until`, which its person asked for; False where it is on its way already."""

    async def stream(self, subscription_id: str) -> Stream:
        """What a stream has shown and is owed."""

    async def get(self, delivery_id: str) -> Delivery | None:
        """A delivery by its id."""

    async def latest(self, subscription_id: str) -> Delivery | None:
        """The newest prompt of a stream."""

    async def in_thread(self, where: ThreadRef) -> Delivery | None:
        """The newest prompt that stands in, or opened, this thread."""

    async def claim(self, platforms: Collection[str], *, now: datetime, lease: timedelta, limit: int) -> list[Delivery]:
        """Take deliveries to send: pending ones whose time has come and those whose lease ran out. Each goes to one
        caller and is `sending` until `settle`, `postpone` or the end of the lease."""

    async def settle(
        self,
        delivery_id: str,
        status: DeliveryStatus,
        *,
        message: MessageRef | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> None:
        """Record how a send ended, and when it was sent."""

    async def postpone(self, delivery_id: str, *, until: datetime, reason: str, certain: bool = False) -> None:
        """Give a delivery back, to be claimed again after `until`; `certain` says that it did not arrive, so that it
        need not be looked for."""

    async def begin(self, deliveries: Sequence[Delivery], *, now: datetime) -> frozenset[str]:
        """Note that these are about to be sent; the ids of those that their claim still holds."""

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Record how sends ended, all or none. What a claim no longer holds stays as it is, but for one thing: that a
        message was sent is always recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """An answer as it was judged: verdicts by rubric point; `quotable` says that its author agreed to be quoted."""

    learner_id: str
    text: str
    verdicts: Mapping[str, Verdict]
    quotable: bool


class Practice(Protocol):
    """Answers to prompts, what the grader saw in them, and the help that was taken."""

    async def save_answer(
        self,
        *,
        inbound_id: str,
        learner_id: str,
        delivery_id: str,
        item_id: str,
        text: str,
        grade: Grade,
        now: datetime,
    ) -> str:
        """Store an answer with its verdicts once per event; returns its id."""

    async def judged(self, *, learner_id: str, delivery_id: str) -> frozenset[str]:
        """The rubric points of this prompt on which answers of this learner have been judged."""

    async def contest(
        self,
        *,
        learner_id: str,
        answer_id: str,
        point_id: str,
        place: str = "",
        sentence: str = "",
        now: datetime | None = None,
    ) -> bool:
        """Note that the learner disagrees with a verdict on an answer of theirs that nobody has ruled on, and which
        sentence of it they mean; False if there is none. `place` (`rulings.place_of`) says who may see it then."""

    async def answers(self, delivery_id: str) -> list[GivenAnswer]:
        """All answers to a prompt, oldest first."""

    async def allow_quote(self, inbound_id: str) -> None:
        """Note that the author of the answer in this event agreed that a sentence of it may be quoted."""

    async def take_hint(self, *, learner_id: str, delivery_id: str, available: int) -> int:
        """Count a hint; returns the index (from 0) of the one to show, the last one again when all were shown."""

    async def recent_items(self, user: UserRef, where: ThreadRef, *, since: date) -> frozenset[str]:
        """The items that came to this person, or to this channel, on local dates from `since` on."""

    async def reveal(self, *, learner_id: str, delivery_id: str) -> None:
        """Note that the learner has seen the model answer."""

    async def help_taken(self, *, learner_id: str, delivery_id: str) -> tuple[int, bool]:
        """How many hints the learner had, and whether they have seen the model answer."""


class Privacy(Protocol):
    """Everything about one person."""

    async def export(self, user: UserRef) -> dict[str, list[dict[str, Any]]]:
        """Every stored row of the person, over all linked identities: table name -> rows."""

    async def forget(self, user: UserRef) -> int:
        """Delete those rows for good; returns how many."""

    async def purge(self, now: datetime) -> int:
        """Delete what has been kept for its time; returns how many rows."""


class Store(Protocol):
    """The database, by concern."""

    @property
    def inbox(self) -> Inbox:
        """Events."""

    @property
    def subscriptions(self) -> Subscriptions:
        """People and streams."""

    @property
    def outbox(self) -> Outbox:
        """Prompts."""

    @property
    def noise(self) -> Noise:
        """Who was written to unasked."""

    @property
    def practice(self) -> Practice:
        """Answers."""

    @property
    def corrections(self) -> Corrections:
        """Verdicts that people disagree with."""

    @property
    def disputes(self) -> Disputes:
        """Questions that people find unfit."""

    @property
    def reviews(self) -> Reviews:
        """What people know."""

    @property
    def progress(self) -> ProgressStore:
        """What progress is counted from."""

    @property
    def documents(self) -> Documents:
        """What teams took in."""

    @property
    def conversations(self) -> Conversations:
        """Turns and feedback."""

    @property
    def gaps(self) -> Gaps:
        """Questions without an answer."""

    @property
    def spending(self) -> Spending:
        """What a language model cost."""

    @property
    def privacy(self) -> Privacy:
        """Export, forget, retention."""
