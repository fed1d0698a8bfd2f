"""Event -> visible reply: a bare slack-bolt handler that says "hi" and the coach's adapter, on the same peer."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import create
from bot.core.model import Inbound, Reply, Text
from bot.core.ports import Clock, Handler, Inbox
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import settings
from tests.peers.slack.server import SlackPeer
from tests.peers.slack.state import APP_TOKEN, BOT_TOKEN, BOT_USER, Posted

WARM = 20


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _hi(inbound: Inbound) -> AsyncIterator[Reply]:
    yield Reply(blocks=(Text(text="hi"),))


@contextlib.asynccontextmanager
async def _bare(peer: SlackPeer) -> AsyncIterator[None]:
    """The floor: what the bolt documentation shows, with one shared session."""
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=peer.api_url, session=session)
        app = AsyncApp(client=client, logger=logging.getLogger("bench.bare"))

        @app.event("app_mention")
        async def mention(event, say):
            await say(text="hi", thread_ts=event.get("thread_ts") or event["ts"])

        handler = AsyncSocketModeHandler(app, APP_TOKEN)
        await handler.connect_async()
        try:
            yield
        finally:
            await handler.close_async()


@contextlib.asynccontextmanager
async def _coach(peer: SlackPeer, handle: Handler, inbox: Inbox, clock: Clock) -> AsyncIterator[None]:
    adapter = create(settings(peer.api_url), inbox, clock)
    adapter.grace = 0.0
    serving = asyncio.create_task(adapter.run(handle))
    try:
        yield
    finally:
        serving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await serving


class _Posted(list[Posted]):
    """The peer's posts, telling when one is added: a loop that spins would keep the interpreter from the coach."""

    def __init__(self) -> None:
        super().__init__()
        self.added = asyncio.Event()
        self.at = 0.0

    def append(self, one: Posted) -> None:
        self.at = time.perf_counter()
        super().append(one)
        self.added.set()


async def _measure(peer: SlackPeer, n: int) -> list[float]:
    await peer.delivery.wait_connected()
    taken = []
    peer.workspace.posted = posted = _Posted()
    for number in range(WARM + n):
        event = await peer.write(f"<@{BOT_USER}> question {number}?")
        mention = {name: value for name, value in event.items() if name != "channel_type"} | {"type": "app_mention"}
        posted.added.clear()
        began = time.perf_counter()
        delivering = asyncio.create_task(peer.delivery.event(mention))
        await posted.added.wait()
        taken.append((posted.at - began) * 1000)
        await delivering
        await asyncio.sleep(0.002)  # let what follows a reply end
    return taken[WARM:]


async def event_to_reply(
    n: int, *, handle: Handler = _hi, inbox: Inbox | None = None, clock: Clock | None = None
) -> dict[str, list[float]]:
    """Milliseconds from an app_mention to the posted reply, `n` of each, one after the other on one peer.

    `handle`, `inbox` and `clock` put another core or store behind the adapter; without them both are trivial.
    """
    async with SlackPeer(echo=False) as peer:
        async with _bare(peer):
            bare = await _measure(peer, n)
        async with _coach(peer, handle, inbox or MemoryInbox(), clock or _Clock()):
            coach = await _measure(peer, n)
    return {"bare_ms": bare, "coach_ms": coach}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


if __name__ == "__main__":
    for name, values in asyncio.run(event_to_reply(500)).items():
        print(f"{name} p50 {percentile(values, 0.5):.2f} p95 {percentile(values, 0.95):.2f}")
