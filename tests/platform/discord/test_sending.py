"""Sending through faults: nothing twice, nothing lost, every error one of the core's."""

import asyncio
import datetime as dt

import discord
import pytest

from bot.adapters.discord import create, render
from bot.core.errors import Ambiguous, NotSent, RateLimited, Rejected, Unreadable
from bot.core.intake import send_once
from bot.core.model import MessageRef, Reply, Text, ThreadRef, UserRef
from tests.peers.discord.harness import settings
from tests.peers.memory_inbox import MemoryInbox
from tests.platform.discord.conftest import FORM, Handler, QuickClock, said

KEY = "nudge:7:2026-01-01"


@pytest.fixture
async def sender(harness, inbox, clock):
    """An adapter that only sends, as a worker process does."""
    adapter = create(settings(harness.peer), inbox, clock)
    yield adapter
    await adapter.close()


@pytest.fixture
def channel(harness):
    return ThreadRef(platform="discord", workspace=harness.world.guild, channel=harness.CHANNEL)


@pytest.fixture
def person(harness):
    return UserRef(platform="discord", workspace="", id=harness.PERSON)


async def test_send_needs_no_run(harness, sender, channel, person):
    sent = await sender.send(channel, said("to all"), key=KEY)
    direct = await sender.send(person, said("to you"), key=KEY + "b")
    posts = harness.peer.posts()
    assert [post.text for post in posts] == ["to all", "to you"]
    assert sent == MessageRef(thread=channel, id=posts[0].id)
    assert direct.thread.channel == posts[1].channel
    assert harness.peer.gateway.log == []
    assert posts[0].raw["pings"] == []
    assert posts[0].raw["allowed_mentions"] == {"parse": []}
    nonce = posts[0].raw["nonce"]
    assert len(nonce) <= 25
    assert posts[0].raw["enforce_nonce"] is True


async def test_replaces_edits_the_message(harness, sender, channel):
    sent = await sender.send(channel, said("one"), key=KEY)
    assert await sender.send(channel, said("two"), key=KEY + "b", replaces=sent) == sent
    assert [post.text for post in harness.peer.posts()] == ["two"]
    gone = MessageRef(thread=channel, id="1234567890123456789")
    await sender.send(channel, said("three"), key=KEY + "c", replaces=gone)
    assert [post.text for post in harness.peer.posts()] == ["two", "three"]


async def test_find_knows_its_message_by_its_mark(harness, sender, channel, inbox, clock):
    sent = await sender.send(channel, said("one"), key=KEY)
    await sender.send(channel, said("two"), key=KEY + "b")
    other = create(settings(harness.peer), inbox, clock)  # another process, minutes later
    try:
        assert await other.find(channel, KEY) == sent
        assert await other.find(channel, "nudge:8:2026-01-01") is None
        harness.world.denied.add((harness.CHANNEL, "history"))
        with pytest.raises(Unreadable):
            await other.find(channel, KEY)
        assert await sender.find(channel, KEY) is None  # within two minutes the nonce keeps a repeat from doubling
        assert (await sender.send(channel, said("one"), key=KEY)) == sent
    finally:
        await other.close()
    assert harness.count() == 2


@pytest.mark.parametrize("readable", [True, False])
async def test_accepted_but_lost_is_not_sent_twice(harness, sender, channel, clock, readable):
    if not readable:
        harness.world.denied.add((harness.CHANNEL, "history"))
    await sender.send(channel, said("warm"), key="warm")
    harness.peer.faults.add("lost")
    with pytest.raises(Ambiguous):
        await sender.send(channel, said("one"), key=KEY)
    found = await send_once(sender, channel, said("one"), key=KEY, clock=clock, maybe_sent=True)
    assert found is not None
    assert [post.text for post in harness.peer.posts()] == ["warm", "one"]


