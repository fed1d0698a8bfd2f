"""`coach simulate`: what a year of prompts comes to, as a table or as JSON."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict, replace

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bot.core.memory_models import ActivationMemory
from bot.simulation import Outcome, Setting, simulate
from knowledge.loader import load_curriculum
from knowledge.model import CATEGORIES


async def simulate_here(learners: int, days: int, answer_rate: float, *, as_json: bool) -> None:
    """Simulate and print: with `as_json` one object for the setting given; else the tables of docs/practice.md, too."""
    given = Setting(learners=learners, days=days, answer_rate=answer_rate)
    if as_json:
        print(json.dumps(asdict(await _run(given, "Simulating")), indent=2))
        return
    console = Console()
    await _table(console, "By FSRS, micro-reviews a day", _by_micro(given))
    await _table(console, "By another model of memory (ACT-R), who answers how often", _by_habit(given))


def _by_micro(given: Setting) -> Iterator[tuple[str, Setting]]:
    for micro in (2, 3, 4):
        yield str(micro), replace(given, micro=micro)


def _by_habit(given: Setting) -> Iterator[tuple[str, Setting]]:
    for rate in (0.3, 0.5, 0.7):
        yield f"{rate:.0%} answered", replace(given, answer_rate=rate, memory=ActivationMemory)
    yield "all, with German holidays", replace(given, memory=ActivationMemory, holidays="DE")
    yield "all but DSA", replace(given, memory=ActivationMemory, skips=frozenset({"D"}))


async def _run(setting: Setting, label: str) -> Outcome:
    curriculum = await asyncio.to_thread(load_curriculum)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=setting.days)
        return await simulate(curriculum, setting, passed=lambda day: bar.update(task, completed=max(0, day)))


async def _table(console: Console, title: str, settings: Iterator[tuple[str, Setting]]) -> None:
    table = Table(title=title, title_justify="left")
    for name in (
        "",
        "prompts",
        "/".join(CATEGORIES),
        "deviation",
        "recall",
        "known",
        "new",
        "reviews",
        "min a day",
        "p95",
    ):
        table.add_column(name, justify="right" if name else "left")
    for label, setting in settings:
        found = await _run(setting, f"{title}: {label}")
        shares = "/".join(f"{100 * found.shares[category]:.0f}" for category in CATEGORIES)
        table.add_row(
            label,
            f"{found.deliveries / setting.learners:.0f}",
            shares,
            f"{found.max_deviation:.2f}",
            f"{found.mean_recall:.2f}",
            f"{found.items_known:.0f}",
            f"{found.new_items:.0f}",
            f"{found.reviews:.0f}",
            f"{found.minutes_a_day:.1f}",
            f"{found.minutes_a_day_p95:.1f}",
        )
        if found.late or found.dropped or found.doubles:
            console.print(f"{label}: {found.late} late, {found.dropped} dropped, {found.doubles} twice on a day")
    console.print(table)
