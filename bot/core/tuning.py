"""Settings by a few words: quiet hours, public holidays, time off, weekly or daily, the split, the digest."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Literal

from bot.core.balance import format_split, parse_split
from bot.core.errors import InvalidRequest
from bot.core.guard import clean
from bot.core.model import Action, Inbound, Message, Reply, Text, UserRef
from bot.core.records import Subscription
from bot.core.regions import find_region
from bot.core.scheduling import Scheduling, next_in_words, when_in_words
from bot.core.time_words import parse_off_until, parse_quiet

Talk = AsyncIterator[Reply]
Change = Callable[[Subscription, str], Awaitable[tuple[Subscription, str]]]
"""The stream as it shall be and what is said of it; raises InvalidRequest."""

_NONE = frozenset({"off", "none", "no"})
_CHANNEL = re.compile(r"(?<!\S)(?:channel|here)(?!\S)", re.IGNORECASE)


class Tuning:
    """The conversation about how prompts fit into people's days."""

    def __init__(self, scheduling: Scheduling) -> None:
        self._scheduling = scheduling
        self._changes: tuple[tuple[re.Pattern[str], Change], ...] = tuple(
            (re.compile(pattern, re.IGNORECASE), change)
            for pattern, change in (
                (r"quiet(?: hours)?((?: off| none| no)|(?: from)? \d[\w:. \N{EN DASH}-]{0,20})", self._quiet),
                (r"holidays?( off| none| no| (?:in )?\w[\w-]{1,20}(?: [\w-]{1,20})?)", self._holidays),
                (
                    r"(?:i'?m |i am )?off((?: for| until| till| today| tomorrow| \d| a| one| two| three)\b[\w ,-]{0,24})?",
                    self._off,
                ),
                (r"(?:i'?m |i am )?back( again)?", self._back),
                (r"(?:make it )?(weekly)(?: please)?", self._rhythm),
                (r"(?:make it )?(daily)(?: please)?", self._rhythm),
                (r"split( [\d/% ]{1,40})", self._split),
                (r"digest( on| off)", self._digest),
            )
        )

    def feature_of(self, text: str) -> Callable[[Message], Talk] | None:
        """What the text asks to be set; None where it is none of that, such as an answer that begins with “Split”."""
        words, channel = _CHANNEL.subn("", clean(text).strip().rstrip("!. "))
        words = " ".join(words.split())
        if len(words) > 60:
            return None
        for pattern, change in self._changes:
            if match := pattern.fullmatch(words):
                value = (match[1] or "").strip()
                return lambda message: self._set(message, change, value, channel=bool(channel))
        return None

    async def rhythm(self, action: Action) -> Talk:
        """*Weekly, please* and *Keep it daily* under the question that comes after three ignored prompts."""
        if action.argument not in {"weekly", "daily"}:
            raise InvalidRequest("That button belongs to an older version of me.", next_step="Say `weekly` or `daily`.")
        async for reply in self._set(action, self._rhythm, action.argument, channel=not action.direct):
            yield reply

    async def _set(self, inbound: Inbound, change: Change, value: str, *, channel: bool) -> Talk:
        current = await self._scheduling.current(inbound, channel=channel)
        wanted, told = await change(current, value.removeprefix("in ").removeprefix("from "))
        saved = await self._scheduling.change(replace(wanted, ignored=0))
        after = (
            f" The next prompt: {next_in_words(saved)}."
            if saved.active
            else (" The daily prompt is off; `subscribe 09:00` switches it on.")
        )
        yield Reply(blocks=(Text(text=told + after),), private=isinstance(saved.target, UserRef))

    async def _quiet(self, now: Subscription, value: str) -> tuple[Subscription, str]:
        if value.lower() in _NONE:
            return replace(now, quiet=None), "No quiet hours."
        start, end = parse_quiet(value)
        wanted = replace(now, quiet=(start, end))
        return wanted, f"Quiet from {start:%H:%M} to {end:%H:%M}: prompts come {when_in_words(wanted)}."

    async def _holidays(self, now: Subscription, value: str) -> tuple[Subscription, str]:
        if value.lower() in _NONE:
            return replace(now, holidays=None), "Public holidays are days like others."
        region = await asyncio.to_thread(find_region, value)
        return replace(now, holidays=region), f"No prompts on the public holidays of {region}."

    async def _off(self, now: Subscription, value: str) -> tuple[Subscription, str]:
        until = parse_off_until(value, self._scheduling.today(now))
        return replace(now, off_until=until), f"Off until {until:%A %d %B %Y}; `back` ends it earlier."

    async def _back(self, now: Subscription, value: str) -> tuple[Subscription, str]:  # noqa: ARG002 - as the others
        return replace(now, off_until=None), "Good to have you back."

    async def _rhythm(self, now: Subscription, value: str) -> tuple[Subscription, str]:
        rhythm: Literal["daily", "weekly"] = "weekly" if value.lower() == "weekly" else "daily"
        told = "One prompt a week, on its first work day." if rhythm == "weekly" else "One prompt every work day."
        return replace(now, rhythm=rhythm), told

    async def _split(self, now: Subscription, value: str) -> tuple[Subscription, str]:
        wanted = replace(now, split=parse_split(value))
        told = f"Split {format_split(wanted.split)} (backend/system design/DSA/AI); what a category is owed is carried over."
        return wanted, told

    async def _digest(self, now: Subscription, value: str) -> tuple[Subscription, str]:
        on = value.lower() == "on"
        return replace(now, digest=on), "A summary comes once a week." if on else "No weekly summary."
