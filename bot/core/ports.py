"""What the core needs from the world around it: a clock, the chat platforms, the store."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.core.model import Inbound, MessageRef, Reply, ThreadRef, UserRef

Handler = Callable[[Inbound], AsyncIterator[Reply]]
"""The coaching core seen from an adapter: `Coach.handle`."""


class Clock(Protocol):
    """The time, and waiting for it; a simulated clock serves the tests."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""


class Adapter(Protocol):
    """A chat platform: it hears events and puts replies where people read them."""

    name: str

    async def run(self, handle: Handler) -> None:
        """Serve until cancelled. Each event addressed to the coach is stored (`Inbox.accept`) before it is
        acknowledged, then answered once with what `handle` yields. Raises ConfigurationError for unusable tokens."""

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,
        *,
        key: str,
        only_for: UserRef | None = None,
        replaces: MessageRef | None = None,
    ) -> MessageRef:
        """Post `reply`; works without `run`. `key` identifies this message for `find` and for platforms that drop
        repeats. Makes one attempt: raises RateLimited, Rejected, NotSent or Ambiguous and leaves retries to the caller."""

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:
        """The message sent with `key`, after an ambiguous send; None: it did not arrive. Raises Unreadable."""

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        """Open a thread that begins with `first`; errors as `send`."""


@runtime_checkable
class Profiles(Protocol):
    """An adapter whose platform knows a person's time zone."""

    async def time_zone(self, user: UserRef) -> str | None:
        """The IANA name from the person's profile, or None."""


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
