"""Threads on the messages that begin them: a thread and its first message have the same id."""

import logging
from collections import OrderedDict
from typing import Literal, NamedTuple, TypeVar

import discord

from bot.core.errors import Rejected
from bot.core.model import ThreadRef

log = logging.getLogger(__name__)

V = TypeVar("V")

_EXISTS = 160004
_REMEMBERED = 5000
_ARCHIVE_MINUTES: Literal[1440] = 1440


class Spot(NamedTuple):
    """The channel to post in, and the message to reply to where no thread could be opened."""

    channel: int
    reference: discord.MessageReference | None


class Threads:
    """Which threads are open, which are still to be opened, and in which channels none may be."""

    def __init__(self) -> None:
        self._titles: OrderedDict[str, str] = OrderedDict()
        self._open: OrderedDict[str, bool] = OrderedDict()
        self._ours: OrderedDict[str, bool] = OrderedDict()

    def enter(self, thread: str) -> None:
        """The coach is about to speak in this thread; the inbox is told only once it has."""
        _remember(self._ours, thread, True)  # noqa: FBT003

    def entered(self, thread: str | None) -> bool:
        """Whether the coach speaks in this thread as far as this process knows."""
        return thread in self._ours

    def expect(self, message: str, title: str) -> None:
        """An answer to this message will open its thread, under this title."""
        _remember(self._titles, message, title)

    async def spot(self, client: discord.Client, to: ThreadRef, fallback_title: str) -> Spot:
        """Where a message for `to` goes. Opens the thread of a message that this process heard, for the rest the
        caller sees error 10003 and calls `open`."""
        if to.thread is None:
            return Spot(number(to.channel), None)
        known = self._open.get(to.thread)
        if known is False or (known is None and to.thread in self._titles):
            return await self.open(client, to, fallback_title)
        return Spot(number(to.thread), None)

    async def open(self, client: discord.Client, to: ThreadRef, fallback_title: str) -> Spot:
        """Open the thread on its message, which may be done twice; a reply to the message where that is not allowed."""
        if to.thread is None:
            return Spot(number(to.channel), None)
        channel, message = number(to.channel), number(to.thread)
        if self._open.get(to.thread) is None:
            try:
                await client.http.start_thread_with_message(
                    channel,
                    message,
                    name=self._titles.pop(to.thread, fallback_title),
                    auto_archive_duration=_ARCHIVE_MINUTES,
                )
            except discord.HTTPException as error:
                if error.status == 429 or error.status >= 500:
                    raise
                allowed = error.code == _EXISTS
                if not allowed:
                    log.info("no thread in channel %d (code %d); replying there", channel, error.code)
                _remember(self._open, to.thread, allowed)
            else:
                _remember(self._open, to.thread, True)  # noqa: FBT003
        if self._open[to.thread]:
            return Spot(message, None)
        reference = discord.MessageReference(message_id=message, channel_id=channel, fail_if_not_exists=False)
        return Spot(channel, reference)


def number(text: str) -> int:
    """The number in an id; raises Rejected for what is no id of Discord's."""
    try:
        return int(text)
    except ValueError as error:
        raise Rejected("This is no place on Discord.", code="10003") from error


def _remember(cache: "OrderedDict[str, V]", key: str, value: V) -> None:
    cache[key] = value
    if len(cache) > _REMEMBERED:
        cache.popitem(last=False)