async def test_a_lost_answer_to_a_mention_is_not_repeated(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        harness.peer.faults.add("lost")
        await harness.mention("hello")
        await harness.post(0)
        await harness.quiet()
        harness.peer.faults.add("reset")
        await harness.mention("again")
        await harness.post(1)
        await harness.quiet()
        harness.peer.faults.add("reset", "POST /channels/.*/threads")
        await harness.mention("third")
        await harness.post(2)
        harness.peer.faults.add("lost", "POST /channels/.*/threads")
        await harness.mention("fourth")
        await harness.post(3)
        await harness.quiet()
    assert [post.text for post in harness.peer.posts()] == [
        f"heard: {t}" for t in ("hello", "again", "third", "fourth")
    ]
    assert all(post.thread for post in harness.peer.posts())
    assert len(inbox.finished) == 4


async def test_lost_answers_to_interactions_are_not_repeated(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        for number, route in enumerate(("POST /interactions/.*", "POST /webhooks/.*", "PATCH /webhooks/.*")):
            handler.replies = [said(f"{number}a"), said(f"{number}b")]
            harness.peer.faults.add("lost", route)
            await harness.command("today")
            await harness.peer.until(lambda n=number: len(inbox.finished) == n + 1 or harness.count() == 2 * n + 2, 10)
            await harness.quiet()
            harness.peer.faults.waiting.clear()
    assert [post.text for post in harness.peer.posts()] == ["0a", "0b", "1a", "1b", "2a", "2b"]


@pytest.mark.parametrize("status", ["503", "500"])
async def test_a_server_error_is_got_over(harness, sender, channel, clock, status):
    harness.peer.faults.add(status)
    await send_once(sender, channel, said("one"), key=KEY, clock=clock)
    assert [post.text for post in harness.peer.posts()] == ["one"]


async def test_429_is_waited_for(harness, sender, channel):
    harness.peer.faults.add("429", retry_after=0.05, times=2)
    harness.peer.faults.add("429", retry_after=0.05, everywhere=True)
    await sender.send(channel, said("one"), key=KEY)
    assert harness.count() == 1


async def test_a_long_429_is_left_to_the_caller(harness, sender, channel):
    harness.peer.faults.add("429", retry_after=3600)
    with pytest.raises(RateLimited) as raised:
        await sender.send(channel, said("one"), key=KEY)
    assert raised.value.retry_after == 3600
    harness.peer.faults.add("429", via=False)  # a ban by Cloudflare has no answer of Discord's in it
    with pytest.raises(RateLimited):
        await sender.send(channel, said("one"), key=KEY)


async def test_a_bucket_is_kept_to(harness, sender, channel):
    harness.peer.rest.bucket = (3, 0.3)
    await asyncio.gather(*(sender.send(channel, said(str(n)), key=f"k{n}") for n in range(7)))
    assert sorted(post.text for post in harness.peer.posts()) == [str(n) for n in range(7)]


async def test_refusals_are_final(harness, sender, channel, person):
    harness.world.closed_dms.add(harness.PERSON)
    with pytest.raises(Rejected, match="does not take direct messages") as raised:
        await sender.send(person, said("one"), key=KEY)
    assert raised.value.code == "50007"
    harness.world.denied.add((harness.CHANNEL, "send"))
    with pytest.raises(Rejected) as raised:
        await sender.send(channel, said("one"), key=KEY)
    assert raised.value.code == "50013"
    for place in ("4999999999999999999", "general"):
        nowhere = ThreadRef(platform="discord", workspace=harness.world.guild, channel=place)
        with pytest.raises(Rejected) as raised:
            await sender.send(nowhere, said("one"), key=KEY)
        assert raised.value.code == "10003"
    gone = ThreadRef(
        platform="discord", workspace=harness.world.guild, channel=harness.CHANNEL, thread="4999999999999999998"
    )
    with pytest.raises(Rejected):
        await sender.send(gone, said("one"), key=KEY)
    assert harness.count() == 0


async def test_no_server_is_not_sent(harness, inbox, clock, channel):
    adapter = create(
        settings(harness.peer).model_copy(update={"discord_api_url": "http://127.0.0.1:9/api/v10"}), inbox, clock
    )
    with pytest.raises(NotSent):
        await adapter.send(channel, said("one"), key=KEY)


async def test_a_late_answer_replaces_the_placeholder(harness, inbox, clock, handler):
    handler.gate = asyncio.Event()
    async with harness.running(handler, inbox, clock) as adapter:
        adapter.listener.acknowledge_after = 0.05
        harness.world.deadline = 0.5
        handler.replies = [said("late"), said("and more")]
        asked = await harness.peer.slash("ask", question="why?")
        await harness.peer.until(lambda: asked.response == 5)
        await asyncio.sleep(0.6)
        assert harness.count() == 0
        handler.gate.set()
        first, second = await harness.post(0), await harness.post(1)
    assert (first.text, second.text) == ("late", "and more")
    assert first.id == asked.original
    assert harness.count() == 2


@pytest.mark.parametrize(("command", "private"), [("ask", True), ("help", False)])
async def test_a_deferral_of_the_wrong_privacy_is_replaced(*, harness, inbox, clock, handler, command, private):
    handler.gate = asyncio.Event()
    async with harness.running(handler, inbox, clock) as adapter:
        adapter.listener.acknowledge_after = 0.02
        handler.replies = [said("late", private=private)]
        asked = await harness.peer.slash(command, **({"question": "why?"} if command == "ask" else {}))
        await harness.peer.until(lambda: asked.response == 5)
        handler.gate.set()
        post = await harness.post(0)
        await harness.quiet()
    assert post.only_for == (harness.PERSON if private else None)
    assert [one.id for one in harness.world.messages.values() if one.author == harness.world.bot.id] == [post.id]


async def test_a_late_press_still_replaces_and_a_form_is_not_deferred(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock) as adapter:
        adapter.listener.acknowledge_after = 0.02
        await harness.mention("hello")
        post = await harness.post(0)
        handler.gate = asyncio.Event()
        pressed = await harness.peer.press(post.id, "Replace")
        await harness.peer.until(lambda: pressed.response == 6)
        handler.gate.set()
        await harness.peer.until(lambda: harness.peer.posts()[0].text == "replaced")
        assert harness.count() == 1
    async with harness.running(handler, MemoryInbox(), clock) as adapter:
        adapter.listener.acknowledge_after = 0.02
        await harness.mention("hello")
        post = await harness.post(1)
        handler.gate = asyncio.Event()
        pressed = await harness.peer.press(post.id, "Answer")
        await asyncio.sleep(0.2)
        assert pressed.response is None
        handler.gate.set()
        await harness.form()


async def test_an_interaction_that_ended_is_answered_in_the_channel(harness, inbox, clock: QuickClock, handler):
    handler.gate = asyncio.Event()
    async with harness.running(handler, inbox, clock) as adapter:
        adapter.listener.acknowledge_after = 0.02
        asked = await harness.peer.slash("ask", question="why?")
        await harness.peer.until(lambda: asked.response == 5)
        clock.ahead = dt.timedelta(minutes=16)
        handler.gate.set()
        post = await harness.post(0)
    assert post.text == "heard: why?"
    assert post.id != asked.original


async def test_an_acknowledgement_too_late_is_made_good_in_the_channel(harness, inbox, clock, handler):
    handler.gate = asyncio.Event()
    async with harness.running(handler, inbox, clock) as adapter:
        adapter.listener.acknowledge_after = 0.02
        harness.world.deadline = -1
        await harness.command("ask why?")
        handler.gate.set()
        assert (await harness.post(0)).text == "heard: why?"
        handler.replies = [Reply(blocks=(FORM,))]
        await harness.press(harness.peer.posts()[0], "Answer")
        assert (await harness.post(1)).buttons == ("Your answer",)


async def _crash(harness, inbox, clock, handler, act) -> None:
    """Run until the handler has the event, then stop without an answer."""
    handler.gate = asyncio.Event()
    seen = len(handler.heard)
    async with harness.running(handler, inbox, clock) as adapter:
        adapter.listener.acknowledge_after = 0.02
        await act()
        async with asyncio.timeout(5):
            while len(handler.heard) == seen:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
    handler.gate = None


async def test_a_crash_before_the_answer_is_made_good(harness, inbox, clock, handler):
    await _crash(harness, inbox, clock, handler, lambda: harness.mention("hello"))
    assert harness.count() == 0
    async with harness.running(handler, inbox, clock):
        await harness.redeliver(1)
        assert (await harness.post(0)).text == "heard: hello"
        assert await harness.quiet() == 1
    async with harness.running(handler, inbox, clock):
        assert await harness.quiet() == 1


async def test_a_crash_after_the_deferral_fills_the_placeholder(harness, inbox, clock, handler):
    handler.replies = [said("one"), said("two")]
    await _crash(harness, inbox, clock, handler, lambda: harness.command("today"))
    assert harness.count() == 0
    async with harness.running(handler, inbox, clock):
        await harness.post(1)
        assert await harness.quiet() == 2
    assert [post.text for post in harness.peer.posts()] == ["one", "two"]
    left = [one for one in harness.world.messages.values() if one.author == harness.world.bot.id]
    assert len(left) == 2


async def test_a_crash_after_a_press_still_replaces(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        post = await harness.post(0)
    await _crash(harness, inbox, clock, handler, lambda: harness.press(post, "Replace"))
    async with harness.running(handler, inbox, clock):
        await harness.peer.until(lambda: harness.peer.posts()[0].text == "replaced")
        assert await harness.quiet() == 1


async def test_a_crash_between_two_replies_repeats_none(harness, inbox, clock, handler):
    handler.replies = [said("one"), said("two")]
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        await harness.post(1)
        await harness.quiet()
    event = next(iter(inbox.accepted.values()))
    from bot.core.ports import Pending

    inbox.open[event.id] = Pending(inbound=event, sent=1, attempted=True)  # as if it died right after sending
    harness.world.nonces.clear()  # and minutes passed
    async with harness.running(handler, inbox, clock):
        async with asyncio.timeout(5):
            while inbox.open:
                await asyncio.sleep(0.01)
    assert [post.text for post in harness.peer.posts()] == ["one", "two"]


async def test_twenty_thousand_characters(harness, inbox, clock, handler: Handler):
    words = " ".join(f"word{number}" for number in range(2500))[:20_000]
    handler.replies = [Reply(blocks=(Text(text=words),))]
    async with harness.running(handler, inbox, clock):
        await harness.peer.direct("x" * 4000)
        await harness.post(5)
        await harness.quiet()
    posts = harness.peer.posts()
    assert " ".join(post.text for post in posts).split() == words.split()
    assert not harness.peer.rest.refusals


async def test_a_reply_of_many_parts_survives_a_lost_one(harness, sender, channel, clock):
    long = Reply(blocks=(Text(text="word " * 3000),))
    count = len(render.pages(long, KEY))
    await sender.send(channel, said("warm"), key="warm")
    harness.peer.faults.add("503", times=0)
    harness.peer.faults.waiting.clear()

    async def lose_the_second() -> None:
        await harness.peer.until(lambda: harness.count() == 2)
        harness.peer.faults.add("lost")

    losing = asyncio.create_task(lose_the_second())
    with pytest.raises(Ambiguous):
        await sender.send(channel, long, key=KEY)
    await losing
    harness.world.nonces.clear()
    await send_once(sender, channel, long, key=KEY, clock=clock, maybe_sent=True)
    assert harness.count() == 1 + count


async def test_what_the_library_raises_is_never_shown(harness, sender, channel, monkeypatch):
    monkeypatch.setattr(render, "LIMIT", 9000)
    with pytest.raises(Rejected, match="code 50035") as raised:
        await sender.send(channel, said("a" * 5000), key=KEY)
    assert isinstance(raised.value.__cause__, discord.HTTPException)
