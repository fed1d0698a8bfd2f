"""Turning the daily prompt on and off, for a person or a channel, and its settings."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace

from bot.core.balance import format_split, parse_split
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
    Text,
    UserRef,
)
from bot.core.ports import Clock, Store
from bot.core.records import Subscription
from bot.core.regions import find_region
from bot.core.scheduling import (
    DEFAULT_TIME,
    Scheduling,
    ZoneOf,
    is_untouched,
    new_subscription,
    next_in_words,
    settings_in_words,
    when_in_words,
)
from bot.core.time_words import days_in_words, find_zone, parse_days, parse_time
from bot.core.tuning import Tuning

__all__ = ["DEFAULT_TIME", "Subscribing", "ZoneOf", "new_subscription", "read_schedule"]

_TERMINAL = " In the terminal it comes while `coach chat` is open."
Talk = AsyncIterator[Reply]


class Subscribing:
    """The conversation about when prompts come."""

    def __init__(self, store: Store, clock: Clock, zone_of: ZoneOf) -> None:
        self._store = store
        self._clock = clock
        self._zone_of = zone_of
        self._scheduling = Scheduling(store, clock, zone_of)
        self._tuning = Tuning(self._scheduling)
        self.actions: Mapping[str, Callable[[Action], Talk]] = {
            "settings": self.settings_form,
            "unsubscribe": self.unsubscribe,
            "rhythm": self._tuning.rhythm,
        }

    def feature_of(self, text: str) -> Callable[[Message], Talk] | None:
        """What to do with words such as `off until 2026-12-01`; None where the text sets nothing."""
        return self._tuning.feature_of(text)

    async def subscribe(self, message: Message, words: str) -> AsyncIterator[Reply]:
        """`subscribe [channel] [TIME] [ZONE] [DAYS]`, in any order; raises InvalidRequest."""
        parts = re.sub(r"(\d) (?=[ap]m\b)", r"\1", words, flags=re.IGNORECASE).split()  # "5 pm"
        channel = any(part.lower() in {"channel", "here"} for part in parts)
        wanted = await self._scheduling.current(message, channel=channel)
        wanted, zone_given = read_schedule(parts, wanted)
        known = await self._store.subscriptions.find(wanted.target)
        if not zone_given and (known is None or is_untouched(known)) and await self._zone_of(message.user) is None:
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
        saved = await self._scheduling.activate(wanted)
        yield Reply(blocks=_confirmation(saved), private=not channel)

    async def unsubscribe(self, inbound: Inbound, words: str = "") -> AsyncIterator[Reply]:
        """`unsubscribe [channel]`: nothing is sent any more; settings and progress stay."""
        channel = any(part in {"channel", "here"} for part in words.lower().split())
        found = await self._store.subscriptions.find(self._scheduling.target(inbound, channel=channel))
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
        found = await self._scheduling.current(inbound, channel=False)
        lines = settings_in_words(found, self._scheduling.today(found))
        buttons = [Button(label="Change", action="settings", style="primary", opens_form=True)]
        if found.active:
            buttons.append(Button(label="Stop the daily prompt", action="unsubscribe"))
        told = (Text(text=line) for line in lines)
        hint = Text(text="By words: `quiet 19:00-08:00`, `off until …`, `back`, `weekly`, `digest on`.", style="quiet")
        yield Reply(blocks=(*told, hint, Buttons(items=tuple(buttons))), private=True)

    async def settings_form(self, action: Action) -> AsyncIterator[Reply]:
        """The form with what is set now; from *Choose* its argument says whose stream, and the time that was typed."""
        whose, _, typed = action.argument.partition(":")
        found = await self._scheduling.current(action, channel=whose == "channel")
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
                        Field(
                            name="holidays",
                            label="Public holidays of",
                            hint="DE-BY, US-CA; empty for none",
                            value=found.holidays or "",
                            required=False,
                            max_length=40,
                        ),
                    ),
                    submit="Save",
                ),
            )
        )

    async def changed(self, form: FormSubmitted) -> AsyncIterator[Reply]:
        """Settings that came back by form, all of them or none; raises InvalidRequest."""
        found = await self._scheduling.current(form, channel=form.argument == "channel")
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
        region = values.get("holidays", found.holidays or "")
        holidays = await asyncio.to_thread(find_region, region) if region else None
        wanted = replace(found, local_time=at, days=days, zone=zone, split=split, holidays=holidays)
        if found.active or form.argument:
            saved = await self._scheduling.activate(wanted)
            yield Reply(blocks=_confirmation(saved), private=form.argument != "channel")
            return
        await self._scheduling.change(wanted)
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


def _days_value(days: Collection[int]) -> str:
    words = days_in_words(days).lower()
    return "daily" if words == "every day" else words.replace(" ", "")


def _confirmation(saved: Subscription) -> tuple[Text | Buttons, ...]:
    whom = "You get" if isinstance(saved.target, UserRef) else "This channel gets"
    terminal = _TERMINAL if saved.target.platform == "console" else ""
    return (
        Text(text=f"{whom} one prompt {when_in_words(saved)}. The next one: {next_in_words(saved)}.{terminal}"),
        Text(text="Say `today` for one now, `settings` to change this, `unsubscribe` to stop.", style="quiet"),
    )
