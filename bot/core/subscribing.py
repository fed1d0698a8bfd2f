"""Turning the daily prompt on and off, for a person or a channel, and its settings."""

import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

from bot.core.balance import DEFAULT_SPLIT, Split, format_split, parse_split
from bot.core.errors import InvalidRequest
from bot.core.model import (
    Action,
    Button,
    Buttons,
    Field,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    Reply,
    Subscription,
    Text,
    ThreadRef,
    UserRef,
)
from bot.core.ports import Clock, Store
from bot.core.schedule import WORK_DAYS, days_in_words, find_zone, next_due, parse_days, parse_time

DEFAULT_TIME = time(9, 0)
_TERMINAL = " In the terminal it comes while `coach chat` is open."
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


class Subscribing:
    """The conversation about when prompts come."""

    def __init__(self, store: Store, clock: Clock, zone_of: ZoneOf) -> None:
        self._store = store
        self._clock = clock
        self._zone_of = zone_of

    def _target(self, inbound: Inbound, *, channel: bool) -> UserRef | ThreadRef:
        return replace(inbound.where, thread=None) if channel and not inbound.direct else inbound.user

    async def _current(self, inbound: Inbound, *, channel: bool) -> Subscription:
        """The stream as stored, or with the defaults: the zone of the profile, 09:00, Monday to Friday."""
        target = self._target(inbound, channel=channel)
        found = await self._store.subscriptions.find(target)
        if found and not _untouched(found):
            return found
        learner = None
        if isinstance(target, UserRef):
            learner = await self._store.subscriptions.learner(target, now=self._clock.now())
        profile = await self._zone_of(inbound.user)
        if found:
            return replace(found, zone=profile or found.zone)
        return new_subscription(
            target, learner, zone=profile or "UTC", at=DEFAULT_TIME, days=WORK_DAYS, split=DEFAULT_SPLIT
        )

    async def _activate(self, wanted: Subscription) -> Subscription:
        now = self._clock.now()
        zone = ZoneInfo(wanted.zone)
        due = next_due(now, wanted.local_time, zone, wanted.days)
        latest = await self._store.outbox.latest(wanted.id)
        while latest is not None and due.astimezone(zone).date() <= latest.local_date:  # that day has had its prompt
            due = next_due(due, wanted.local_time, zone, wanted.days)
        return await self._store.subscriptions.save(replace(wanted, active=True, next_due=due), now=now)

    async def subscribe(self, message: Message, words: str) -> AsyncIterator[Reply]:
        """`subscribe [channel] [TIME] [ZONE] [DAYS]`, in any order; raises InvalidRequest."""
        parts = re.sub(r"(\d) (?=[ap]m\b)", r"\1", words, flags=re.IGNORECASE).split()  # "5 pm"
        channel = any(part.lower() in {"channel", "here"} for part in parts)
        wanted = await self._current(message, channel=channel)
        wanted, zone_given = read_schedule(parts, wanted)
        known = await self._store.subscriptions.find(wanted.target)
        if not zone_given and (known is None or _untouched(known)) and await self._zone_of(message.user) is None:
            words = f"subscribe {'channel ' if channel else ''}{wanted.local_time:%H:%M} Europe/Paris"
            choose = Button(
                label="Choose",
                action="settings",
                argument=f"{'channel' if channel else 'me'}:{wanted.local_time:%H.%M}",
                style="primary",
                opens_form=True,
            )
            yield Reply(
                blocks=(
                    Text(text=f"In which time zone shall it arrive? For example: {words}"),
                    Buttons(items=(choose,)),
                ),
                private=True,
            )
            return
        saved = await self._activate(wanted)
        yield Reply(blocks=_confirmation(saved), private=not channel)

    async def unsubscribe(self, inbound: Inbound, words: str = "") -> AsyncIterator[Reply]:
        """`unsubscribe [channel]`: nothing is sent any more; settings and progress stay."""
        channel = any(part in {"channel", "here"} for part in words.lower().split())
        found = await self._store.subscriptions.find(self._target(inbound, channel=channel))
        if found is None or not found.active:
            yield Reply(blocks=(Text(text="There is no daily prompt to stop."),), private=True)
            return
        await self._store.subscriptions.save(replace(found, active=False, next_due=None), now=self._clock.now())
        yield Reply(
            blocks=(Text(text="Stopped. Your progress stays; say `subscribe` to go on where you left off."),),
            private=not channel,
        )

    async def settings(self, inbound: Inbound) -> AsyncIterator[Reply]:
        """The settings, and the form to change them."""
        found = await self._current(inbound, channel=False)
        state = "on" if found.active else "off"
        text = (
            f"Daily prompt: {state}. {found.local_time:%H:%M}, {found.zone}, {days_in_words(found.days)},"
            f" split {format_split(found.split)} (backend/system design/DSA/AI)."
        )
        buttons = [Button(label="Change", action="settings", style="primary", opens_form=True)]
        if found.active:
            buttons.append(Button(label="Stop the daily prompt", action="unsubscribe"))
        yield Reply(blocks=(Text(text=text), Buttons(items=tuple(buttons))), private=True)

    async def settings_form(self, action: Action) -> AsyncIterator[Reply]:
        """The form with what is set now; from *Choose* its argument says whose stream, and the time that was typed."""
        whose, _, typed = action.argument.partition(":")
        found = await self._current(action, channel=whose == "channel")
        if (at := parse_time(typed)) is not None:
            found = replace(found, local_time=at)
        yield Reply(
            blocks=(
                Form(
                    name="settings",
                    title="Daily prompt",
                    argument=whose,
                    fields=(
                        Field(
                            name="time",
                            label="Local time",
                            hint="09:00",
                            value=f"{found.local_time:%H:%M}",
                            max_length=8,
                        ),
                        Field(name="zone", label="Time zone", hint="Europe/Paris", value=found.zone, max_length=60),
                        Field(name="days", label="Days", hint="mon-fri", value=_days_value(found.days), max_length=40),
                        Field(
                            name="split",
                            label="Split: backend/design/DSA/AI",
                            hint="40/30/20/10",
                            value=format_split(found.split),
                            max_length=20,
                        ),
                    ),
                    submit="Save",
                ),
            )
        )

    async def changed(self, form: FormSubmitted) -> AsyncIterator[Reply]:
        """Settings that came back by form, all of them or none; raises InvalidRequest."""
        found = await self._current(form, channel=form.argument == "channel")
        values = {name: value.strip() for name, value in form.values.items()}
        at = parse_time(values.get("time", ""))
        if at is None:
            raise InvalidRequest(f"“{values.get('time', '')[:20]}” is not a time.", next_step="Use 09:00 or 5pm.")
        days = parse_days(values.get("days", ""))
        if days is None:
            raise InvalidRequest(
                f"“{values.get('days', '')[:20]}” are not week days.", next_step="Use mon-fri or mon,wed."
            )
        zone = find_zone(values.get("zone", "")).key
        split = parse_split(values.get("split", ""))
        wanted = replace(found, local_time=at, days=days, zone=zone, split=split)
        if found.active or form.argument:
            saved = await self._activate(wanted)
            yield Reply(blocks=_confirmation(saved), private=form.argument != "channel")
            return
        await self._store.subscriptions.save(wanted, now=self._clock.now())
        saved_text = "Saved. The daily prompt is off; say `subscribe` to switch it on."
        yield Reply(blocks=(Text(text=saved_text),), private=True)


