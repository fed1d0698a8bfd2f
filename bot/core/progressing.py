"""Progress in chat: one's own as a picture and in words, a team's as counts, the weekly digest."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.balance import DEFAULT_SPLIT
from bot.core.errors import InvalidRequest
from bot.core.model import Action, Inbound, Message, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Clock, Store
from bot.core.progress import TEAM_SIZE, Progress, days_off, measure
from bot.core.progress_words import digest_reply, progress_reply, team_reply
from bot.core.records import Delivery, Subscription
from bot.core.rulings import place_of
from bot.core.usage import RECENT
from knowledge.model import Curriculum

Talk = AsyncIterator[Reply]
Draw = Callable[[Progress], bytes]
"""Makes a PNG of somebody's progress; it computes, so it runs beside the event loop."""


class Progressing:
    """The conversation about how far people have come."""

    def __init__(self, store: Store, curriculum: Curriculum, clock: Clock, draw: Draw) -> None:
        self._store = store
        self._curriculum = curriculum
        self._clock = clock
        self._draw = draw
        self._one_at_a_time = asyncio.Lock()
        self.phrases: Mapping[str, Callable[[Message], Talk]] = {
            **dict.fromkeys(("progress", "my progress", "show progress", "show my progress", "streak"), self.progress),
            **dict.fromkeys(("progress team", "team progress"), self.team),
            "progress team join": self.join,
            "progress team leave": self.leave,
            "progress digest on": self.digest_on,
            "progress digest off": self.digest_off,
        }
        self.verbs: Mapping[str, Callable[[Message, str], Talk]] = {}
        self.actions: Mapping[str, Callable[[Action], Talk]] = {"progress": self.progress}

    # --- one's own ---------------------------------------------------------------------------

    async def measured(self, user: UserRef) -> Progress:
        """The person's progress now."""
        found = await self._store.subscriptions.find(user)
        history = await self._store.progress.history(user)
        now, zone = self._clock.now(), _zone(found)
        off = days_off(found, history, zone=zone, today=now.astimezone(zone).date())
        split = found.split if found else DEFAULT_SPLIT
        return await asyncio.to_thread(measure, history, self._curriculum, split=split, zone=zone, now=now, off=off)

    async def progress(self, inbound: Inbound) -> Talk:
        """`progress`: the picture and the same in words, for the asker alone."""
        measured = await self.measured(inbound.user)
        async with self._one_at_a_time:
            picture = await asyncio.to_thread(self._draw, measured)
        yield progress_reply(measured, picture)

    # --- the weekly digest -------------------------------------------------------------------

    async def digest(self, delivery: Delivery) -> Reply | None:
        """The weekly summary of a person's stream; None for a channel, and for who has not begun."""
        if isinstance(delivery.target, ThreadRef):
            return None
        measured = await self.measured(delivery.target)
        return digest_reply(measured) if measured.since else None

    async def digest_on(self, message: Message) -> Talk:
        """`progress digest on`; raises InvalidRequest for who has no daily prompt."""
        await self._digest(message, on=True)
        yield _said("Once a week you get a summary of your practice. `progress digest off` stops it.")

    async def digest_off(self, message: Message) -> Talk:
        """`progress digest off`."""
        await self._digest(message, on=False)
        yield _said("The weekly summary is off. `progress` shows it whenever you like.")

    async def _digest(self, message: Message, *, on: bool) -> None:
        found = await self._store.subscriptions.find(message.user)
        if on and (found is None or not found.active):
            raise InvalidRequest(
                "The weekly summary comes with the daily prompt, which is off.", next_step="Say `subscribe` first."
            )
        if found and found.digest != on:
            await self._store.subscriptions.save(replace(found, digest=on), now=self._clock.now())

    # --- a team ------------------------------------------------------------------------------

    async def team(self, message: Message) -> Talk:
        """`progress team`: counts of those who take part, from `TEAM_SIZE` members on and without names."""
        place = _team_of(message)
        since = self._clock.now() - RECENT
        counts = await self._store.progress.team(place, since=since)
        member = await self._store.progress.member(message.user, place)
        if counts is None:
            way = "You take part." if member else "`progress team join` takes part; nobody sees a name or an answer."
            yield _said(f"A team's progress is shown from {TEAM_SIZE} members on. {way}")
            return
        yield team_reply(counts, self._curriculum, since=f"{since:%d %B}", member=member)

    async def join(self, message: Message) -> Talk:
        """`progress team join`."""
        place = _team_of(message)
        learner = await self._store.subscriptions.learner(message.user, now=self._clock.now())
        joined = await self._store.progress.join(learner, place, now=self._clock.now())
        lead = "You take part in this team's progress." if joined else "You take part already."
        yield _said(f"{lead} It shows sums of {TEAM_SIZE} people or more, no names. `progress team leave` ends it.")

    async def leave(self, message: Message) -> Talk:
        """`progress team leave`: also what was counted before is out."""
        place = _team_of(message)
        learner = await self._store.subscriptions.learner(message.user, now=self._clock.now())
        left = await self._store.progress.leave(learner, place)
        yield _said("Your practice no longer counts in this team's progress." if left else "You do not take part.")


def _said(text: str) -> Reply:
    return Reply(blocks=(Text(text=text),), private=True)


def _team_of(message: Message) -> str:
    """The workspace that somebody speaks in; raises InvalidRequest where there is none."""
    if not message.where.workspace:
        raise InvalidRequest("There is no team here.", next_step="Say it in a channel of the team's server.")
    return place_of(message.where)


def _zone(found: Subscription | None) -> ZoneInfo:
    """The stream's zone; UTC without a stream, or where the zone exists no longer."""
    try:
        return ZoneInfo(found.zone if found else "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")
