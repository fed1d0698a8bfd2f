"""A process that empties the outbox and is killed, or freezes, at a named point; and one that is killed in a migration."""

import asyncio
import os
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.adapters import discord, slack
from bot.core.composing import Composing
from bot.core.model import MessageRef, Reply, ThreadRef, UserRef
from bot.core.ports import Adapter, Outbox
from bot.core.records import Delivery
from bot.core.sending import Outcome
from bot.settings import Settings
from bot.store.engine import database_url, prepare
from bot.store.store import open_store
from jobs.deliveries import Deliveries
from tests.peers.slack.harness import settings as slack_settings
from tests.stores import CURRICULUM

POINTS = (
    "claiming", "claimed", "begun", "before the socket", "accepted", "mid-batch", "sent-not-recorded", "recording", "recorded",
)  # fmt: skip
"""In the order in which a send passes them; "claiming" and "recording" lie inside a transaction, "before the socket"
after the last look at the lease, "accepted" (which the peer sees to) before the platform's answer is read."""
MIDDLE = 3
"""The send of a batch after which "mid-batch" is."""


class ShiftedClock:
    """The machine's time and the seconds in `shift`, which all processes of a test share."""

    def __init__(self, shift: "Synchronized[float]") -> None:
        self._shift = shift

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._shift.value)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a process is told: where platform and database are, and at which point it is to stop, and how."""

    platform: str
    api_url: str
    token: str
    url: str | None
    folder: Path
    point: str | None = None
    how: signal.Signals = signal.SIGKILL


class _Reached:
    """Stops this process the first time that it comes to its point; says so before, where anybody listens."""

    def __init__(self, asked: Sending, tell: Connection | None) -> None:
        self._asked = asked
        self._tell = tell

    def __call__(self, point: str) -> None:
        if point != self._asked.point or self._tell is None:
            return
        tell, self._tell = self._tell, None
        tell.send(("reached", point))
        os.kill(os.getpid(), self._asked.how)

    def say(self, what: str, key: str) -> None:
        """Tell that a message is being handed to the adapter, or has been sent."""
        if self._tell is not None:
            self._tell.send((what, key))


class _Outbox:
    """The outbox, with its points."""

    def __init__(self, outbox: Outbox, reached: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._reached = reached

    def __getattr__(self, name: str) -> Any:
        return getattr(self._outbox, name)

    async def claim(self, platforms: Collection[str], **how: Any) -> list[Delivery]:
        claimed = await self._outbox.claim(platforms, **how)
        if claimed:
            self._reached("claimed")
        return claimed

    async def begin(self, deliveries: Sequence[Delivery], *, now: datetime) -> frozenset[str]:
        held = await self._outbox.begin(deliveries, now=now)
        self._reached("begun")
        return held

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        self._reached("sent-not-recorded")
        await self._outbox.record(outcomes)
        self._reached("recorded")


class _Adapter:
    """An adapter, with its points."""

    def __init__(self, adapter: Adapter, reached: _Reached) -> None:
        self._adapter = adapter
        self._reached = reached
        self._sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._adapter, name)

    async def send(self, to: ThreadRef | UserRef, reply: Reply, **how: Any) -> MessageRef:
        self._reached.say("let go", how["key"])
        self._reached("before the socket")
        message = await self._adapter.send(to, reply, **how)
        self._reached.say("sent", how["key"])
        self._sent += 1
        if self._sent == MIDDLE:
            self._reached("mid-batch")
        return message


def adapter(asked: Sending, inbox: Any, clock: Any) -> Any:
    if asked.platform == "slack":
        return slack.create(slack_settings(asked.api_url), inbox, clock)
    given = Settings(_env_file=None, DISCORD_TOKEN=SecretStr(asked.token), discord_api_url=asked.api_url)  # type: ignore[call-arg]
    return discord.create(given, inbox, clock)


async def no_digest(_delivery: Delivery) -> Reply | None:
    return None


async def _send(asked: Sending, clock: ShiftedClock, tell: Connection | None) -> None:
    reached = _Reached(asked, tell)
    store = open_store(asked.url, asked.folder, clock)

    def in_transaction(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "UPDATE delivery SET status=" in statement:
            reached("claiming" if "RETURNING" in statement else "recording")

    event.listen(store._database._transactions.sync_engine, "after_cursor_execute", in_transaction)
    platform = adapter(asked, store.inbox, clock)
    outbox: Any = _Outbox(store.outbox, reached)
    adapters: Any = {asked.platform: _Adapter(platform, reached)}
    composing = Composing(store, CURRICULUM, no_digest)
    try:
        await Deliveries(outbox, store.inbox, adapters, composing, clock, limits={}).send_due()
    finally:
        await platform.close()
        await store.close()


def send(asked: Sending, shift: "Synchronized[float]", tell: Connection | None) -> None:
    """Empty the outbox."""
    asyncio.run(_send(asked, ShiftedClock(shift), tell))


def migrate(url: str | None, folder: Path, statements: int) -> None:
    """Bring the schema up to date, and die after so many statements."""
    left = iter(range(statements))

    def count(*_: Any) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "after_cursor_execute", count)
    prepare(database_url(url, folder))
