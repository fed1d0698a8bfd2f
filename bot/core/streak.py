"""A streak counted on work days: days off do not count, two missed days a month are frozen, a review repairs one."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

FREEZES = 2
"""Missed work days of a calendar month that a streak outlives."""

DayState = Literal["practised", "repaired", "frozen", "open", "missed", "off"]
"""`open`: today, or the work day before as long as a review today would repair it."""

_DAY = timedelta(days=1)
_Month = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """`length` counts the practised and repaired work days of the run that reaches today, `longest` those of the best
    run. `freezes_left` are this month's. `repairable` is the missed day that a review today repairs. `days` says what
    became of every local date from the first practice to today; `frozen` stands for days of the present run alone."""

    length: int
    longest: int
    freezes_left: int
    repairable: date | None
    days: Mapping[date, DayState]


def streak(
    practised: Collection[date], reviewed: Collection[date], *, today: date, off: Callable[[date], bool]
) -> Streak:
    """The streak of somebody who practised on these local dates, on those of `reviewed` also something learned before.

    A run is a stretch of work days, from a practised one on, with at most `FREEZES` missed days in any calendar month. A
    review between a missed work day and the end of the next one repairs it, and costs no freeze. What can still be done
    today never breaks a run. Dates after today are ignored. To practise more never makes it shorter.
    """
    done = {day for day in practised if day <= today}
    again = {day for day in reviewed if day <= today}
    first = min(done, default=None)
    if first is None:
        return Streak(length=0, longest=0, freezes_left=FREEZES, repairable=None, days={})
    every = [first + _DAY * number for number in range((today - first).days + 1)]
    work = [day for day in every if not off(day)]
    days: dict[date, DayState] = {day: "practised" if day in done else "off" for day in every}
    for number, day in enumerate(work):
        following = work[number + 1] if number + 1 < len(work) else today
        if day not in done:
            days[day] = _missed(day, following, again, today)
    run = _present_run(work, days)
    frozen = [day for day in run if days[day] == "missed"]
    for day in frozen:
        days[day] = "frozen"
    return Streak(
        length=sum(days[day] in {"practised", "repaired"} for day in run),
        longest=_longest(work, days),
        freezes_left=FREEZES - sum(_month(day) == _month(today) for day in frozen),
        repairable=next((day for day in work if days[day] == "open" and day != today), None),
        days=days,
    )


def _missed(day: date, following: date, again: Collection[date], today: date) -> DayState:
    if any(day + _DAY * ahead in again for ahead in range(1, (following - day).days + 1)):
        return "repaired"
    return "open" if following >= today else "missed"


def _month(day: date) -> _Month:
    return day.year, day.month


def _present_run(work: Sequence[date], days: Mapping[date, DayState]) -> list[date]:
    """The longest run that ends with the last work day; [] if there is none."""
    spent: Counter[_Month] = Counter()
    start = len(work)
    for number in range(len(work) - 1, -1, -1):
        day = work[number]
        if days[day] in {"practised", "repaired"}:
            start = number
        elif days[day] == "missed":
            spent[_month(day)] += 1
            if spent[_month(day)] > FREEZES:
                break
    return list(work[start:])


def _longest(work: Sequence[date], days: Mapping[date, DayState]) -> int:
    """The most practised or repaired days of any run."""
    spent: Counter[_Month] = Counter()
    start = kept = best = 0
    for day in work:
        kept += days[day] in {"practised", "repaired"}
        spent[_month(day)] += days[day] in {"missed", "frozen"}
        while spent[_month(day)] > FREEZES:
            gone = work[start]
            kept -= days[gone] in {"practised", "repaired"}
            spent[_month(gone)] -= days[gone] in {"missed", "frozen"}
            start += 1
        best = max(best, kept)
    return best
