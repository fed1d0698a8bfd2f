"""The peer refuses what Slack refuses, and runs as a process of its own."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import create
from bot.core.model import Action, Button, Buttons, Field, Form, Inbound, Reply, Text
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import free_port, settings
from tests.peers.slack.rules import Refused, check_blocks, check_message
from tests.peers.slack.server import SlackPeer
from tests.peers.slack.state import ADA, ARCHIVED, BOT_TOKEN, GENERAL, PRIVATE
from tests.platform.slack.conftest import QuickClock, Recorder

ROOT = Path(__file__).resolve().parents[3]
VIEW = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "T"},
    "submit": {"type": "plain_text", "text": "S"},
    "close": {"type": "plain_text", "text": "C"},
    "blocks": [
        {
            "type": "input",
            "label": {"type": "plain_text", "text": "L"},
            "element": {"type": "plain_text_input", "action_id": "a"},
        }
    ],
}


@pytest.fixture
async def peer() -> AsyncIterator[SlackPeer]:
    async with SlackPeer() as one:
        yield one


@pytest.fixture
async def client(peer: SlackPeer) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=BOT_TOKEN, base_url=peer.api_url, session=session, retry_handlers=[])


async def code(call: Any) -> str:
    with pytest.raises(SlackApiError) as refused:
        await call
    return str(refused.value.response["error"])


async def test_what_is_unknown_or_of_the_wrong_kind_is_refused(client: AsyncWebClient) -> None:
    assert await code(client.api_call("chat.shout", json={"channel": GENERAL})) == "unknown_method"
    post = client.api_call
    for given in ({"channel": GENERAL, "text": "x", "volume": 11}, {"text": "x"}, {"channel": 7, "text": "x"}):
        assert await code(post("chat.postMessage", json=given)) == "invalid_arguments"
    assert await code(client.chat_postMessage(channel=GENERAL, text="")) == "no_text"
    assert await code(client.chat_postMessage(channel=PRIVATE, text="x")) == "channel_not_found"
    assert await code(client.chat_postMessage(channel=ARCHIVED, text="x")) == "is_archived"
    assert await code(client.chat_postMessage(channel=GENERAL, text="x", thread_ts="soon")) == "invalid_thread_ts"
    assert await code(client.chat_update(channel=GENERAL, ts="1700000000.000001", text="x")) == "message_not_found"
    assert await code(client.users_info(user="U0NOBODY1")) == "user_not_found"
    assert await code(client.conversations_history(channel=GENERAL)) == "missing_scope"
    client.token = "xoxb-wrong"
    assert await code(client.auth_test()) == "invalid_auth"


async def test_threads_hang_on_their_root(client: AsyncWebClient) -> None:
    root = await client.chat_postMessage(channel=GENERAL, text="root")
    reply = await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=root["ts"])
    refused = await code(client.chat_postMessage(channel=GENERAL, text="x", thread_ts=reply["ts"]))
    assert refused == "cannot_reply_to_message"
    assert await code(client.chat_postMessage(channel=GENERAL, text="x", thread_ts="1700000000.000001")) == refused


async def test_a_trigger_opens_one_form_within_three_seconds(peer: SlackPeer, client: AsyncWebClient) -> None:
    trigger = peer.workspace.new_trigger()
    await client.views_open(trigger_id=trigger, view=VIEW)
    assert await code(client.views_open(trigger_id=trigger, view=VIEW)) == "exchanged_trigger_id"
    late = peer.workspace.new_trigger()
    peer.workspace.triggers[late] -= 3.0
    assert await code(client.views_open(trigger_id=late, view=VIEW)) == "expired_trigger_id"
    assert await code(client.views_open(trigger_id="1.2.3", view=VIEW)) == "invalid_trigger_id"
    long = {**VIEW, "title": {"type": "plain_text", "text": "x" * 25}}
    assert await code(client.views_open(trigger_id=peer.workspace.new_trigger(), view=long)) == "invalid_blocks"


def rich(text: str) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


def button(action_id: str = "a", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": {"type": "plain_text", "text": "B"}, **more}


@pytest.mark.parametrize(
    "blocks",
    [
        [rich("x")] * 51,
        [rich("")],
        [rich("x" * 3001)],
        [{"type": "rich_text", "elements": []}],
        [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}],
        [{"type": "banner"}],
        [{"type": "header", "text": {"type": "plain_text", "text": "x"}, "size": 1}],
        [{"type": "actions", "elements": [button(), button()]}],
        [{"type": "actions", "elements": [button(style="loud")]}],
        [{"type": "actions", "elements": [button("x" * 256)]}],
        [{"type": "actions", "elements": [button(value="x" * 2001)]}],
        [{"type": "actions", "elements": []}],
        [{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}],
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
        VIEW["blocks"],
    ],
)
def test_blocks_over_the_limits_are_refused(blocks: list[Any]) -> None:
    with pytest.raises(Refused) as refused:
        check_blocks(blocks, 50)
    assert refused.value.code == "invalid_blocks"


def test_messages_over_the_limits_are_refused() -> None:
    for given, expected in [
        ({"text": "x", "blocks": [rich("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "metadata": {"event_type": "k"}}, "invalid_metadata_format"),
        ({"text": "x", "metadata": {"event_type": "a b", "event_payload": {}}}, "invalid_metadata_schema"),
        (
            {"text": "x", "blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2},
            "invalid_attachments",
        ),
    ]:
        with pytest.raises(Refused) as refused:
            check_message(given)
        assert refused.value.code == expected


async def test_a_socket_url_serves_once(peer: SlackPeer) -> None:
    url = (await peer.web_api.methods["apps.connections.open"]({}, False))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as link:
            assert json.loads((await link.receive()).data)["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)


async def test_a_late_acknowledgement_is_noticed(peer: SlackPeer) -> None:
    peer.delivery.patience = 0.05
    url = (await peer.web_api.methods["apps.connections.open"]({}, False))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url):
        await peer.mention("anybody?")
    assert [ack.ok for ack in peer.delivery.acks] == [False, False]


def answers(inbound: Inbound) -> list[Reply]:
    if isinstance(inbound, Action):
        return [Reply(blocks=(Form(name="f", title="F", fields=(Field(name="x", label="X"),)),))]
    row = Buttons(items=(Button(label="Open", action="open", opens_form=True),))
    return [Reply(blocks=(Text(text="hi"), row))]


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_it_runs_as_a_process_and_is_driven_from_outside(
    inbox: MemoryInbox, clock: QuickClock, mode: str
) -> None:
    command = [sys.executable, "-m", "tests.peers.slack", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        told = json.loads(await asyncio.to_thread(process.stdout.readline))
        port = free_port()
        adapter = create(settings(told["api_url"], mode=mode, port=port), inbox, clock)
        adapter.grace = 0.0
        serving = asyncio.create_task(adapter.run(Recorder(answers)))
        try:
            async with aiohttp.ClientSession() as session:

                async def act(what: str, **given: Any) -> Any:
                    async with session.post(told["control_url"] + what, json=given) as answer:
                        assert answer.status == 200, await answer.text()
                        return await answer.json()

                if mode == "http":
                    await act("http", url=f"http://127.0.0.1:{port}/slack/events")
                    async with asyncio.timeout(10):
                        while not await up(session, port):
                            await asyncio.sleep(0.01)
                else:
                    await act("connected")
                thread = (await act("mention", text="hello"))["thread"]
                post = await act("wait", post=0)
                assert (post["text"], post["thread"], post["buttons"]) == ("hi", thread, ["Open"])
                assert all(ack["ok"] for ack in await act("redeliver", times=3))
                assert (await act("press", post=0, label="Open"))["ok"]
                assert (await act("form"))["fields"] == {"x": "X"}
                assert (await act("submit", values={"x": "words"}))["ok"]
                await act("fault", method="chat.postMessage", kind="429", retry_after=1)
                await act("direct", text="psst")
                await act("command", text="today")
                await act("chatter", texts=["one", "two"])
                await act("wait", post=3)
                posts = await act("posts")
                assert sorted((one["channel"], one["only_for"] or "") for one in posts) == [
                    (told["channel"], ""),
                    (told["channel"], ""),
                    (told["channel"], ADA),
                    ("D0ADA0001", ""),
                ]
                assert await act("refused") == []
        finally:
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving
            process.kill()


async def up(session: aiohttp.ClientSession, port: int) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        async with session.get(f"http://127.0.0.1:{port}/healthz") as answer:
            return answer.status == 200
    return False
