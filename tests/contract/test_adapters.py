"""One suite over every adapter: the real SDKs against their peers, and the terminal.

A third platform adds one line to HARNESSES.
"""

import contextlib
import importlib
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.errors import Unreadable
from bot.core.model import (
    Action,
    Button,
    Buttons,
    Choice,
    Citation,
    Field,
    File,
    Form,
    FormSubmitted,
    Inbound,
    Message,
    Picture,
    Progress,
    Quote,
    Reply,
    Table,
    Text,
    ThreadRef,
)
from jobs.clock import SystemClock
from tests.peers.harness import Harness
from tests.peers.memory_inbox import MemoryInbox

HARNESSES = {
    "console": ("tests.peers.console:ConsoleHarness", {"folder": True}),
    "slack-socket": ("tests.peers.slack.harness:SlackHarness", {"mode": "socket"}),
    "slack-http": ("tests.peers.slack.harness:SlackHarness", {"mode": "http"}),
    "discord": ("tests.peers.discord.harness:DiscordHarness", {}),
}
CLOCK = SystemClock()


@pytest.fixture(params=list(HARNESSES))
async def harness(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harness]:
    where, arguments = HARNESSES[request.param]
    module, _, name = where.partition(":")
    given: dict[str, Any] = {"folder": tmp_path} if "folder" in arguments else dict(arguments)
    made = getattr(importlib.import_module(module), name)(**given)
    async with made.started() if hasattr(made, "started") else made as one:
        yield one


def is_console(harness: Harness) -> bool:
    return harness.CHANNEL == "terminal"


