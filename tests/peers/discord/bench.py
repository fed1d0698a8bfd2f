"""Event to visible reply: a bare discord.py handler and the coach's adapter, in one run on the same peer."""

import asyncio
import contextlib
import datetime as dt
import json
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.core.model import Inbound, Message, Reply, Text
from bot.core.ports import Clock, Handler, Inbox
from tests.peers.discord.harness import DiscordHarness
from tests.peers.memory_inbox import MemoryInbox


class _Clock:
    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _handle(inbound: Inbound) -> AsyncIterator[Reply]:
    if isinstance(inbound, Message):
        yield Reply(blocks=(Text(text="hi"),))


class _Bare(discord.Client):
    async def on_message(self, message: discord.Message) -> None:
        if not message.author.bot:
            await message.channel.send("hi")


async def _timed(harness: DiscordHarness, n: int, act: Callable[[str], Awaitable[object]]) -> list[float]:
    """Milliseconds from the event on the wire until its reply is visible, one after the other."""
    taken = []
    for number in range(-5, n):  # the first five warm up
        before, began = harness.count(), time.perf_counter()
        await act(f"question {number}")
        await harness.peer.until(lambda b=before: harness.count() > b)  # type: ignore[misc]
        if number >= 0:
            taken.append((harness.world.seen_at[harness.world.visible[-1]] - began) * 1000)
        await asyncio.sleep(0.002)  # let what follows a reply end
    return taken


async def event_to_reply(
    n: int, *, handle: Handler = _handle, inbox: Inbox | None = None, clock: Clock | None = None
) -> dict[str, list[float]]:
    """Milliseconds of `n` events each: `bare_ms` and `coach_ms` answer a direct message with one request;
    `coach_thread_ms` answers a mention, which opens a thread first. `handle`, `inbox` and `clock` put another core or
    store behind the adapter."""
    async with DiscordHarness().started() as harness:
        Route.BASE = harness.peer.api_url
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(harness.peer.gateway.url)
        bare = _Bare(intents=discord.Intents(guilds=True, dm_messages=True), guild_ready_timeout=0.05)
        serving = asyncio.create_task(bare.start(harness.world.token))
        await harness.peer.gateway.ready.wait()
        bare_ms = await _timed(harness, n, harness.direct)
        await bare.close()
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        async with harness.running(handle, inbox or MemoryInbox(), clock or _Clock()):
            coach_ms = await _timed(harness, n, harness.direct)
            thread_ms = await _timed(harness, n, harness.mention)
    return {"bare_ms": bare_ms, "coach_ms": coach_ms, "coach_thread_ms": thread_ms}


def summary(measured: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """p50 and p95 of each series."""
    return {
        name: {"p50": statistics.median(values), "p95": statistics.quantiles(values, n=20)[-1]}
        for name, values in measured.items()
    }


if __name__ == "__main__":
    print(json.dumps(summary(asyncio.run(event_to_reply(300)))))
