"""What breaks, and that each answer still arrives once or is known not to have."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest

from bot.core.errors import Ambiguous, NotSent, RateLimited, Rejected, Unreadable
from bot.core.model import File, Inbound, Picture, Reply, Text, ThreadRef, UserRef
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import SlackHarness, free_port, settings
from tests.peers.slack.state import ADA, ARCHIVED, GENERAL, PRIVATE, TEAM
from tests.platform.slack.conftest import QuickClock, Recorder

DM = "D0ADA0001"


def place(channel: str) -> ThreadRef:
    return ThreadRef(platform="slack", workspace=TEAM, channel=channel)


def said(text: str) -> Reply:
    return Reply(blocks=(Text(text=text),))


async def test_a_rate_limit_is_waited_for(harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    harness.peer.fault("chat.postMessage", "429", retry_after=7, times=2)
    async with harness.running(Recorder(), inbox, clock):
        await harness.mention("hello")
        await harness.post(0)
        assert await harness.quiet() == 1
    assert clock.waits == [7, 7]


@pytest.mark.parametrize("kind", ["lost", "reset", "500"])
async def test_an_ambiguous_send_in_a_dm_is_looked_up_and_arrives_once(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, kind: str
) -> None:
    socket.peer.fault("chat.postMessage", kind)
    async with socket.running(Recorder(), inbox, clock):
        await socket.direct("hello")
        await socket.post(0)
        assert await socket.quiet() == 1
    assert len(inbox.finished) == 1


@pytest.mark.parametrize(("kind", "arrived"), [("lost", 1), ("reset", 0)])
async def test_where_the_history_is_unreadable_nothing_is_repeated(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, kind: str, arrived: int
) -> None:
    socket.peer.fault("chat.postMessage", kind)
    async with socket.running(Recorder(), inbox, clock):
        await socket.mention("hello")
        async with asyncio.timeout(5):
            while not inbox.finished:
                await asyncio.sleep(0.005)
        assert await socket.quiet(0.1) == arrived
        await socket.mention("again")
        await socket.post(arrived)
    assert ("conversations.replies", "missing_scope", "channels:history") in socket.peer.refused


@pytest.mark.parametrize("kind", ["lost", "reset"])
async def test_with_the_history_scope_a_channel_is_as_good_as_a_dm(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, kind: str
) -> None:
    socket.peer.workspace.scopes.add("channels:history")
    socket.peer.fault("chat.postMessage", kind)
    async with socket.running(Recorder(), inbox, clock):
        await socket.mention("hello")
        await socket.post(0)
        assert await socket.quiet() == 1


@pytest.mark.parametrize("kind", ["429", "reset", "lost"])
@pytest.mark.parametrize("channel", [DM, GENERAL])
async def test_of_a_long_reply_only_what_is_missing_is_sent_again(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, kind: str, channel: str
) -> None:
    from bot.core.intake import send_once

    peer = socket.peer
    peer.workspace.scopes.add("channels:history")
    peer.workspace.direct(ADA)
    peer.fault("chat.postMessage", "pass")
    peer.fault("chat.postMessage", kind)
    adapter = socket.adapter(inbox, clock)
    words = "word " * 5000
    await send_once(adapter, place(channel), said(words), key="k:0", clock=clock)
    assert len(peer.workspace.posted) == 3
    post = await socket.post(0)
    assert post.text.replace("\n", "") == words
    assert (await adapter.find(place(channel), "k:0")) is not None
    await adapter.close()


@pytest.mark.parametrize("kind", ["lost", "reset"])
async def test_a_file_is_shared_once(socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, kind: str) -> None:
    from bot.core.intake import send_once

    socket.peer.workspace.direct(ADA)
    socket.peer.fault("files.completeUploadExternal", kind)
    adapter = socket.adapter(inbox, clock)
    reply = Reply(blocks=(File(name="export.json", media_type="application/json", data=b"{}", caption="Your data"),))
    sent = await send_once(adapter, place(DM), reply, key="export:1", clock=clock)
    assert sent is not None
    post = await socket.post(0)
    assert (post.text, post.files) == ("Your data", (("export.json", b"{}", "Your data"),))
    assert len(socket.peer.workspace.posted) == 2
    assert await adapter.find(place(DM), "export:1") == sent
    await adapter.close()


async def test_a_private_file_goes_into_the_dm(socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    adapter = socket.adapter(inbox, clock)
    reply = Reply(blocks=(Picture(data=b"png", alt="A queue"),))
    person = UserRef(platform="slack", workspace=TEAM, id=ADA)
    await adapter.send(place(GENERAL), reply, key="k", only_for=person)
    assert [(one.channel, one.only_for) for one in socket.peer.workspace.posted] == [(GENERAL, ADA), (DM, None)]
    assert "it is in ours" in (await socket.post(0)).text
    await adapter.close()


async def test_each_refusal_has_its_error(socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    peer, adapter = socket.peer, socket.adapter(inbox, clock)
    for channel, code in [("C0GONE", "channel_not_found"), (PRIVATE, "channel_not_found"), (ARCHIVED, "is_archived")]:
        with pytest.raises(Rejected) as refused:
            await adapter.send(place(channel), said("x"), key="k")
        assert refused.value.code == code
    for code in ["account_inactive", "token_revoked", "not_in_channel", "missing_scope", "msg_too_long"]:
        peer.fault("chat.postMessage", "error", code=code)
        with pytest.raises(Rejected) as refused:
            await adapter.send(place(GENERAL), said("x"), key="k")
        assert refused.value.code == code
    for code in ["fatal_error", "internal_error"]:
        peer.fault("chat.postMessage", "error", code=code)
        with pytest.raises(Ambiguous):
            await adapter.send(place(GENERAL), said("x"), key="k")
    peer.fault("chat.postMessage", "429", retry_after=31)
    with pytest.raises(RateLimited) as limited:
        await adapter.send(place(GENERAL), said("x"), key="k")
    assert limited.value.retry_after == 31
    peer.fault("chat.postMessage", "500")
    with pytest.raises(Ambiguous):
        await adapter.send(place(GENERAL), said("x"), key="k")
    with pytest.raises(Unreadable):
        await adapter.find(place(GENERAL), "k")
    assert await adapter.find(UserRef(platform="slack", workspace=TEAM, id=ADA), "k") is None
    assert not peer.workspace.posted
    await adapter.close()


async def test_a_refused_connection_is_certainly_not_sent(inbox: MemoryInbox, clock: QuickClock) -> None:
    from bot.adapters.slack import create

    adapter = create(settings(f"http://127.0.0.1:{free_port()}/api/"), inbox, clock)
    with pytest.raises(NotSent):
        await adapter.send(place(GENERAL), said("x"), key="k")
    await adapter.close()


async def test_a_lookup_waits_for_a_rate_limit(socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    socket.peer.workspace.direct(ADA)
    adapter = socket.adapter(inbox, clock)
    sent = await adapter.send(place(DM), said("x"), key="k")
    socket.peer.fault("conversations.history", "429", retry_after=3)
    assert await adapter.find(place(DM), "k") == sent
    socket.peer.fault("conversations.history", "500", times=3)
    with pytest.raises(Unreadable):
        await adapter.find(place(DM), "k")
    assert clock.waits[0] == 3
    await adapter.close()


async def test_a_refused_table_becomes_aligned_text(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    from bot.core.model import Table

    socket.peer.fault("chat.postMessage", "error", code="invalid_blocks")
    adapter = socket.adapter(inbox, clock)
    table = Table(header=("Category", "Share"), rows=(("Basics", "40 %"), ("Systems", "30 %")))
    await adapter.send(place(GENERAL), Reply(blocks=(table,)), key="k")
    assert (await socket.post(0)).text.splitlines()[:3] == ["Category  Share", "--------  -----", "Basics    40 %"]
    await adapter.close()


@pytest.mark.parametrize("how", ["half_open", "reset", "refresh"])
async def test_a_broken_connection_is_made_again(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, how: str
) -> None:
    delivery = socket.peer.delivery
    async with socket.running(Recorder(), inbox, clock):
        if how == "half_open":
            delivery.half_open()
        elif how == "reset":
            await delivery.reset()
        else:
            await delivery.refresh()
        async with asyncio.timeout(10):
            while delivery.connects < 2:
                await asyncio.sleep(0.01)
        await socket.mention("still there?")
        await socket.post(0)
        assert await socket.quiet(0.1) == 1


async def test_a_socket_url_that_does_not_work_is_replaced(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with socket.running(Recorder(), inbox, clock):
        tickets = socket.peer.web_api.tickets
        spoilt = 0

        async def spoil(given: object, reader: bool) -> dict[str, str]:
            nonlocal spoilt
            answer = await real(given, reader)  # type: ignore[arg-type]
            spoilt += 1
            if spoilt == 1:
                tickets.clear()
            return answer

        real = socket.peer.web_api.methods["apps.connections.open"]
        monkeypatch.setitem(socket.peer.web_api.methods, "apps.connections.open", spoil)  # type: ignore[arg-type]
        await socket.peer.delivery.reset()
        async with asyncio.timeout(10):
            while socket.peer.delivery.connects < 2:
                await asyncio.sleep(0.01)
        assert spoilt >= 2


async def test_what_was_acknowledged_and_not_answered_is_answered_after_a_restart(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async def hangs(inbound: Inbound) -> AsyncIterator[Reply]:
        await asyncio.Event().wait()
        yield said("never")

    async with harness.running(hangs, inbox, clock):
        thread = await harness.mention("hello")
        assert harness.peer.delivery.acks[0].ok
    assert harness.count() == 0
    async with harness.running(Recorder(), inbox, clock):
        post = await harness.post(0)
        assert post.thread == thread
        await harness.redeliver(2)
        assert await harness.quiet() == 1
    async with harness.running(Recorder(), inbox, clock):
        assert await harness.quiet() == 1


@pytest.mark.parametrize("direct", [True, False])
async def test_what_was_answered_just_before_a_crash_is_not_answered_again(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock, direct: bool
) -> None:
    class Crashing(MemoryInbox):
        async def finish(self, inbound_id: str) -> None:
            await asyncio.Event().wait()

    crashing = Crashing()
    async with socket.running(Recorder(), crashing, clock):
        await (socket.direct("hello") if direct else socket.mention("hello"))
        await socket.post(0)
    inbox.accepted, inbox.open = crashing.accepted, crashing.open
    async with socket.running(Recorder(), inbox, clock):
        async with asyncio.timeout(5):
            while not inbox.finished:
                await asyncio.sleep(0.005)
        assert await socket.quiet(0.1) == 1


async def test_an_event_that_comes_while_the_earlier_ones_are_resumed_is_answered_once(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    class Slow(MemoryInbox):
        async def unfinished(self, platform: str):
            found = await super().unfinished(platform)
            await asyncio.sleep(0.05)
            return found

    async with harness.running(Recorder(), Slow(), clock):
        await harness.mention("hello")
        await harness.post(0)
        assert await harness.quiet() == 1


async def test_answers_under_way_are_finished_at_a_shutdown(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    asked = asyncio.Event()

    async def slow(inbound: Inbound) -> AsyncIterator[Reply]:
        asked.set()
        await asyncio.sleep(0.1)
        yield said("done")

    async with socket.running(slow, inbox, clock, grace=2.0):
        await socket.mention("hello")
        await asked.wait()
    assert (await socket.post(0)).text == "done"
    assert len(inbox.finished) == 1


async def test_an_event_that_cannot_be_stored_is_not_acknowledged(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock, caplog: pytest.LogCaptureFixture
) -> None:
    harness.peer.delivery.patience = 0.3
    async with harness.running(Recorder(), inbox, clock):
        inbox.fail_with = RuntimeError("INSERT zebra")
        await harness.direct("zebra")
        assert not harness.peer.delivery.acks[-1].ok
        assert harness.count() == 0
        inbox.fail_with = None
        await harness.redeliver(1)
        assert harness.peer.delivery.acks[-1].ok
        await harness.post(0)
        assert await harness.quiet() == 1
    assert "could not be stored (RuntimeError)" in caplog.text
    assert "zebra" not in caplog.text


MALFORMED = [
    ("events_api", {"type": "event_callback", "team_id": TEAM, "event": "zebra"}),
    ("events_api", {"type": "event_callback", "team_id": TEAM}),
    ("events_api", {"type": "event_callback", "event": {"type": "app_mention", "user": ADA, "text": "zebra"}}),
    ("events_api", {"type": "event_callback", "event": {"type": "message", "user": ADA, "channel": DM, "ts": "zebra"}}),
    (
        "events_api",
        {"type": "event_callback", "event": {"type": "message", "user": ["zebra"], "channel": DM, "ts": "1.2"}},
    ),
    ("events_api", {"type": "event_callback", "event": {"type": "message", "user": ADA, "channel": 7, "ts": "1.2"}}),
    ("interactive", {"type": "block_actions", "actions": [], "container": {}, "user": {"id": ADA}}),
    ("interactive", {"type": "view_submission", "view": {"callback_id": "coach:form", "private_metadata": "zebra"}}),
    ("interactive", {"type": "block_actions", "actions": "zebra", "container": "zebra", "user": "zebra"}),
    ("slash_commands", {"command": "/coach", "text": "zebra"}),
]


async def test_a_malformed_event_is_dropped_with_one_line(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with harness.running(Recorder(), inbox, clock):
        for kind, body in MALFORMED:
            caplog.clear()
            ack = await harness.peer.delivery.deliver(kind, body)  # type: ignore[arg-type]
            assert ack.ok, body
            lines = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
            assert len(lines) == 1, (body, lines)
            assert "malformed" in lines[0]
            assert "zebra" not in caplog.text
        assert "accept" not in inbox.calls
        await harness.mention("and a good one")
        await harness.post(0)


async def test_a_body_that_is_no_json_is_dropped_or_refused(
    by_http: SlackHarness, inbox: MemoryInbox, clock: QuickClock, caplog: pytest.LogCaptureFixture
) -> None:
    json_type = {"Content-Type": "application/json"}
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    async with by_http.running(Recorder(), inbox, clock):
        post = by_http.peer.delivery.post
        for raw, headers in [('{"zebra', json_type), ("[1]", json_type), ("payload=zebra", form_type), ("", json_type)]:
            assert (await post(raw, headers, secret="wrong")).status == 401
            assert (await post(raw, headers)).status in {200, 401}
        assert (await post('{"zebra', json_type)).status == 200
        assert (await post(json.dumps({"type": "url_verification", "challenge": "c"}), json_type)).status == 200
        assert "zebra" not in caplog.text
        await by_http.mention("and a good one")
        await by_http.post(0)
