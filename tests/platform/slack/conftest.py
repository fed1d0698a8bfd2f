"""What the Slack tests share: a harness for each way of delivery, an inbox, a clock that does not wait long."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest

from bot.core.model import Inbound, Reply, Text
from tests.peers.memory_inbox import MemoryInbox
from tests.peers.slack.harness import SlackHarness


class QuickClock:
    """The real time; waits a hundredth of what is asked and notes it."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(seconds / 100)


class Recorder:
    """A tiny core: it keeps what it was asked and answers with what the test gave it."""

    def __init__(self, answer: Callable[[Inbound], list[Reply]] | None = None) -> None:
        self.heard: list[Inbound] = []
        self._answer = answer

    async def __call__(self, inbound: Inbound) -> AsyncIterator[Reply]:
        self.heard.append(inbound)
        replies = self._answer(inbound) if self._answer else [Reply(blocks=(Text(text="hi"),))]
        for reply in replies:
            yield reply


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def inbox() -> MemoryInbox:
    return MemoryInbox()


@pytest.fixture(params=["socket", "http"])
async def harness(request: pytest.FixtureRequest) -> AsyncIterator[SlackHarness]:
    async with SlackHarness(request.param) as one:
        yield one
        assert not one.peer.refused, one.peer.refused


@pytest.fixture
async def socket() -> AsyncIterator[SlackHarness]:
    async with SlackHarness("socket") as one:
        yield one


@pytest.fixture
async def by_http() -> AsyncIterator[SlackHarness]:
    async with SlackHarness("http") as one:
        yield one
