"""The gateway: both compressions, RESUME, and everything that breaks a connection."""

import asyncio
import contextlib
import os
import subprocess
import sys
import textwrap

import discord
import pytest

from bot.adapters.discord import create
from bot.core.errors import ConfigurationError
from bot.core.model import UserRef
from tests.peers.discord.harness import DiscordHarness, settings
from tests.peers.memory_inbox import MemoryInbox
from tests.platform.discord.conftest import said


async def _talks(harness, number: int, text: str = "still there?") -> None:
    await harness.mention(text)
    assert (await harness.post(number)).text == f"heard: {text}"


async def test_zstd_stream(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        await _talks(harness, 0, "ünï 🦓 " + "long" * 500)
    assert "connect zstd-stream" in harness.peer.gateway.log


async def test_zlib_stream(harness: DiscordHarness):
    """Where neither zstandard nor orjson is installed; that is decided at import, so in a process of its own."""
    script = textwrap.dedent("""
        import sys
        for name in ("zstandard", "orjson", "backports.zstd", "compression.zstd"):
            sys.modules[name] = None
        import asyncio, datetime
        from bot.adapters.discord import create
        from bot.core.model import Reply, Text
        from bot.settings import Settings
        from tests.peers.memory_inbox import MemoryInbox

        class Clock:
            def now(self):
                return datetime.datetime.now(datetime.UTC)
            async def sleep(self, seconds):
                await asyncio.sleep(seconds)

        async def handle(inbound):
            yield Reply(blocks=(Text(text="heard: " + inbound.text),))

        asyncio.run(create(Settings(_env_file=None), MemoryInbox(), Clock()).run(handle))
    """)
    env = os.environ | {"DISCORD_TOKEN": harness.world.token, "COACH_DISCORD_API_URL": harness.peer.api_url}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(20):
            await harness.peer.gateway.ready.wait()
        await _talks(harness, 0, "ünï 🦓")
        await _talks(harness, 1)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        print((await process.communicate())[1].decode())
    assert "connect zlib-stream" in harness.peer.gateway.log


async def test_a_lost_connection_resumes_with_what_was_missed(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        await harness.peer.gateway.close(4000)
        await harness.mention("missed")
        assert (await harness.post(0)).text == "heard: missed"
    assert harness.peer.gateway.log.count("identify") == 1
    assert harness.peer.gateway.log.count("resume") == 1


async def test_a_dead_resume_address_does_not_strand_it(harness, inbox, clock, handler):
    harness.peer.gateway.resume_url = "ws://127.0.0.1:9/gateway"
    async with harness.running(handler, inbox, clock):
        await harness.peer.gateway.close(4000)
        await harness.mention("missed")
        assert (await harness.post(0, timeout=20)).text == "heard: missed"
        await _talks(harness, 1)


async def test_a_session_that_ended_begins_anew(harness, inbox, clock, handler, monkeypatch):
    async def at_once(*_args: object, **_more: object) -> None: ...

    monkeypatch.setattr(discord.Client, "before_identify_hook", at_once)  # waits five seconds for other shards
    async with harness.running(handler, inbox, clock):
        await harness.peer.gateway.drop(4000)
        async with asyncio.timeout(20):
            await harness.peer.gateway.ready.wait()
        await _talks(harness, 0)
    assert harness.peer.gateway.log.count("identify") == 2


async def test_the_first_connect_may_fail(harness, inbox, clock, handler):
    harness.peer.gateway.refuse = 2
    async with harness.running(handler, inbox, clock):
        await _talks(harness, 0)
    assert clock.slept


async def test_a_gateway_that_stays_away_gets_a_new_client(harness, inbox, clock, handler, monkeypatch):
    monkeypatch.setattr("discord.backoff.ExponentialBackoff.delay", lambda _: 0.02)
    async with harness.running(handler, inbox, clock):
        harness.peer.gateway.refuse = 6
        harness.peer.gateway.ready.clear()
        await harness.peer.gateway.close(4000)
        async with asyncio.timeout(20):
            await harness.peer.gateway.ready.wait()
        await _talks(harness, 0)
    assert clock.slept


MALFORMED = [
    {"op": 0, "t": "MESSAGE_CREATE", "s": 90, "d": {"id": "1"}},
    {"op": 0, "t": "INTERACTION_CREATE", "s": 91, "d": {"type": 3}},
    {"op": 0, "t": "THREAD_CREATE", "s": 92, "d": None},
    {"op": 0, "t": "SOMETHING_NEW", "s": 93, "d": {}},
    {"op": 77, "t": None, "s": None, "d": None},
]


async def test_malformed_events_are_dropped(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        for event in MALFORMED:
            await harness.peer.gateway.raw(event)
        await _talks(harness, 0)
    assert harness.peer.gateway.log.count("identify") == 1


@pytest.mark.parametrize("frame", ["[1, 2", '"text"', '{"op": 0, "t": "READY", "s": 1, "d": {}}'])
async def test_a_frame_that_ends_the_client_gets_a_new_one(*, harness, inbox, clock, handler, frame, caplog):
    async with harness.running(handler, inbox, clock):
        harness.peer.gateway.ready.clear()
        await harness.peer.gateway.raw(frame)
        async with asyncio.timeout(10):
            await harness.peer.gateway.ready.wait()
        await _talks(harness, 0)
    assert "Traceback" not in caplog.text


async def test_an_intent_taken_away_is_done_without(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        harness.world.app_flags = 0
        await harness.peer.gateway.drop(4014)
        async with asyncio.timeout(10):
            await harness.peer.gateway.ready.wait()
        await _talks(harness, 0)


async def test_a_token_that_is_reset_ends_the_run_with_a_sentence(harness, inbox, clock, handler):
    adapter = create(settings(harness.peer), inbox, clock)
    running = asyncio.create_task(adapter.run(handler))
    async with asyncio.timeout(10):
        await harness.peer.gateway.ready.wait()
    await harness.peer.gateway.drop(4004)
    with pytest.raises(ConfigurationError, match="no longer accepts DISCORD_TOKEN"):
        await asyncio.wait_for(running, 10)


async def test_sends_go_on_while_the_gateway_is_away(harness, inbox: MemoryInbox, clock, handler):
    async with harness.running(handler, inbox, clock) as adapter:
        harness.peer.gateway.refuse = 1000
        await harness.peer.gateway.close(4000)
        person = UserRef(platform="discord", workspace="", id=harness.PERSON)
        await adapter.send(person, said("nudge"), key="nudge:1:2026-01-01")
        assert (await harness.post(0)).text == "nudge"
