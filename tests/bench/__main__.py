"""`make bench`: speed and memory beside their floors, in one run; prints a table and writes bench.json.

Ratios decide; the absolute figures belong to the machine that is named with them.
"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from bot.app import open_app
from bot.core.answering import Asked
from bot.core.model import Message, ThreadRef, UserRef
from bot.settings import Settings
from jobs.clock import SystemClock
from tests.bench.cranfield import FOLDER as CRANFIELD
from tests.bench.cranfield import cranfield_rows
from tests.bench.floor import ROOT, Floor, questions
from tests.bench.scale import scale_rows
from tests.bench.sends import sends_rows
from tests.bench.table import Row, percentile, show
from tests.platform.process import coach_process, environment, peer_process, tokens

N = 300


def settings(folder: Path) -> Settings:
    return Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]


async def core_rows(folder: Path) -> tuple[list[Row], float]:
    """A warm answer in the core, paired question by question with its floor; and the allowance of the other rows."""
    clock = SystemClock()
    async with open_app(settings(folder), clock, index=folder / "index") as app:
        state = await app.retriever.state()
        floor = Floor(state.passages)
        where = ThreadRef(platform="bench", workspace="w", channel="c")
        user = UserRef(platform="bench", workspace="w", id="u")
        embed, query, answer, talk = [], [], [], []
        asked = questions(N + 20)
        for number, question in enumerate(asked):
            embed.append(floor.embed(question))
            query.append(floor.query(number))
            began = time.perf_counter()
            await app.answering.answer(Asked(question=question))
            answer.append((time.perf_counter() - began) * 1000)
            message = Message(id=f"b{number}", user=user, where=where, at=clock.now(), text=question)
            began = time.perf_counter()
            async for _ in app.coach.handle(message):
                pass
            talk.append((time.perf_counter() - began) * 1000)
        embed, query, answer, talk = (series[20:] for series in (embed, query, answer, talk))
    floor_p95 = percentile(embed, 0.95) + percentile(query, 0.95)
    note = f"embedding p50 {percentile(embed, 0.5):.2f} p95 {percentile(embed, 0.95):.2f} ms, query p50 {percentile(query, 0.5):.2f} p95 {percentile(query, 0.95):.2f} ms, {state.passages} passages"
    rows = [
        Row(name="core: warm answer p95", value=percentile(answer, 0.95), limit=1.5 * floor_p95, unit="ms", note=note),
        Row(
            name="core: Coach.handle p95",
            value=percentile(talk, 0.95),
            limit=1.5 * floor_p95,
            unit="ms",
            note=f"p50 {percentile(talk, 0.5):.2f} ms; answer p50 {percentile(answer, 0.5):.2f} ms",
        ),
    ]
    return rows, 1.5 * floor_p95


async def platform_rows(folder: Path, allowance: float) -> list[Row]:
    """Event to visible reply with the real core and store behind the adapter, beside a bare handler."""
    from tests.peers.discord import bench as discord_bench
    from tests.peers.slack import bench as slack_bench

    rows = []
    for name, bench in (("slack", slack_bench), ("discord", discord_bench)):
        clock = SystemClock()
        (folder / name).mkdir(exist_ok=True)
        async with open_app(settings(folder / name), clock, index=folder / "index") as app:
            await app.retriever.state()
            measured = await bench.event_to_reply(N, handle=app.coach.handle, inbox=app.store.inbox, clock=clock)
        bare, coach = measured["bare_ms"], measured["coach_ms"]
        rows.append(
            Row(
                name=f"{name}: event to visible reply p95",
                value=percentile(coach, 0.95),
                limit=percentile(bare, 0.95) + allowance,
                unit="ms",
                note=f"p50 {percentile(coach, 0.5):.2f} ms; bare p50 {percentile(bare, 0.5):.2f} p95 {percentile(bare, 0.95):.2f} ms",
            )
        )
    return rows


def cold_rows(folder: Path) -> list[Row]:
    """Processes from their start: the median of five."""
    env = environment(folder)
    ask, first = [], []
    for _ in range(6):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bot", "ask", "why does depth matter more now?", "--json"],
            env=env, check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        ask.append(time.perf_counter() - began)
        began = time.perf_counter()
        chat = subprocess.Popen(
            [sys.executable, "-u", "-m", "bot", "chat"], env=env, cwd=folder,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert chat.stdout is not None
        assert chat.stdin is not None
        shown = b""
        while b"One sentence." not in shown:
            shown += os.read(chat.stdout.fileno(), 4096)
        first.append(time.perf_counter() - began)
        chat.stdin.close()
        chat.wait(30)
    ask, first = ask[1:], first[1:]
    return [
        Row(
            name="coach ask, cold process",
            value=percentile(ask, 0.5),
            limit=2.5,
            unit="s",
            note=f"slowest {max(ask):.2f} s",
        ),
        Row(
            name="coach chat, first screen",
            value=percentile(first, 0.5),
            limit=1.0,
            unit="s",
            note=f"slowest {max(first):.2f} s",
        ),
    ]


async def run_rows(folder: Path) -> list[Row]:
    """`coach run` with both platforms: start to the first acknowledged event, and memory after an index build."""
    async with peer_process("slack") as slack, peer_process("discord") as discord:
        both = {**tokens("slack", slack), **tokens("discord", discord)}
        taken = []
        memory = 0.0
        for number in range(4):
            if number in {0, 3}:  # the last round builds the index anew, and its memory counts
                shutil.rmtree(folder / "index", ignore_errors=True)
            began = time.perf_counter()
            async with coach_process(folder, **both) as coach:
                await slack("connected", timeout=30)
                await slack("mention", text="help")
                acked = time.perf_counter() - began
                before = len(await slack("posts"))
                await slack("mention", text="why does depth matter more now?")
                await discord("connected", timeout=30)
                await discord("direct", text="does the tech stack still matter?")
                while len(await slack("posts")) <= before or not await discord("posts"):
                    await asyncio.sleep(0.1)
                await asyncio.sleep(2)
                assert coach.process is not None
                if number == 3:
                    memory = psutil.Process(coach.process.pid).memory_info().rss / 2**20
                await coach.stop()
            if number in {1, 2}:
                taken.append(acked)
    return [
        Row(name="coach run, start to first ack", value=max(taken), limit=2.0, unit="s", note="the slower of two, schema and index in place"),
        Row(name="coach run, resident memory", value=memory, limit=350, unit="MB", note="Slack, Discord and the index just built"),
    ]  # fmt: skip


Part = Callable[[Path], Awaitable[list[Row]]]


async def core_and_platform_rows(folder: Path) -> list[Row]:
    rows, allowance = await core_rows(folder)
    return rows + await platform_rows(folder, allowance)


async def cold(folder: Path) -> list[Row]:
    return await asyncio.to_thread(cold_rows, folder)


PARTS: dict[str, Part] = {
    "core": core_and_platform_rows,
    "cold": cold,
    "run": run_rows,
    "scale": scale_rows,
    "cranfield": cranfield_rows,
    "sends": sends_rows,
}


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part, not all; may be repeated")
    chosen = parser.parse_args().only or list(PARTS)
    rows: list[Row] = []
    folder = Path(tempfile.mkdtemp(prefix="coach-bench-"))
    try:
        for name in chosen:
            if name == "cranfield" and not CRANFIELD.is_dir():
                print("Cranfield is left out: it needs ../shared", file=sys.stderr)
                continue
            (folder / name).mkdir()
            rows += await PARTS[name](folder / name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    show(rows)
    report: list[dict[str, Any]] = [{**asdict(row), "ok": row.ok} for row in rows]
    (ROOT / "bench.json").write_text(json.dumps(report, indent=2) + "\n")
    return int(not all(row.ok for row in rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