class Script:
    """A core that answers with what it was given, and remembers what came in."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.heard: list[Inbound] = []

    async def handle(self, inbound: Inbound) -> AsyncIterator[Reply]:
        self.heard.append(inbound)
        for reply in self.replies:
            yield reply


def say(text: str, **more: Any) -> Reply:
    return Reply(blocks=(Text(text=text),), **more)


def png() -> bytes:
    """A real 2 x 2 PNG."""
    rows = b"".join(b"\0" + b"\x20\x80\xc0" * 2 for _ in range(2))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = (2).to_bytes(4, "big") * 2 + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def test_a_mention_is_answered_in_its_thread_once(harness: Harness) -> None:
    core, inbox = Script(say("Depth matters.")), MemoryInbox()
    async with harness.running(core.handle, inbox, CLOCK):
        thread = await harness.mention("why does depth matter?")
        post = await harness.post(0)
        assert "Depth matters." in post.text
        assert is_console(harness) or post.thread == thread
        assert await harness.quiet() == 1
    (heard,) = core.heard
    assert isinstance(heard, Message)
    assert heard.text.strip() == "why does depth matter?"
    assert heard.user.id == harness.PERSON
    assert inbox.finished == [heard.id]


async def test_a_direct_message_is_answered_where_it_was_written(harness: Harness) -> None:
    core = Script(say("Hello."))
    async with harness.running(core.handle, MemoryInbox(), CLOCK):
        channel = await harness.direct("hi there")
        post = await harness.post(0)
    assert post.channel == channel
    assert core.heard[0].direct


async def test_a_command_says_the_same_words_as_a_message(harness: Harness) -> None:
    core = Script(say("Here it is."))
    async with harness.running(core.handle, MemoryInbox(), CLOCK):
        await harness.command("today")
        assert "Here it is." in (await harness.post(0)).text
    heard = core.heard[0]
    assert isinstance(heard, Message)
    assert heard.text == "today"


BLOCKS = {
    "text": (Text(text="Plain words & <signs>"), "Plain words & <signs>"),
    "heading": (Text(text="A heading", style="heading"), "A heading"),
    "quiet": (Text(text="Aside", style="quiet"), "Aside"),
    "code": (Text(text="SELECT 1", style="code"), "SELECT 1"),
    "emphasis": (Text(text="the pool is full", emphasis=((4, 8),)), "pool"),
    "quote": (
        Quote(text="Less than before.", citation=Citation(source="the article", section="Tech")),
        "Less than before.",
    ),
    "table": (Table(header=("Say", "Get"), rows=(("today", "a prompt"),), caption="Commands"), "a prompt"),
    "progress": (Progress(label="Backend", done=3, total=10), "Backend"),
}


@pytest.mark.parametrize("kind", list(BLOCKS))
async def test_every_block_can_be_read(harness: Harness, kind: str) -> None:
    block, shown = BLOCKS[kind]
    async with harness.running(Script(Reply(blocks=(block,))).handle, MemoryInbox(), CLOCK):
        await harness.direct("show")
        assert shown in (await harness.post(0)).text


async def test_a_quote_names_its_source_and_section(harness: Harness) -> None:
    quote = Quote(text="Less than before.", citation=Citation(source="the article", section="Does Tech Stack Matter?"))
    async with harness.running(Script(Reply(blocks=(quote,))).handle, MemoryInbox(), CLOCK):
        await harness.direct("show")
        text = (await harness.post(0)).text
    assert "the article" in text
    assert "Does Tech Stack Matter?" in text


async def test_pictures_and_files_arrive_whole_with_their_text(harness: Harness) -> None:
    picture = Picture(data=png(), alt="Two by two pixels", name="tiny.png")
    file = File(name="export.json", media_type="application/json", data=b'{"a": 1}', caption="Your data.")
    async with harness.running(Script(Reply(blocks=(picture,)), Reply(blocks=(file,))).handle, MemoryInbox(), CLOCK):
        await harness.direct("show")
        files = (await harness.post(0)).files + (await harness.post(1)).files
    assert [(name, data) for name, data, _ in files] == [("tiny.png", png()), ("export.json", b'{"a": 1}')]
    assert "Two by two pixels" in files[0][2]


async def test_a_pressed_button_comes_back_as_an_action(harness: Harness) -> None:
    buttons = Buttons(
        items=(Button(label="Hint", action="hint", argument="d-1:a"), Button(label="Reveal", action="reveal"))
    )
    core = Script(Reply(blocks=(Text(text="Prompt"), buttons)))
    async with harness.running(core.handle, MemoryInbox(), CLOCK):
        await harness.direct("today")
        post = await harness.post(0)
        assert post.buttons == ("Hint", "Reveal")
        await harness.press(post, "Hint")
        await harness.post(1)
    action = core.heard[1]
    assert isinstance(action, Action)
    assert (action.action, action.argument, action.user.id) == ("hint", "d-1:a", harness.PERSON)


async def test_a_button_works_after_a_restart(harness: Harness) -> None:
    core = Script(
        Reply(blocks=(Text(text="Prompt"), Buttons(items=(Button(label="Hint", action="hint", argument="7"),))))
    )
    inbox = MemoryInbox()
    async with harness.running(core.handle, inbox, CLOCK):
        await harness.direct("today")
        post = await harness.post(0)
    after = Script(say("A hint."))
    async with harness.running(after.handle, inbox, CLOCK):
        await harness.press(post, "Hint")
        assert "A hint." in (await harness.post(1)).text
    action = after.heard[0]
    assert isinstance(action, Action)
    assert (action.action, action.argument) == ("hint", "7")


FORM = Form(
    name="answer",
    title="Your answer",
    argument="d-1:a",
    fields=(
        Field(name="answer", label="What ran out?", kind="text"),
        Field(
            name="sure",
            label="How sure?",
            kind="choice",
            choices=(Choice(value="y", label="Sure"), Choice(value="n", label="Not")),
        ),
        Field(name="note", label="A note", required=False),
    ),
)


class FormCore(Script):
    """A core whose Answer button opens FORM."""

    async def handle(self, inbound: Inbound) -> AsyncIterator[Reply]:
        self.heard.append(inbound)
        if isinstance(inbound, Action):
            yield Reply(blocks=(FORM,))
        elif isinstance(inbound, FormSubmitted):
            yield say("Two points.", private=True)
        else:
            button = Button(label="Answer", action="answer", argument="d-1:a", opens_form=True)
            yield Reply(blocks=(Text(text="Prompt"), Buttons(items=(button,))))


@pytest.mark.parametrize("restart", [False, True], ids=["", "after a restart"])
async def test_a_form_opens_and_comes_back_filled_in(harness: Harness, restart: bool) -> None:
    core, inbox = FormCore(), MemoryInbox()
    async with contextlib.AsyncExitStack() as stack:
        running = await stack.enter_async_context(contextlib.AsyncExitStack())
        await running.enter_async_context(harness.running(core.handle, inbox, CLOCK))
        await harness.direct("today")
        post = await harness.post(0)
        if restart:
            await running.aclose()
            await stack.enter_async_context(harness.running(core.handle, inbox, CLOCK))
        await harness.press(post, "Answer")
        form = await harness.form()
        assert form.title == "Your answer"
        await harness.submit(form, {"answer": "the pool", "sure": "y", "note": ""})
        assert "Two points." in (await harness.post(1)).text
    submitted = core.heard[-1]
    assert isinstance(submitted, FormSubmitted)
    assert (submitted.form, submitted.argument) == ("answer", "d-1:a")
    assert dict(submitted.values) == {"answer": "the pool", "sure": "y", "note": ""}
    assert submitted.where.channel == core.heard[0].where.channel


async def test_a_private_reply_is_for_the_asker_alone(harness: Harness) -> None:
    async with harness.running(Script(say("Only you.", private=True)).handle, MemoryInbox(), CLOCK):
        await harness.mention("settings")
        post = await harness.post(0)
    if not is_console(harness):
        assert post.only_for == harness.PERSON or post.channel != harness.CHANNEL


async def test_a_replacing_reply_stands_where_the_button_was(harness: Harness) -> None:
    if is_console(harness):
        return  # what is printed stays printed

    class Core(Script):
        async def handle(self, inbound: Inbound) -> AsyncIterator[Reply]:
            self.heard.append(inbound)
            if isinstance(inbound, Action):
                yield say("Stopped.", replaces=True)
            else:
                yield Reply(blocks=(Text(text="Stop?"), Buttons(items=(Button(label="Stop", action="stop"),))))

    async with harness.running(Core().handle, MemoryInbox(), CLOCK):
        await harness.direct("unsubscribe")
        await harness.press(await harness.post(0), "Stop")
        for _ in range(100):
            if "Stopped." in (await harness.post(0)).text:
                break
            await harness.quiet(0.05)
        post = await harness.post(0)
        assert "Stopped." in post.text
        assert post.buttons == ()
        assert await harness.quiet() == 1


async def test_a_redelivered_event_is_answered_once(harness: Harness) -> None:
    if is_console(harness):
        return  # nothing is delivered twice to a terminal
    core = Script(say("Once."))
    async with harness.running(core.handle, MemoryInbox(), CLOCK):
        await harness.mention("why?")
        await harness.post(0)
        await harness.redeliver(2)
        assert await harness.quiet() == 1
    assert len(core.heard) == 1


async def test_what_is_not_addressed_to_the_coach_touches_nothing(harness: Harness) -> None:
    if is_console(harness):
        return  # everything typed into a terminal is addressed to the coach
    core, inbox = Script(say("Hm?")), MemoryInbox()
    async with harness.running(core.handle, inbox, CLOCK):
        for number in range(5):
            await harness.chatter(f"lunch at {number}?")
        assert await harness.quiet() == 0
    assert core.heard == []
    assert set(inbox.calls) <= {"unfinished", "joins"}


async def test_a_thread_the_coach_speaks_in_needs_no_mention(harness: Harness) -> None:
    if is_console(harness):
        return  # a terminal has no threads
    core = Script(say("Yes."))
    async with harness.running(core.handle, MemoryInbox(), CLOCK):
        thread = await harness.mention("why?")
        await harness.post(0)
        await harness.quiet(0.1)
        await harness.chatter("and how?", thread=thread)
        assert (await harness.post(1)).thread == thread
    heard = core.heard[1]
    assert isinstance(heard, Message)
    assert heard.where.thread == thread


async def test_an_event_that_a_crash_left_unanswered_is_answered_at_the_next_start(harness: Harness) -> None:
    inbox = MemoryInbox()

    class Dies(Script):
        async def handle(self, inbound: Inbound) -> AsyncIterator[Reply]:
            self.heard.append(inbound)
            await CLOCK.sleep(3600)
            yield say("never")

    before = Dies()
    async with harness.running(before.handle, inbox, CLOCK):
        await harness.mention("why?")
        while not before.heard:
            await CLOCK.sleep(0.005)
    assert harness.count() == 0
    after = Script(say("Because."))
    async with harness.running(after.handle, inbox, CLOCK):
        assert "Because." in (await harness.post(0)).text
        assert await harness.quiet() == 1
    assert after.heard == before.heard


async def test_a_failing_core_becomes_one_sentence_with_an_incident_number(harness: Harness) -> None:
    class Fails(Script):
        async def handle(self, inbound: Inbound) -> AsyncIterator[Reply]:
            self.heard.append(inbound)
            raise RuntimeError("secret-detail")
            yield say("never")

    async with harness.running(Fails().handle, MemoryInbox(), CLOCK):
        await harness.mention("why?")
        text = (await harness.post(0)).text
    assert "incident" in text
    assert "secret-detail" not in text
    assert "Traceback" not in text


async def test_send_needs_nobody_to_have_written_first(harness: Harness) -> None:
    async with harness.running(Script().handle, MemoryInbox(), CLOCK) as adapter:
        where = ThreadRef(platform=adapter.name, workspace="", channel=harness.CHANNEL)
        sent = await adapter.send(where, say("Good morning."), key="nudge:1:2026-01-05")
        assert "Good morning." in (await harness.post(0)).text
        try:
            found = await adapter.find(where, "nudge:1:2026-01-05")
        except Unreadable:
            return
        assert found is None or found.id == sent.id
    assert sent.thread.channel == harness.CHANNEL


async def test_long_text_arrives_whole(harness: Harness) -> None:
    words = [f"w{number:05d}" for number in range(2500)]
    async with harness.running(Script(say(" ".join(words))).handle, MemoryInbox(), CLOCK):
        await harness.direct("long")
        await harness.post(0)
        count = await harness.quiet()
        text = "\n".join([(await harness.post(number)).text for number in range(count)])
    assert [word for word in words if word not in text] == []
