"""Draws docs/first-minute.svg: the real conversation, rendered as the terminal shows it. Run: python docs/pictures.py"""

import asyncio
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from bot.adapters.console import ConsoleAdapter
from bot.app import open_app
from bot.core.first_minute import INCIDENT, FirstMinute
from bot.settings import Settings
from jobs.clock import SystemClock

SAID = ("All 20 connections in the pool are taken; I would stop the month-end job first.",)


async def draw(folder: Path, target: Path) -> None:
    """Hold the conversation in `folder` and write the picture to `target`."""
    console = Console(record=True, width=92, highlight=False, force_terminal=True, file=(folder / "screen").open("w"))
    clock, lines = SystemClock(), iter(SAID)

    async def read(prompt: str) -> str | None:
        line = next(lines, None)
        if line is not None:
            console.print(Text(prompt + line, style="bold cyan"))
        return line

    console.print(
        Text("Backend Coach", style="bold"), Text("type `help` for what I can do, `quit` to leave", style="dim")
    )
    console.print()
    for line in INCIDENT:
        console.print(line)
    console.print()
    async with open_app(Settings(data_dir=folder), clock, index=None) as app:
        adapter = ConsoleAdapter(
            app.store.inbox, clock, state=folder / "state", downloads=folder, console=console, read_line=read
        )
        await adapter.run(FirstMinute(app.coach.handle, lambda: None, app.coach.is_command).handle)
    svg = console.export_svg(title="coach chat")
    target.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")  # no font downloads


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(draw(Path(name), Path(__file__).parent / "first-minute.svg"))
