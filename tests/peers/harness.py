"""What the contract suite needs of a platform under test: a person who writes, presses and fills in, and what they see."""

import abc
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.ports import Adapter, Clock, Handler, Inbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message as people see it. `text` is everything readable on it, one line a block; `raw` is what the wire carried."""

    id: str
    channel: str
    thread: str | None
    text: str
    buttons: tuple[str, ...] = ()
    files: tuple[tuple[str, bytes, str], ...] = ()
    """name, content, alternative text or caption"""
    only_for: str | None = None
    raw: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenForm:
    """A form as the person who opened it sees it: field name -> label."""

    title: str
    fields: Mapping[str, str]
    raw: Mapping[str, object] = field(default_factory=dict)


class Harness(abc.ABC):
    """One platform with its peer. Ids are the platform's own; `PERSON` and `CHANNEL` exist from the start."""

    PERSON: str
    CHANNEL: str

    @abc.abstractmethod
    def running(self, handle: Handler, inbox: Inbox, clock: Clock) -> contextlib.AbstractAsyncContextManager[Adapter]:
        """The adapter, connected and serving `handle`; leaving the context stops it as a shutdown would."""

    @abc.abstractmethod
    async def mention(self, text: str, *, thread: str | None = None) -> str:
        """PERSON mentions the coach in CHANNEL (or in a thread of it); returns the thread the answer belongs in."""

    @abc.abstractmethod
    async def direct(self, text: str) -> str:
        """PERSON writes to the coach privately; returns the channel's id."""

    @abc.abstractmethod
    async def chatter(self, text: str, *, thread: str | None = None) -> None:
        """PERSON writes in CHANNEL without a mention."""

    @abc.abstractmethod
    async def command(self, text: str) -> str:
        """PERSON uses the platform's slash command with these words in CHANNEL; returns the channel's id."""

    @abc.abstractmethod
    async def press(self, post: Post, label: str) -> None:
        """PERSON presses a button."""

    @abc.abstractmethod
    async def submit(self, form: OpenForm, values: Mapping[str, str]) -> None:
        """PERSON sends a form."""

    @abc.abstractmethod
    async def redeliver(self, times: int) -> None:
        """The platform delivers the last event again, as it does when it missed the acknowledgement."""

    @abc.abstractmethod
    async def post(self, number: int, *, timeout: float = 5.0) -> Post:
        """The coach's `number`-th post since the peer started (from 0), as it stands now; waits for it."""

    @abc.abstractmethod
    async def form(self, *, timeout: float = 5.0) -> OpenForm:
        """The form that PERSON's last press opened; waits for it."""

    @abc.abstractmethod
    def count(self) -> int:
        """How many posts the coach has made."""

    async def quiet(self, seconds: float = 0.3) -> int:
        """`count()` once nothing new has come for `seconds`."""
        import asyncio

        last, still = self.count(), 0.0
        while still < seconds:
            await asyncio.sleep(0.05)
            now = self.count()
            still = still + 0.05 if now == last else 0.0
            last = now
        return last
