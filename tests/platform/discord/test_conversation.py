"""Talking with people: discord.py itself against the wire peer."""

import asyncio

import pytest

from bot.core.model import Action, FormSubmitted, Message, Reply, ThreadRef
from tests.peers.discord.harness import DiscordHarness
from tests.peers.memory_inbox import MemoryInbox
from tests.platform.discord.conftest import FORM, Handler, QuickClock, said


async def test_a_mention_is_answered_in_its_thread(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        thread = await harness.mention("why does **depth** matter, <@2000000000000000002>?")
        post = await harness.post(0)
        await harness.quiet()
    heard = handler.heard[0]
    assert isinstance(heard, Message)
    assert heard.text == "why does **depth** matter, @Grace?"
    assert (heard.where.workspace, heard.where.channel, heard.where.thread) == (
        "3000000000000000001",
        harness.CHANNEL,
        thread,
    )
    assert heard.id == f"discord:{harness.CHANNEL}:{thread}"
    assert not heard.direct
    assert not heard.admin
    assert (post.channel, post.thread) == (harness.CHANNEL, thread)
    assert post.text == "heard: why does **depth** matter, @Grace?"
    assert harness.world.channels[thread].name == "why does **depth** matter, @Grace?"
    assert inbox.finished == [heard.id]
    assert heard.where in inbox.threads


async def test_a_follow_up_in_the_thread_needs_no_mention(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        thread = await harness.mention("one")
        await harness.post(0)
        await harness.chatter("two", thread=thread)
        assert (await harness.post(1)).thread == thread
    async with harness.running(handler, inbox, clock):  # known from the inbox after a restart
        await harness.chatter("three", thread=thread)
        assert (await harness.post(2)).text == "heard: three"
        await harness.mention("four", thread=thread)
        assert (await harness.post(3)).thread == thread


async def test_without_the_content_intent_the_thread_says_how_to_be_heard_once(blind, inbox, clock, handler):
    async with blind.running(handler, inbox, clock):
        thread = await blind.mention("one")
        await blind.post(0)
        await blind.chatter("two", thread=thread)
        assert "Mention me" in (await blind.post(1)).text
        await blind.chatter("three", thread=thread)
        assert await blind.quiet() == 2
        await blind.mention("four", thread=thread)
        assert (await blind.post(2)).text == "heard: four"
    assert [one.text for one in handler.heard] == ["one", "four"]


async def test_a_direct_message_is_answered_there(harness, inbox, clock, handler):
    handler.replies = [said("psst", private=True)]
    async with harness.running(handler, inbox, clock):
        channel = await harness.direct("hello")
        post = await harness.post(0)
    assert (post.channel, post.thread, post.only_for, post.text) == (channel, None, None, "psst")
    assert handler.heard[0].direct
    assert handler.heard[0].where.workspace == ""


COMMANDS = [
    ("ask", {"question": "why does depth matter?"}, "why does depth matter?", False),
    ("today", {}, "today", False),
    ("subscribe", {"time": "09:00", "zone": "Europe/Paris"}, "subscribe 09:00 Europe/Paris", True),
    ("subscribe", {"time": "9am"}, "subscribe 9am", True),
    ("subscribe", {"time": "9am", "place": "channel"}, "subscribe channel 9am", False),
    ("unsubscribe", {}, "unsubscribe", True),
    ("settings", {}, "settings", True),
    ("help", {}, "help", True),
    ("export", {}, "export", True),
    ("forget", {}, "forget me", True),
]


@pytest.mark.parametrize(("name", "options", "words", "private"), COMMANDS)
async def test_each_command_stands_for_its_words(*, harness, inbox, clock, handler, name, options, words, private):
    handler.replies = [said("done", private=private)]
    async with harness.running(handler, inbox, clock):
        await harness.peer.slash(name, **options)
        post = await harness.post(0)
        await harness.quiet()
    heard = handler.heard[0]
    assert isinstance(heard, Message)
    assert heard.text == words
    assert heard.where.thread is None
    assert (post.text, post.only_for) == ("done", harness.PERSON if private else None)
    assert harness.count() == 1


async def test_commands_are_registered_once(harness, inbox, clock, handler):
    for _ in range(2):
        async with harness.running(handler, inbox, clock):
            await harness.quiet(0.1)
    puts = [one for one in harness.peer.rest.requests if one.startswith("PUT")]
    assert len(puts) == 1


async def test_a_manager_is_an_administrator(harness, inbox, clock, handler):
    harness.world.person.manager = True
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        await harness.post(0)
        await harness.command("help")
        await harness.post(1)
    assert [one.admin for one in handler.heard] == [True, True]


async def test_a_button_comes_back_as_an_action(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        thread = await harness.mention("hello")
        post = await harness.post(0)
        assert post.buttons == ("Hint", "Answer", "Replace", "Whisper")
        await harness.press(post, "Hint")
        answer = await harness.post(1)
        await harness.press(post, "Whisper")
        whisper = await harness.post(2)
        await harness.press(post, "Replace")
        await harness.peer.until(lambda: harness.peer.posts()[0].text == "replaced")
        await harness.quiet()
    action = handler.heard[1]
    assert isinstance(action, Action)
    assert (action.action, action.argument) == ("hint", "item-7")
    assert action.message is not None
    assert action.message.id == post.id
    assert (answer.text, answer.thread, answer.only_for) == ("pressed hint item-7", thread, None)
    assert (whisper.text, whisper.only_for) == ("for you alone", harness.PERSON)
    assert harness.count() == 3


async def test_a_button_works_after_a_restart(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        post = await harness.post(0)
    async with harness.running(handler, inbox, clock):
        await harness.press(post, "Hint")
        assert (await harness.post(1)).text == "pressed hint item-7"


async def test_a_form_is_opened_filled_in_and_comes_back(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        post = await harness.post(0)
        await harness.press(post, "Answer")
        form = await harness.form()
        assert form.title == "Your answer"
        assert form.fields == {"text": "What would you do?", "note": "Note", "sure": "How sure are you?"}
    async with harness.running(handler, inbox, clock):  # it may stay open over a restart
        await harness.submit(form, {"text": "measure first", "sure": "high"})
        answer = await harness.post(1)
    came = handler.heard[-1]
    assert isinstance(came, FormSubmitted)
    assert (came.form, came.argument) == ("answer", "item-7")
    assert dict(came.values) == {"text": "measure first", "note": "", "sure": "high"}
    assert came.message is not None
    assert came.message.id == post.id
    assert answer.text == "submitted text=measure first; note=; sure=high"


async def test_a_command_can_open_a_form(harness, inbox, clock, handler):
    handler.replies = [Reply(blocks=(FORM,))]
    async with harness.running(handler, inbox, clock):
        await harness.command("settings")
        assert (await harness.form()).title == "Your answer"


async def test_a_form_that_cannot_open_is_offered_by_a_button(harness, inbox, clock, handler):
    handler.replies = [Reply(blocks=(FORM,))]
    async with harness.running(handler, inbox, clock):
        await harness.mention("settings")
        post = await harness.post(0)
        assert post.buttons == ("Your answer",)
        handler.replies = None
        await harness.press(post, "Your answer")
        await harness.form()
    action = handler.heard[-1]
    assert isinstance(action, Action)
    assert (action.action, action.argument) == ("answer", "item-7")


async def test_a_private_reply_to_a_mention_goes_to_the_person(harness, inbox, clock, handler):
    handler.replies = [said("psst", private=True)]
    async with harness.running(handler, inbox, clock):
        await harness.mention("export")
        post = await harness.post(0)
        await harness.quiet()
    assert post.channel == harness.world.direct_channel(harness.PERSON).id
    assert harness.count() == 1


async def test_where_no_thread_may_be_opened_it_replies_in_the_channel(harness, inbox, clock, handler):
    harness.world.denied.add((harness.CHANNEL, "threads"))
    async with harness.running(handler, inbox, clock):
        thread = await harness.mention("hello")
        post = await harness.post(0)
    assert (post.channel, post.thread, post.raw["reference"]) == (harness.CHANNEL, None, thread)
    assert post.raw["pings"] == []


async def test_an_event_delivered_again_is_answered_once(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        await harness.mention("hello")
        await harness.redeliver(2)
        post = await harness.post(0)
        await harness.quiet()
        assert harness.count() == 1
        await harness.press(post, "Hint")
        await harness.redeliver(2)
        await harness.post(1)
        await harness.command("help")
        await harness.redeliver(2)
        await harness.post(2)
        await harness.quiet()
    assert harness.count() == 3
    assert len(handler.heard) == 3


async def test_what_is_not_addressed_touches_nothing(
    harness: DiscordHarness, inbox: MemoryInbox, clock, handler, caplog
):
    caplog.set_level("DEBUG")
    async with harness.running(handler, inbox, clock):
        before = list(inbox.calls)
        peer, world = harness.peer, harness.world
        foreign = world.thread(world.write(world.person, harness.CHANNEL, "start"), "theirs")
        await peer.gateway.dispatch("THREAD_CREATE", world.channel_payload(foreign))
        for number in range(50):
            await harness.chatter(f"zebra {number}")
        await peer.say(f"<@{world.bot.id}> zebra from a bot", by=world.other_bot)
        await peer.say(f"<@{world.bot.id}> zebra from ourselves", by=world.bot)
        await peer.say(f"<@{world.bot.id}> zebra from a webhook", webhook="5000000000000000001")
        await peer.say(f"<@{world.bot.id}> zebra of the system", type=7)
        await peer.say("@everyone zebra")
        message = await peer.say("zebra")
        await peer.edit(message, f"<@{world.bot.id}> zebra edited")
        await harness.mention("last")
        await harness.post(0)
        assert inbox.calls[len(before)] == "accept"
        calls = list(inbox.calls)
        await harness.chatter("zebra in a thread", thread=foreign.id)
        await harness.mention("really last")
        await harness.post(1)
    assert [one.text for one in handler.heard] == ["last", "really last"]
    assert calls.count("joins") == 0
    assert inbox.calls.count("joins") == 1  # only a thread is looked up
    assert "zebra" not in caplog.text
    assert "zebra" not in repr(inbox.accepted)


async def test_a_message_to_somebody_else_in_our_thread_is_left_alone(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        thread = await harness.mention("one")
        await harness.post(0)
        await harness.chatter(f"<@{harness.world.friend.id}> what do you think?", thread=thread)
        await harness.chatter("two", thread=thread)
        assert (await harness.post(1)).text == "heard: two"


async def test_what_cannot_be_stored_is_not_answered_and_the_server_stays_up(harness, inbox, clock, handler):
    async with harness.running(handler, inbox, clock):
        inbox.fail_with = RuntimeError("the disk with the secret text is full")
        await harness.mention("hello")
        await harness.command("help")
        post = await harness.post(0)
        assert post.only_for == harness.PERSON
        assert "try again" in post.text
        assert await harness.quiet() == 1
        assert handler.heard == []
        inbox.fail_with = None
        await harness.mention("hello again")
        assert (await harness.post(1)).text == "heard: hello again"


async def test_a_handler_that_says_nothing_leaves_no_placeholder(harness, inbox, clock, handler):
    handler.replies = []
    async with harness.running(handler, inbox, clock):
        interaction = await harness.peer.slash("today")
        await harness.peer.until(lambda: interaction.response is not None)
        await harness.quiet()
    assert not [one for one in harness.world.messages.values() if one.author == harness.world.bot.id]


async def test_a_thread_of_our_own_begins_with_its_message(harness, inbox, clock, handler):
    where = ThreadRef(platform="discord", workspace=harness.world.guild, channel=harness.CHANNEL)
    async with harness.running(handler, inbox, clock) as adapter:
        for _ in range(2):  # the same key again opens nothing new
            thread = await adapter.start_thread(where, "Quiz: caches", said("Welcome"), key="quiz:1:0")
        await adapter.send(thread, said("Question one"), key="quiz:1:1")
        first, second = await harness.post(0), await harness.post(1)
        await harness.quiet()
    assert (first.thread, first.text) == (None, "Welcome")
    assert (second.thread, second.text) == (first.id, "Question one")
    assert harness.world.channels[first.id].name == "Quiz: caches"
    assert harness.count() == 2


async def test_answers_are_concurrent(harness, inbox, clock: QuickClock, handler: Handler):
    handler.gate = asyncio.Event()
    async with harness.running(handler, inbox, clock):
        await harness.mention("one")
        await harness.mention("two")
        await harness.peer.until(lambda: True)
        async with asyncio.timeout(5):
            while len(handler.heard) < 2:
                await asyncio.sleep(0.01)
        handler.gate.set()
        await harness.post(1)
