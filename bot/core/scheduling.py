"""A stream as it is stored, with its next due instant kept right through every change; and how it is told."""

import uuid
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import date, time

from bot.core.attention import is_silent
from bot.core.balance import DEFAULT_SPLIT, Split, format_split
from bot.core.model import Inbound, ThreadRef, UserRef
from bot.core.ports import Clock, Store
from bot.core.records import Subscription
from bot.core.schedule import WORK_DAYS, is_quiet, local_day, rescheduled, zone_is_known, zone_of
from bot.core.time_words import days_in_words

DEFAULT_TIME = time(9, 0)
ZoneOf = Callable[[UserRef], Awaitable[str | None]]
"""The time zone in a person's profile on their platform, if it has one."""


def new_subscription(
    target: UserRef | ThreadRef, learner_id: str | None, *, zone: str, at: time, days: Collection[int], split: Split
) -> Subscription:
    """A stream that is not active yet."""
    return Subscription(
        id=str(uuid.uuid4()),
        target=target,
        learner_id=learner_id,
        active=False,
        zone=zone,
        local_time=at,
        days=frozenset(days),
        split=split,
    )


def is_untouched(found: Subscription) -> bool:
    """Whether it only exists because `today` was asked for, so that nobody chose its zone."""
    return not found.active and found.zone == "UTC"


class Scheduling:
    """Reads and writes the stream that an event is about."""

    def __init__(self, store: Store, clock: Clock, zone_of: ZoneOf) -> None:
        self._store = store
        self._clock = clock
        self._profile_zone = zone_of

    def target(self, inbound: Inbound, *, channel: bool) -> UserRef | ThreadRef:
        """The channel, if it is meant and the event happened in one, else the person."""
        return replace(inbound.where, thread=None) if channel and not inbound.direct else inbound.user

    async def current(self, inbound: Inbound, *, channel: bool) -> Subscription:
        """The stream as stored, or with the defaults: the zone of the profile, 09:00, Monday to Friday."""
        target = self.target(inbound, channel=channel)
        found = await self._store.subscriptions.find(target)
        if found and not is_untouched(found):
            return found
        learner = None
        if isinstance(target, UserRef):
            learner = await self._store.subscriptions.learner(target, now=self._clock.now())
        profile = await self._profile_zone(inbound.user)
        if found:
            return replace(found, zone=profile or found.zone)
        return new_subscription(
            target, learner, zone=profile or "UTC", at=DEFAULT_TIME, days=WORK_DAYS, split=DEFAULT_SPLIT
        )

    async def activate(self, wanted: Subscription) -> Subscription:
        """Store the stream, switched on; a day whose prompt was still to come keeps it, none gets two."""
        now = self._clock.now()
        before = await self._store.subscriptions.find(wanted.target)
        had = await self._store.subscriptions.last_day(before.id) if before else None
        due = rescheduled(before, wanted, now=now, had=had)
        return await self._store.subscriptions.save(replace(wanted, active=True, next_due=due, ignored=0), now=now)

    async def change(self, wanted: Subscription) -> Subscription:
        """Store changed settings of a stream, be it on or off."""
        if wanted.active:
            return await self.activate(wanted)
        return await self._store.subscriptions.save(replace(wanted, next_due=None), now=self._clock.now())

    def today(self, subscription: Subscription) -> date:
        """The stream's local date."""
        return local_day(self._clock.now(), subscription)


# --- in words --------------------------------------------------------------------------------


def when_in_words(one: Subscription) -> str:
    """`at 09:00 (Europe/Paris), Mon-Fri`, with what bears on it."""
    at = f"at {one.local_time:%H:%M}"
    if one.quiet and is_quiet(one.local_time, one.quiet):
        at = f"at {one.quiet[1]:%H:%M}, when the quiet hours end,"
    week = "the first work day of a week" if one.rhythm == "weekly" else days_in_words(one.days)
    return f"{at} ({one.zone}), {week}"


def next_in_words(one: Subscription) -> str:
    """`Tuesday 06 January, 09:00`; the stream is active."""
    assert one.next_due is not None
    return f"{one.next_due.astimezone(zone_of(one)):%A %d %B, %H:%M}"


def settings_in_words(one: Subscription, today: date) -> tuple[str, ...]:
    """The settings, a sentence each; what hinders the prompts comes with the step that helps."""
    state = "on" if one.active else "off"
    weekly = ", weekly" if one.rhythm == "weekly" else ""
    at = f"{one.local_time:%H:%M}, {one.zone}, {days_in_words(one.days)}{weekly}"
    lines = [f"Daily prompt: {state}. {at}, split {format_split(one.split)} (backend/system design/DSA/AI)."]
    extras = [
        f"quiet {one.quiet[0]:%H:%M}-{one.quiet[1]:%H:%M}" if one.quiet else "",
        f"public holidays of {one.holidays} off" if one.holidays else "",
        "weekly digest on" if one.digest else "",
    ]
    if any(extras):
        lines.append("Also: " + ", ".join(filter(None, extras)) + ".")
    if one.off_until and one.off_until > today:
        lines.append(f"Off until {one.off_until:%A %d %B %Y}. Say `back` to end that earlier.")
    if one.active and is_silent(one):
        lines.append("I stopped writing, because the last ten prompts went unanswered. Say `back`, and they go on.")
    if not zone_is_known(one.zone):
        lines.append(
            f"The time zone {one.zone} does not exist any more, so prompts keep their hour in UTC."
            f" Choose another: `subscribe {one.local_time:%H:%M} Europe/Paris`."
        )
    return tuple(lines)
