"""What people do and see, on both ways of delivery: real slack-bolt against the peer."""

import asyncio
from datetime import UTC, datetime

import pytest

from bot.core.model import (
    Action,
    Button,
    Buttons,
    Choice,
    Field,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    Reply,
    Text,
    ThreadRef,
    UserRef,
)
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import SlackHarness
from tests.peers.slack.state import ADA, BEN, BOT, BOT_USER, GENERAL, PRIVATE, TEAM
from tests.platform.slack.conftest import QuickClock, Recorder

FORM = Form(
    name="answer",
    title="Your answer",
    argument="item.7",
    fields=(
        Field(name="text", label="What would you do?", kind="text"),
        Field(
            name="sure",
            label="How sure?",
            kind="choice",
            choices=(Choice(value="1", label="Not"), Choice(value="2", label="Very")),
        ),
        Field(name="note", label="Note", required=False),
    ),
)
BUTTONS = Buttons(
    items=(
        Button(label="Hint", action="hint", argument="item.7"),
        Button(label="Answer", action="answer", argument="item.7", opens_form=True, style="primary"),
    )
)


def said(text: str, **how: bool) -> Reply:
    return Reply(blocks=(Text(text=text),), **how)


def core(inbound: Inbound) -> list[Reply]:
    match inbound:
        case Message(text="prompt"):
            return [Reply(blocks=(Text(text="A queue grows."), BUTTONS))]
        case Message(text="secret"):
            return [said("for you alone", private=True)]
        case Message(text=text):
            return [said(f"heard: {text}")]
        case Action(action="answer"):
            return [Reply(blocks=(FORM,))]
        case Action(action=action, argument=argument):
            return [said(f"pressed {action} {argument}", replaces=action == "swap")]
        case FormSubmitted(values=values):
            return [said(" / ".join(f"{name}={value}" for name, value in values.items()))]