def read_schedule(parts: Collection[str], base: Subscription) -> tuple[Subscription, bool]:
    """`base` with the time, zone, days and split that the words name; the flag says whether a zone was among them.

    Raises InvalidRequest for a word that is none of these.
    """
    zone: list[str] = []  # New York has two words
    for part in parts:
        if part.lower() in {"channel", "here", "me", "at", "daily", "on", "in"} and parse_days(part) is None:
            continue
        if (at := parse_time(part)) is not None:
            base = replace(base, local_time=at)
        elif (days := parse_days(part)) is not None:
            base = replace(base, days=days)
        elif part.count("/") == 3:
            base = replace(base, split=parse_split(part))
        else:
            zone.append(part)
    if zone:
        base = replace(base, zone=find_zone(" ".join(zone)).key)
    return base, bool(zone)


def _untouched(found: Subscription) -> bool:
    """Whether it only exists because `today` was asked for, so that nobody chose its zone."""
    return not found.active and found.zone == "UTC"


def _days_value(days: Collection[int]) -> str:
    words = days_in_words(days).lower()
    return "daily" if words == "every day" else words.replace(" ", "")


def _confirmation(saved: Subscription) -> tuple[Text | Buttons, ...]:
    whom = "You get" if isinstance(saved.target, UserRef) else "This channel gets"
    assert saved.next_due is not None
    first = saved.next_due.astimezone(ZoneInfo(saved.zone))
    return (
        Text(
            text=f"{whom} one prompt at {saved.local_time:%H:%M} ({saved.zone}), {days_in_words(saved.days)}."
            f" The next one: {first:%A %d %B, %H:%M}.{_TERMINAL if saved.target.platform == 'console' else ''}"
        ),
        Text(text="Say `today` for one now, `settings` to change this, `unsubscribe` to stop.", style="quiet"),
    )
