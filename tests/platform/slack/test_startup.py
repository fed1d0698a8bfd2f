"""What keeps the coach from starting is one sentence and one next step, without a token in it."""

import asyncio
import contextlib
import socket as sockets
from typing import Any

import aiohttp
import pytest

from bot.adapters.slack import create
from bot.core.errors import ConfigurationError
from bot.core.ports import Adapter, Profiles
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import SlackHarness, free_port, settings
from tests.peers.slack.state import APP_TOKEN, BOT_TOKEN, SECRET
from tests.platform.slack.conftest import QuickClock, Recorder

WRONG = "xoxb-0000-this-is-wrong"


async def refused(api_url: str, inbox: MemoryInbox, clock: QuickClock, mode: str = "socket", **given: Any) -> str:
    """The sentence with which the coach does not start."""
    with pytest.raises(ConfigurationError) as error:
        async with asyncio.timeout(5):
            await create(settings(api_url, mode=mode, **given), inbox, clock).run(Recorder())
    assert error.value.sentence.endswith(".")
    assert error.value.next_step
    text = str(error.value)
    for secret in (WRONG, BOT_TOKEN, APP_TOKEN, SECRET, "xapp-wrong"):
        assert secret not in text
    return text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"SLACK_BOT_TOKEN": None}, "SLACK_BOT_TOKEN is not set"),
        ({"SLACK_BOT_TOKEN": ""}, "SLACK_BOT_TOKEN is not set"),
        ({"SLACK_BOT_TOKEN": APP_TOKEN}, "SLACK_BOT_TOKEN is an app-level token, but a bot token is needed"),
        ({"SLACK_BOT_TOKEN": "xoxp-1"}, "SLACK_BOT_TOKEN is a user token"),
        ({"SLACK_BOT_TOKEN": "hunter2"}, "SLACK_BOT_TOKEN is something else"),
        ({"SLACK_APP_TOKEN": BOT_TOKEN}, "SLACK_APP_TOKEN is a bot token, but an app-level token is needed"),
        ({"SLACK_APP_TOKEN": None}, "SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP)"),
        ({"SLACK_BOT_TOKEN": WRONG}, "Slack does not accept SLACK_BOT_TOKEN"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "Slack does not accept SLACK_APP_TOKEN"),
    ],
)
async def test_a_token_that_does_not_serve(
    socket: SlackHarness,
    inbox: MemoryInbox,
    clock: QuickClock,
    caplog: pytest.LogCaptureFixture,
    given: dict[str, Any],
    words: str,
) -> None:
    caplog.set_level("DEBUG", logger="bot")
    assert words in await refused(socket.peer.api_url, inbox, clock, **given)
    assert "xoxb-" not in caplog.text
    assert "xapp-" not in caplog.text
    assert not inbox.calls


@pytest.mark.parametrize(
    ("method", "code", "words"),
    [
        ("auth.test", "account_inactive", "SLACK_BOT_TOKEN belongs to an app that was removed"),
        ("auth.test", "missing_scope", "SLACK_BOT_TOKEN lacks a permission"),
        ("auth.test", "something_new", "Slack refuses SLACK_BOT_TOKEN (something_new)"),
        ("apps.connections.open", "missing_scope", "connections:write"),
    ],
)
async def test_what_slack_says_is_passed_on(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, method: str, code: str, words: str
) -> None:
    socket.peer.fault(method, "error", code=code)
    assert words in await refused(socket.peer.api_url, inbox, clock)


async def test_a_missing_scope_is_named(socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    socket.peer.workspace.scopes -= {"im:history", "commands"}
    assert "lacks the permission commands, im:history." in await refused(socket.peer.api_url, inbox, clock)


async def test_no_network(inbox: MemoryInbox, clock: QuickClock) -> None:
    url = f"http://127.0.0.1:{free_port()}/api/"
    assert f"Slack cannot be reached at {url}" in await refused(url, inbox, clock)


async def test_a_port_in_use(by_http: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    with sockets.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = await refused(by_http.peer.api_url, inbox, clock, mode="http", port=port)
    assert f"Port {port} on 127.0.0.1 cannot be used" in text
    assert "COACH_HTTP_PORT" in text


async def test_it_answers_health_checks_and_nothing_else(
    by_http: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with by_http.running(Recorder(), inbox, clock), aiohttp.ClientSession() as session:
        events = str(by_http.peer.delivery.request_url)
        base = events.removesuffix("/slack/events")
        for method, path, status in [("GET", "/healthz", 200), ("GET", "/", 404), ("GET", "/slack/events", 404)]:
            async with session.request(method, base + path) as answer:
                assert answer.status == status
        async with session.post(events, json={"type": "event_callback"}) as answer:
            assert answer.status == 401


async def test_it_stops_at_once_and_leaves_nothing_behind(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    before = asyncio.all_tasks()
    async with harness.running(Recorder(), inbox, clock):
        await harness.mention("hello")
        await harness.post(0)
    async with asyncio.timeout(2):
        while {one for one in asyncio.all_tasks() - before if "adapters" in repr(one) or "socket_mode" in repr(one)}:
            await asyncio.sleep(0.01)


async def test_the_first_event_is_acknowledged_soon_after_the_start(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with socket.running(Recorder(), inbox, clock):
        await socket.mention("hello")
        assert loop.time() - began < 2
    assert socket.peer.delivery.acks[0].ok


async def test_it_has_the_shape_of_an_adapter(socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    adapter: Adapter = socket.adapter(inbox, clock)
    assert adapter.name == "slack"
    assert isinstance(adapter, Profiles)
    with contextlib.suppress(AttributeError):
        await adapter.close()  # type: ignore[attr-defined]