async def test_a_mention_is_answered_in_its_thread(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        thread = await harness.mention("is A < B & C?")
        post = await harness.post(0)
        assert (post.text, post.channel, post.thread) == ("heard: is A < B & C?", GENERAL, thread)
        assert await harness.quiet() == 1
    heard = recorder.heard[0]
    assert isinstance(heard, Message)
    assert heard.where == ThreadRef(platform="slack", workspace=TEAM, channel=GENERAL, thread=thread)
    assert heard.user == UserRef(platform="slack", workspace=TEAM, id=ADA)
    assert heard.id == f"slack:{TEAM}:{GENERAL}:{thread}"
    assert heard.admin
    assert not heard.direct
    assert abs((heard.at - datetime.now(UTC)).total_seconds()) < 10
    assert all(ack.ok for ack in harness.peer.delivery.acks)
    assert ThreadRef(platform="slack", workspace=TEAM, channel=GENERAL, thread=thread) in inbox.threads


async def test_every_post_carries_its_key_a_fallback_and_no_unfurling(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with harness.running(Recorder(core), inbox, clock):
        thread = await harness.mention("hello")
        await harness.post(0)
    given = next(given for method, given in harness.peer.calls if method == "chat.postMessage")
    key = f"slack:{TEAM}:{GENERAL}:{thread}:0"
    assert given["metadata"] == {"event_type": "coach_message", "event_payload": {"key": key}}
    assert (given["text"], given["unfurl_links"], given["unfurl_media"]) == ("heard: hello", False, False)


async def test_a_direct_message_is_answered_where_it_stands(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        channel = await harness.direct("hello")
        post = await harness.post(0)
        assert (post.text, post.channel, post.thread) == ("heard: hello", channel, None)
        assert recorder.heard[0].direct
        await harness.peer.direct("and in a thread", thread=post.id)
        assert (await harness.post(1)).thread == post.id


async def test_a_private_answer_in_a_channel_is_shown_to_the_asker_alone(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with harness.running(Recorder(core), inbox, clock):
        thread = await harness.mention("secret")
        post = await harness.post(0)
        assert (post.only_for, post.thread) == (ADA, thread)
        await harness.direct("secret")
        assert (await harness.post(1)).only_for is None  # nobody else is there


async def test_a_slash_command_is_answered_to_its_user_alone(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        await harness.command("today & now")
        post = await harness.post(0)
        assert (post.text, post.only_for, post.channel, post.thread) == ("heard: today & now", ADA, GENERAL, None)
        await harness.peer.command("hello", channel=harness.peer.workspace.direct(ADA).id)
        post = await harness.post(1)
        assert (post.only_for, post.channel) == (None, "D0ADA0001")


async def test_a_slash_command_where_the_coach_is_no_member_is_answered_all_the_same(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with socket.running(Recorder(core), inbox, clock):
        await socket.peer.command("hello", channel=PRIVATE)
        post = await socket.post(0)
    assert (post.text, post.only_for, post.channel) == ("heard: hello", ADA, PRIVATE)


async def test_a_button_comes_back_as_an_action(harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        thread = await harness.mention("prompt")
        prompt = await harness.post(0)
        assert prompt.buttons == ("Hint", "Answer")
    async with harness.running(recorder, inbox, clock):  # nothing kept in memory is needed
        await harness.press(prompt, "Hint")
        assert (await harness.post(1)).text == "pressed hint item.7"
        assert (await harness.post(1)).thread == thread
    action = recorder.heard[1]
    assert isinstance(action, Action)
    assert (action.action, action.argument) == ("hint", "item.7")
    assert action.message is not None
    assert action.message.id == prompt.id


async def test_a_press_on_a_post_of_the_channel_is_answered_in_its_thread(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with harness.running(Recorder(core), inbox, clock) as adapter:
        where = ThreadRef(platform="slack", workspace=TEAM, channel=GENERAL)
        sent = await adapter.send(where, Reply(blocks=(Text(text="daily"), BUTTONS)), key="nudge:1:2026-11-23")
        await harness.press(await harness.post(0), "Hint")
        assert (await harness.post(1)).thread == sent.id


async def test_what_answers_an_ephemeral_message_is_as_private(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with harness.running(Recorder(core), inbox, clock):
        await harness.command("prompt")
        prompt = await harness.post(0)
        await harness.press(prompt, "Hint")
        assert (await harness.post(1)).only_for == ADA
        await harness.press(prompt, "Answer")
        await harness.submit(await harness.form(), {"text": "shed load", "sure": "2"})
        assert (await harness.post(2)).only_for == ADA


async def test_a_form_comes_back_with_its_values(harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        thread = await harness.mention("prompt")
        prompt = await harness.post(0)
        await harness.press(prompt, "Answer")
        form = await harness.form()
        assert form.title == "Your answer"
        assert form.fields == {"text": "What would you do?", "sure": "How sure?", "note": "Note"}
        await harness.submit(form, {"text": "shed <load>", "sure": "2"})
        post = await harness.post(1)
        assert (post.text, post.thread) == ("text=shed <load> / sure=2 / note=", thread)
    submitted = recorder.heard[2]
    assert isinstance(submitted, FormSubmitted)
    assert (submitted.form, submitted.argument) == ("answer", "item.7")
    assert submitted.message is not None
    assert submitted.message.id == prompt.id


async def test_a_form_that_slack_no_longer_opens_is_one_press_away(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    def late(inbound: Inbound) -> list[Reply]:
        harness.peer.workspace.triggers = dict.fromkeys(harness.peer.workspace.triggers, 0.0)
        return core(inbound)

    async with harness.running(Recorder(late), inbox, clock):
        await harness.mention("prompt")
        await harness.press(await harness.post(0), "Answer")
        again = await harness.post(1)
        assert (again.buttons, again.only_for) == (("Open the form",), ADA)
        harness.peer.refused.clear()
    async with harness.running(Recorder(core), inbox, clock):
        await harness.press(again, "Open the form")
        assert (await harness.form()).title == "Your answer"


async def test_a_form_in_answer_to_words_opens_by_a_button_that_says_them_again(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    recorder = Recorder(lambda inbound: [Reply(blocks=(FORM,))])
    async with harness.running(recorder, inbox, clock):
        await harness.mention("let me write")
        await harness.press(await harness.post(0), "Open the form")
        await harness.form()
        await harness.command("form")  # a command brings a trigger of its own
        await harness.form()
    assert [getattr(one, "text", None) for one in recorder.heard] == ["let me write", "let me write", "form"]


@pytest.mark.parametrize("private", [False, True])
async def test_replacing_puts_the_reply_in_the_place_of_the_message(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock, private: bool
) -> None:
    button = Buttons(items=(Button(label="Swap", action="swap"),))

    def answer(inbound: Inbound) -> list[Reply]:
        return core(inbound) if isinstance(inbound, Action) else [Reply(blocks=(Text(text="before"), button))]

    async with harness.running(Recorder(answer), inbox, clock):
        await (harness.command("x") if private else harness.mention("x"))
        await harness.press(await harness.post(0), "Swap")
        async with asyncio.timeout(5):
            while (await harness.post(0)).text == "before":
                await asyncio.sleep(0.003)
        post = await harness.post(0)
        assert (post.text, post.buttons) == ("pressed swap ", ())
        assert await harness.quiet() == 1


async def test_replacing_a_message_that_is_gone_posts_a_new_one(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with socket.running(Recorder(core), inbox, clock) as adapter:
        where = ThreadRef(platform="slack", workspace=TEAM, channel=GENERAL)
        sent = await adapter.send(where, said("first"), key="k:0")
        socket.peer.workspace.channels[GENERAL].messages.clear()
        await adapter.send(where, said("second"), key="k:1", replaces=sent)
        assert (await socket.post(1)).text == "second"


async def test_a_person_and_a_thread_of_its_own(harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock) -> None:
    async with harness.running(Recorder(core), inbox, clock) as adapter:
        person = UserRef(platform="slack", workspace=TEAM, id=BEN)
        sent = await adapter.send(person, said("good morning"), key="nudge:2:2026-11-23")
        assert (await harness.post(0)).channel == sent.thread.channel == "D0BEN0001"
        where = ThreadRef(platform="slack", workspace=TEAM, channel=GENERAL, thread="1.2")
        opened = await adapter.start_thread(where, "Quiz: caches", said("Round one"), key="quiz:1:0:open")
        root = await harness.post(1)
        assert (root.text, root.thread, root.id) == ("Quiz: caches\nRound one", None, opened.thread)
        await adapter.send(opened, said("go"), key="quiz:1:0:go")
        assert (await harness.post(2)).thread == opened.thread


async def test_it_works_without_running_and_knows_time_zones(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    adapter = socket.adapter(inbox, clock)
    await adapter.send(UserRef(platform="slack", workspace=TEAM, id=ADA), said("hi"), key="k")
    assert socket.count() == 1
    assert await adapter.time_zone(UserRef(platform="slack", workspace=TEAM, id=BEN)) == "Asia/Tokyo"
    assert await adapter.time_zone(UserRef(platform="slack", workspace=TEAM, id=BEN)) == "Asia/Tokyo"
    assert await adapter.time_zone(UserRef(platform="slack", workspace=TEAM, id="U0NOBODY1")) is None
    assert [method for method, _ in socket.peer.calls].count("users.info") == 2
    await adapter.close()


async def test_20000_characters_come_in_and_go_out(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    recorder = Recorder(core)
    words = ("A&B <c> " * 3000)[:20_500]
    async with harness.running(recorder, inbox, clock):
        await harness.direct(words)
        post = await harness.post(0)
    heard = recorder.heard[0]
    assert isinstance(heard, Message)
    assert heard.text == words.strip()[:20_000]
    assert post.text.replace("\n", "") == f"heard: {heard.text}"
    messages = post.raw["messages"]
    assert isinstance(messages, list)
    assert len(messages) >= 2


async def test_a_channel_shows_what_does_not_fit_in_the_thread_of_its_post(
    socket: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with socket.running(Recorder(core), inbox, clock) as adapter:
        where = ThreadRef(platform="slack", workspace=TEAM, channel=GENERAL)
        sent = await adapter.send(where, said("word " * 5000), key="k:0")
        messages = socket.peer.workspace.channels[GENERAL].messages
        assert len(messages) == 3
        assert [one.get("thread_ts") for one in messages[1:]] == [sent.id, sent.id]


async def test_what_is_not_addressed_to_the_coach_touches_nothing(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        before = list(inbox.calls)
        peer = harness.peer
        await harness.chatter("zebra one")
        await peer.mention("zebra two", user="U0OTHER01", bot_id="B0OTHER01")
        await peer.mention("zebra three", user=BOT_USER, bot_id=BOT)
        await peer.direct("zebra four", subtype="message_changed")
        await peer.direct("zebra five", subtype="message_deleted")
        await peer.mention("zebra six", edited={"user": ADA, "ts": "1.2"})
        await peer.delivery.event({"type": "reaction_added", "user": ADA, "reaction": "zebra"})
        await peer.delivery.deliver("interactive", {"type": "shortcut", "callback_id": "zebra", "user": {"id": ADA}})
        assert inbox.calls == before  # not one call, not even a read
        thread = await peer.write("zebra seven")
        await harness.chatter("zebra eight", thread=thread["ts"])
        assert inbox.calls == [*before, "joins"]
        assert await harness.quiet(0.1) == 0
        assert all(ack.ok for ack in peer.delivery.acks)
    assert not recorder.heard
    assert "zebra" not in caplog.text


async def test_a_thread_the_coach_speaks_in_needs_no_mention(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    async with harness.running(Recorder(core), inbox, clock):
        thread = await harness.mention("hello")
        await harness.post(0)
        while not inbox.threads:
            await harness.quiet(0.01)
        await harness.chatter("and then?", thread=thread)
        assert (await harness.post(1)).text == "heard: and then?"
        assert (await harness.post(1)).thread == thread


async def test_one_answer_however_often_it_is_delivered(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock
) -> None:
    recorder = Recorder(core)
    async with harness.running(recorder, inbox, clock):
        await harness.mention("prompt")  # arrives as app_mention and as message
        await harness.redeliver(3)
        await harness.command("hello")
        await harness.redeliver(3)
        await harness.press(await harness.post(0), "Hint")
        await harness.redeliver(3)
        await harness.press(await harness.post(0), "Answer")
        await harness.redeliver(3)
        await harness.submit(await harness.form(), {"text": "a", "sure": "1"})
        await harness.redeliver(3)
        assert await harness.quiet() == 4
        assert len(recorder.heard) == 5
        assert len(harness.peer.workspace.views) == 1
    assert all(ack.ok for ack in harness.peer.delivery.acks)


async def test_no_log_at_any_level_holds_what_people_write_or_a_token(
    harness: SlackHarness, inbox: MemoryInbox, clock: QuickClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with harness.running(Recorder(core), inbox, clock):
        await harness.mention("zebra")
        await harness.command("zebra")
        await harness.direct("prompt")
        await harness.press(await harness.post(2), "Answer")
        await harness.submit(await harness.form(), {"text": "zebra", "sure": "1"})
        await harness.post(3)
        await harness.peer.delivery.reset()
        await harness.mention("zebra again")
        await harness.post(4)
    for secret in ("zebra", "xoxb-", "xapp-", "ticket-"):
        assert secret not in caplog.text
