"""The adapter on the wire peer, an inbox of dicts, and a clock that does not wait long."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator

import pytest

from bot.core.model import Action, Button, Buttons, Choice, Field, Form, FormSubmitted, Inbound, Message, Reply, Text
from tests.peers.discord.harness import DiscordHarness
from tests.peers.discord.peer import DiscordPeer
from tests.peers.memory_inbox import MemoryInbox


class QuickClock:
    """Real time; waits are recorded and cut short. `ahead` moves it into the future."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(min(seconds, 0.02))


def said(text: str, *, private: bool = False) -> Reply:
    return Reply(blocks=(Text(text=text),), private=private)


MENU = Buttons(
    items=(
        Button(label="Hint", action="hint", argument="item-7"),
        Button(label="Answer", action="answer", argument="item-7", opens_form=True, style="primary"),
        Button(label="Replace", action="replace"),
        Button(label="Whisper", action="whisper"),
    )
)
FORM = Form(
    name="answer",
    title="Your answer",
    argument="item-7",
    fields=(
        Field(name="text", label="What would you do?", kind="text", hint="Two sentences are enough"),
        Field(name="note", label="Note", required=False),
        Field(
            name="sure", label="How sure are you?", kind="choice",
            choices=(Choice(value="low", label="Not at all"), Choice(value="high", label="Very")),
        ),
    ),
)  # fmt: skip


class Handler:
    """A tiny core: repeats what it hears, offers a menu, opens a form. `gate` holds every answer back."""

    def __init__(self) -> None:
        self.heard: list[Inbound] = []
        self.gate: asyncio.Event | None = None
        self.replies: list[Reply] | None = None

    async def __call__(self, inbound: Inbound) -> AsyncIterator[Reply]:
        self.heard.append(inbound)
        if self.gate is not None:
            await self.gate.wait()
        for reply in self.replies if self.replies is not None else self._usual(inbound):
            yield reply

    def _usual(self, inbound: Inbound) -> list[Reply]:
        match inbound:
            case Message(text=text):
                return [Reply(blocks=(Text(text=f"heard: {text}"), MENU))]
            case Action(action="answer"):
                return [Reply(blocks=(FORM,))]
            case Action(action="replace"):
                return [Reply(blocks=(Text(text="replaced"),), replaces=True)]
            case Action(action="whisper"):
                return [said("for you alone", private=True)]
            case Action(action=action, argument=argument):
                return [said(f"pressed {action} {argument}")]
            case FormSubmitted(values=values):
                return [said("submitted " + "; ".join(f"{name}={value}" for name, value in values.items()))]
        raise AssertionError(inbound)


@pytest.fixture
async def harness() -> AsyncIterator[DiscordHarness]:
    async with DiscordHarness().started() as one:
        yield one


@pytest.fixture
async def blind() -> AsyncIterator[DiscordHarness]:
    """A server whose owner did not switch on the Message Content intent."""
    async with DiscordHarness(DiscordPeer(content_intent=False)).started() as one:
        yield one


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def handler() -> Handler:
    return Handler()
