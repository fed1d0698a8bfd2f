"""Times, time zones, week days, quiet hours and spans as people write them."""

import difflib
import re
from collections.abc import Collection
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from bot.core.errors import InvalidRequest
from bot.core.schedule import WORK_DAYS, Quiet

_TIME = re.compile(r"(?:at )?(\d{1,2})(?:[:.h](\d{2}))? ?(am|pm)?", re.IGNORECASE)
_LONGEST_OFF = timedelta(days=366)
_SPAN = re.compile(r"(?:for )?(\d{1,3}|a|one|two|three) (day|week|month)s?")
_COUNTS = {"a": 1, "one": 1, "two": 2, "three": 3}
_LENGTHS = {"day": 1, "week": 7, "month": 30}


def parse_time(text: str) -> time | None:
    """A wall-clock time such as 9, 09:30, 9.30, 5pm; None if it is none."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    hour, minute, half = int(match[1]), int(match[2] or 0), (match[3] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def find_zone(name: str) -> ZoneInfo:
    """The IANA zone with this name, in any letter case; raises InvalidRequest with the nearest names otherwise."""
    wanted = name.strip().replace(" ", "_").casefold()
    known = {zone.casefold(): zone for zone in available_timezones()}
    if wanted in known:
        return ZoneInfo(known[wanted])
    cities = {zone.rsplit("/", 1)[-1]: full for zone, full in sorted(known.items()) if "/" in zone}
    if wanted in cities:
        return ZoneInfo(cities[wanted])
    near = [cities[city] for city in difflib.get_close_matches(wanted.rsplit("/", 1)[-1], cities, n=3, cutoff=0.6)]
    near += [known[zone] for zone in difflib.get_close_matches(wanted, known, n=3, cutoff=0.7)]
    offered = ", ".join(dict.fromkeys(near)) if near else "Europe/Paris, America/New_York, Asia/Kolkata"
    raise InvalidRequest(
        f"I do not know the time zone “{name.strip()[:60]}”.",
        next_step=f"Did you mean {offered}?" if near else f"Use an IANA name such as {offered}.",
    )


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FULL_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _is_day(word: str) -> bool:
    return len(word) >= 3 and any(day.startswith(word) for day in _FULL_DAYS)


def parse_days(text: str) -> frozenset[int] | None:
    """Week days such as `mon-fri`, `mon,wed,fri`, `daily`, `weekdays`; None if it is none of that."""
    text = text.strip().lower()
    if text in {"daily", "everyday"}:
        return frozenset(range(7))
    if text in {"weekdays", "workdays"}:
        return WORK_DAYS
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if not _is_day(first) or (last and not _is_day(last)):
            return None
        start = _DAYS.index(first[:3])
        end = _DAYS.index(last[:3]) if last else start
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(days) or None


def days_in_words(days: Collection[int]) -> str:
    """`Mon-Fri`, `every day` or a list of names."""
    if len(days) == 7:
        return "every day"
    if frozenset(days) == WORK_DAYS:
        return "Mon-Fri"
    return ", ".join(_DAYS[day].title() for day in sorted(days))


def parse_quiet(text: str) -> Quiet:
    """Quiet hours such as `19:00-08:00` or `7pm to 8am`; raises InvalidRequest."""
    first, _, last = text.replace("\N{EN DASH}", "-").replace(" to ", "-").partition("-")
    start, end = parse_time(first), parse_time(last)
    if start is None or end is None:
        raise InvalidRequest(f"“{text.strip()[:30]}” are not quiet hours.", next_step="Try `quiet 19:00-08:00`.")
    if start == end:
        raise InvalidRequest(
            "Quiet hours that begin and end at the same time leave no hour for a prompt.",
            next_step="Try `quiet 19:00-08:00`, or `unsubscribe` for no prompts at all.",
        )
    return start, end


def parse_off_until(text: str, today: date) -> date:
    """The first day that is not off any more: `until 2026-12-01`, `2 weeks`, `until monday`; raises InvalidRequest."""
    words = " ".join(text.lower().replace(",", " ").split())
    day = _span_end(words, today) or _named_day(words.removeprefix("until ").removeprefix("till "), today)
    if day is None:
        raise InvalidRequest(
            f"“{text.strip()[:30]}” is not a day I understand." if words else "Until when are you off?",
            next_step=f"Try `off until {today + timedelta(days=14)}` or `off 2 weeks`.",
        )
    if day <= today:
        raise InvalidRequest(
            f"{day} is not after today.", next_step=f"Try `off until {today + timedelta(days=14)}`, or `back`."
        )
    if day - today > _LONGEST_OFF:
        raise InvalidRequest(
            "That is more than a year away.", next_step="Say `unsubscribe`; `subscribe` goes on where you left off."
        )
    return day


def _span_end(words: str, today: date) -> date | None:
    match = _SPAN.fullmatch(words)
    if match is None:
        return today + timedelta(days=1) if words in {"today", "for today"} else None
    return today + timedelta(days=int(_COUNTS.get(match[1]) or match[1]) * _LENGTHS[match[2]])


def _named_day(words: str, today: date) -> date | None:
    if words == "tomorrow":
        return today + timedelta(days=1)
    words = words.removeprefix("next ")
    if _is_day(words):
        ahead = (_DAYS.index(words[:3]) - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead)
    try:
        return date.fromisoformat(words)
    except ValueError:
        return None
