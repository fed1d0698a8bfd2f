"""`coach progress` and `coach report`: one person's progress, and whether the coach is worth having."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from bot.core.errors import ConfigurationError
from bot.core.model import Table, Text
from bot.core.progress import MICRO_MINUTES, RETIRED_MINUTES, Progress, part_minutes
from bot.core.progress_words import alt_text, words
from bot.core.progressing import Progressing
from bot.core.usage import KEPT, RECENT, Usage, report
from bot.picture import draw
from bot.settings import Settings
from bot.store.folder import ready_folder
from bot.store.store import SqlStore, open_store
from bot.terminal import parse_person
from jobs.clock import SystemClock
from knowledge.loader import load_curriculum
from knowledge.model import CATEGORIES, CATEGORY_TITLES, Category


@asynccontextmanager
async def _opened(settings: Settings, clock: SystemClock) -> AsyncIterator[SqlStore]:
    ready_folder(settings.data_dir)
    store = open_store(settings.database_url, settings.data_dir, clock)
    try:
        yield store
    finally:
        await store.close()


# --- coach progress --------------------------------------------------------------------------


async def show_progress(settings: Settings, user: str, out: Path | None, *, as_json: bool) -> None:
    """Print a person's progress, and write the picture. Raises InvalidRequest, ConfigurationError."""
    person, clock = parse_person(user), SystemClock()
    async with _opened(settings, clock) as store:
        progress = await Progressing(store, load_curriculum(), clock, draw).measured(person)
    if out is not None:
        try:
            await asyncio.to_thread(out.write_bytes, draw(progress))
        except OSError as error:
            raise ConfigurationError(
                f"{out} cannot be written ({error.strerror}).", next_step="Choose another file."
            ) from error
    if as_json:
        print(json.dumps(as_object(progress), ensure_ascii=False, indent=2))
        return
    _print(progress)
    if out is not None:
        print(f"The picture is in {out}.")


def _print(progress: Progress) -> None:
    console = Console(highlight=False)
    for block in words(progress):
        if isinstance(block, Text):
            console.print(escape(block.text))
        elif isinstance(block, Table):
            table = RichTable(*block.header, title=block.caption, title_justify="left")
            for row in block.rows:
                table.add_row(*map(escape, row))
            console.print(table)


def as_object(progress: Progress) -> dict[str, object]:
    """What `coach progress --json` prints; shares and chances are 0-1, dates ISO."""
    sums = {name: sum(getattr(one, name) for one in progress.shares) for name in ("delivered", "answered", "minutes")}
    return {
        "today": progress.today.isoformat(),
        "since": progress.since.isoformat() if progress.since else None,
        "shares": [
            {
                "category": one.category,
                "split": one.target,
                **{name: round(getattr(one, name), 1) for name in sums},
                **{
                    f"{name}_share": round(getattr(one, name) / whole, 4) if whole else 0.0
                    for name, whole in sums.items()
                },
            }
            for one in progress.shares
        ],
        "known": [
            {
                "at": one.at.isoformat(),
                "under_1_week": round(one.points[0], 2),
                "weeks_1_to_4": round(one.points[1], 2),
                "over_4_weeks": round(one.points[2], 2),
                "items": round(one.items, 2),
            }
            for one in progress.known
        ],
        "streak": {
            "length": progress.streak.length,
            "longest": progress.streak.longest,
            "freezes_left": progress.streak.freezes_left,
            "repairable": progress.streak.repairable.isoformat() if progress.streak.repairable else None,
            "days": {day.isoformat(): state for day, state in sorted(progress.streak.days.items())},
        },
        "week": {
            "work_days": progress.week.work_days,
            "practised": progress.week.practised,
            "answered": progress.week.answered,
            "minutes": round(progress.week.minutes, 1),
        },
        **{
            name: [{"id": node.id, "title": node.title, "strength": round(node.strength, 4)} for node in nodes]
            for name, nodes in (("strongest", progress.strongest), ("weakest", progress.weakest))
        },
        "text": alt_text(progress),
    }


# --- coach report ----------------------------------------------------------------------------


async def show_report(settings: Settings, *, as_json: bool) -> None:
    """Print what says whether the coach is worth having: counts alone."""
    clock, curriculum = SystemClock(), load_curriculum()
    now = clock.now()
    async with _opened(settings, clock) as store:
        rows = await store.progress.usage(since=now - RECENT, now=now)
    minutes = {item_id: part_minutes(item_id, curriculum) for item_id in curriculum.items}
    counted = report(rows, minutes, otherwise=RETIRED_MINUTES, micro=MICRO_MINUTES)
    if as_json:
        print(json.dumps(_as_object(counted), ensure_ascii=False, indent=2))
        return
    for line in report_lines(counted):
        print(line)


def _as_object(counted: Usage) -> dict[str, object]:
    opted = counted.opted
    return {
        "people_opted_in": opted.people,
        "people_on": opted.on,
        "unsubscribed": opted.stopped,
        "reached_week_4": opted.reached_week_4,
        "answered_three_in_week_4": opted.kept,
        "channels_on": counted.channels_on,
        "days_practised": counted.days_practised,
        "minutes_a_day": {
            "mean": _rounded(counted.minutes_mean),
            "median": _rounded(counted.minutes_median),
            "p95": _rounded(counted.minutes_p95),
        },
        "delivered": dict(counted.delivered),
        "answer_rate": {category: _rounded(rate) for category, rate in counted.rates.items()},
        "answers": counted.answers,
        "disputed_questions": counted.disputed,
        "contested_verdicts": counted.contested,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _rate(category: Category, rates: Mapping[Category, float | None], delivered: Mapping[Category, int]) -> str:
    rate = rates[category]
    shown = "none delivered" if rate is None else f"{rate:.0%} of {delivered[category]} prompts"
    return f"  {CATEGORY_TITLES[category]:<28} {shown}"


def report_lines(counted: Usage) -> list[str]:
    """The report for a person."""
    opted = counted.opted
    kept = f" ({opted.kept / opted.reached_week_4:.0%})" if opted.reached_week_4 else ""
    minutes = "nobody practised"
    if counted.minutes_mean is not None:
        minutes = (
            f"{counted.minutes_mean:.1f} in the mean, {counted.minutes_median:.1f} in the median,"
            f" {counted.minutes_p95:.1f} at the 95th percentile"
        )
    days = RECENT.days
    return [
        f"Opted in: {opted.people} people, {opted.on} of them on; {counted.channels_on} channels on.",
        f"Week 4: {opted.kept} of {opted.reached_week_4} who reached its end answered {KEPT} prompts in it{kept}.",
        f"Unsubscribed: {opted.stopped} of {opted.people}.",
        f"Minutes on a day of practice, last {days} days: {minutes} ({counted.days_practised} days).",
        f"Answered, last {days} days:",
        *(_rate(category, counted.rates, counted.delivered) for category in CATEGORIES),
        f"Disputes: {counted.disputed} of questions, {counted.contested} of verdicts, in {counted.answers} answers.",
        "Counted here from the database; no text and nobody's name is in it.",
    ]
