"""What says whether the coach is worth having: counts over everybody, without any text and without anybody's id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from knowledge.model import CATEGORIES, Category

RECENT = timedelta(days=28)
"""What practice and prompts are counted over."""
WEEK_4 = (timedelta(days=21), timedelta(days=28))
"""The fourth week after opting in."""
KEPT = 3
"""Prompts answered in week 4 by somebody who stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opted:
    """Personal streams that were ever switched on (`people`), that are on, and that were stopped and are off; of those
    whose fourth week is over (`reached_week_4`) the ones with at least `KEPT` prompts answered in it."""

    people: int = 0
    on: int = 0
    stopped: int = 0
    reached_week_4: int = 0
    kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeDay:
    """What one person, who is not named, did on one day (UTC): answers by item, and micro-reviews."""

    answers: Mapping[str, int]
    micro: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRows:
    """What `ProgressStore.usage` counted. `prompted` holds prompts delivered to people and answered, by category."""

    opted: Opted
    practice: Sequence[PracticeDay]
    prompted: Mapping[Category, tuple[int, int]]
    channels_on: int = 0
    disputed: int = 0
    contested: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The report. Minutes are of a day on which somebody practised: mean, median, 95th percentile; None without one.

    `rates` are prompts answered by prompts delivered (0-1), None where none was. `disputed` counts disputes of
    questions, `contested` verdicts that learners disagreed with, both from the beginning as `answers` is.
    """

    opted: Opted
    channels_on: int
    days_practised: int
    minutes_mean: float | None
    minutes_median: float | None
    minutes_p95: float | None
    rates: Mapping[Category, float | None]
    delivered: Mapping[Category, int]
    disputed: int
    contested: int
    answers: int


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0-1) of the ascending values do not exceed."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def report(rows: UsageRows, minutes: Mapping[str, float], *, otherwise: float, micro: float) -> Usage:
    """The report of these rows; `minutes` of an answer by item, `otherwise` for an item that is not among them."""
    spent = sorted(
        sum(times * minutes.get(item_id, otherwise) for item_id, times in day.answers.items()) + micro * day.micro
        for day in rows.practice
    )
    prompted = {category: rows.prompted.get(category, (0, 0)) for category in CATEGORIES}
    return Usage(
        opted=rows.opted,
        channels_on=rows.channels_on,
        days_practised=len(spent),
        minutes_mean=sum(spent) / len(spent) if spent else None,
        minutes_median=percentile(spent, 0.5) if spent else None,
        minutes_p95=percentile(spent, 0.95) if spent else None,
        rates={category: answered / sent if sent else None for category, (sent, answered) in prompted.items()},
        delivered={category: sent for category, (sent, _) in prompted.items()},
        disputed=rows.disputed,
        contested=rows.contested,
        answers=rows.answers,
    )
