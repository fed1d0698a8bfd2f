"""One script that must pass on our peer and on the independent one, for what both support.

Signed HTTP event -> answer in the thread -> visible in conversations.replies; a bad signature -> 401.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.adapters.slack import create
from bot.core.model import Message
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack import emulate
from tests.peers.slack.harness import free_port, settings
from tests.peers.slack.server import SlackPeer
from tests.peers.slack.state import BOT_USER, GENERAL, READER_TOKEN, SECRET
from tests.platform.slack.conftest import QuickClock, Recorder


@contextlib.asynccontextmanager
async def a_slack(kind: str, events: str) -> AsyncIterator[tuple[str, str]]:
    """The API base and a public channel of a Slack that sends its events to `events`."""
    if kind == "emulate":
        async with emulate.running(events, free_port()) as api_url:
            yield api_url, emulate.CHANNEL
    else:
        async with SlackPeer() as peer:
            peer.delivery.request_url = events
            yield peer.api_url, GENERAL


async def person(session: aiohttp.ClientSession, api_url: str, method: str, **given: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {READER_TOKEN}"}
    async with session.post(f"{api_url}{method}", json=given, headers=headers) as answer:
        told: dict[str, Any] = await answer.json()
    assert told["ok"], told
    return told


async def signed(session: aiohttp.ClientSession, url: str, body: dict[str, Any], secret: str, age: int = 0) -> int:
    raw, stamp = json.dumps(body), str(int(time.time()) - age)
    mac = hmac.new(secret.encode(), f"v0:{stamp}:{raw}".encode(), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={mac}",
    }
    async with session.post(url, data=raw, headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("kind", ["peer", "emulate"])
async def test_a_signed_event_is_answered_in_its_thread(kind: str, inbox: MemoryInbox, clock: QuickClock) -> None:
    port = free_port()
    events = f"http://127.0.0.1:{port}/slack/events"
    recorder = Recorder()
    async with a_slack(kind, events) as (api_url, channel), aiohttp.ClientSession() as session:
        adapter = create(settings(api_url, mode="http", port=port), inbox, clock)
        adapter.grace = 0.0
        serving = asyncio.create_task(adapter.run(recorder))
        try:
            async with asyncio.timeout(10):
                while not await healthy(session, port):
                    assert not serving.done(), serving.exception()
                    await asyncio.sleep(0.01)
            asked = await person(
                session, api_url, "chat.postMessage", channel=channel, text=f"<@{BOT_USER}> are you there?"
            )
            thread: list[dict[str, Any]] = []
            async with asyncio.timeout(10):
                while len(thread) < 2:
                    await asyncio.sleep(0.01)
                    told = await person(session, api_url, "conversations.replies", channel=channel, ts=asked["ts"])
                    thread = told["messages"]
            assert [one["text"] for one in thread] == [f"<@{BOT_USER}> are you there?", "hi"]
            assert thread[1]["thread_ts"] == asked["ts"]
            assert thread[1]["user"] == BOT_USER
            [heard] = recorder.heard
            assert isinstance(heard, Message)
            assert heard.text == "are you there?"

            unsigned = {
                "type": "event_callback",
                "event": {"type": "message", "channel": "D1", "ts": "1700000000.000001"},
            }
            calls = list(inbox.calls)
            assert await signed(session, events, unsigned, "another secret") == 401
            assert await signed(session, events, unsigned, SECRET, age=3600) == 401  # a replay
            assert inbox.calls == calls
            assert len(recorder.heard) == 1
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving


async def healthy(session: aiohttp.ClientSession, port: int) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status == 200
    return False
