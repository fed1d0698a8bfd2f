"""When a prompt is due: local wall-clock times on chosen week days, each local date once."""

import difflib
import re
from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from bot.core.errors import InvalidRequest

WORK_DAYS = frozenset({0, 1, 2, 3, 4})
"""Monday to Friday, as `date.weekday()` counts."""
_TIME = re.compile(r"(?:at )?(\d{1,2})(?:[:.h](\d{2}))? ?(am|pm)?", re.IGNORECASE)


def instant_of(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall-clock time on a local date.

    In a repeated hour it is the first one; in a gap the time moves forward by the gap's length (PEP 495, fold=0).
    """
    return datetime.combine(day, at, zone).astimezone(UTC)


def next_due(after: datetime, at: time, zone: ZoneInfo, days: Collection[int]) -> datetime:
    """The first due instant after `after` (aware) on one of the week days (0 Monday to 6 Sunday)."""
    if not days:
        raise InvalidRequest("At least one week day is needed.", next_step="Try `subscribe 09:00 mon-fri`.")
    day = after.astimezone(zone).date() - timedelta(days=1)
    while True:
        if day.weekday() in days and (due := instant_of(day, at, zone)) > after:
            return due
        day += timedelta(days=1)


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
