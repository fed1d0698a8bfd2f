"""The noise budget: at most one message that nobody asked for to a person, and one to a channel, a local date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.core.model import ThreadRef, UserRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsolicited:
    """A message to be sent unasked: to whom, on which local date of theirs, and its key in the outbox."""

    target: UserRef | ThreadRef
    day: date
    key: str


class Noise(Protocol):
    """Who has had their one message of a day; all features that write unasked take from it before they write."""

    async def take(self, target: UserRef | ThreadRef, day: date, key: str) -> bool:
        """Whether the message with this key may go: True for the first key of that target and local date, and again
        for the same key. A channel's `thread` does not count."""

    async def take_all(self, wanted: Sequence[Unsolicited]) -> list[bool]:
        """`take` for many at once, in their order."""

    async def used(self, target: UserRef | ThreadRef, key: str) -> date | None:
        """The first local date on which the message with this key was allowed, or None."""
