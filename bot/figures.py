"""The commands that count: what would be sent, what a year comes to, how far somebody has come, who stays."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.settings import load_settings

JsonFlag = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, for programs.")]


def plan(
    prompts: Annotated[int, typer.Option(min=1, max=100_000, help="How many prompts.")] = 10,
    split: Annotated[str, typer.Option(help="Backend/system design/DSA/AI, in percent.")] = "",
    for_user: Annotated[
        str, typer.Option("--for", help="Whose stream to go on from: PLATFORM:WORKSPACE:USER; a fresh one without it.")
    ] = "",
    as_json: JsonFlag = False,
) -> None:
    """What the daily delivery would send, by the same function."""
    from bot.terminal import plan as plan_here

    asyncio.run(plan_here(prompts, split, for_user, as_json=as_json))


def simulate(
    learners: Annotated[int, typer.Option(min=1, max=100_000, help="How many people.")] = 10,
    days: Annotated[int, typer.Option(min=1, max=3660, help="How many days, from a Monday.")] = 365,
    answer_rate: Annotated[float, typer.Option(min=0, max=1, help="The share of prompts that are answered.")] = 1.0,
    as_json: JsonFlag = False,
) -> None:
    """What a year of prompts comes to: balance, recall, minutes, on a simulated clock through the real machinery."""
    from bot.simulation_report import simulate_here

    asyncio.run(simulate_here(learners, days, answer_rate, as_json=as_json))


def progress(
    user: Annotated[str, typer.Option(help="PLATFORM:WORKSPACE:USER; you at this terminal without it.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Where to write the picture.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """How far somebody has come: balance, what they know and for how long, practice days."""
    from bot.progress_report import show_progress

    asyncio.run(show_progress(load_settings(), user, out, as_json=as_json))


def report(as_json: JsonFlag = False) -> None:
    """Whether the coach is worth having: who stays, minutes a day, answer rates, disputes. Counts alone."""
    from bot.progress_report import show_report

    asyncio.run(show_report(load_settings(), as_json=as_json))
