"""What is remembered of conversations, for a while: turns, feedback, questions without an answer, tokens spent."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from bot.core.model import ThreadRef, UserRef
from knowledge.model import TokensUsed

TURNS = 6
"""How many turns of a conversation are remembered; how long is in the table's `keep_days`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A question and the section that answered it ("" if none did)."""

    id: str
    where: ThreadRef
    user: UserRef
    question: str
    band: str
    section_key: str
    asked_at: datetime


GapReason = Literal["none", "near", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A question that the sources did not answer, or whose answer did not help (`down`).

    `direct` says that it was asked where only the asker reads along. `vector` (float32) is that of the question.
    """

    id: str
    where: ThreadRef
    user: UserRef
    direct: bool
    question: str
    reason: GapReason
    asked_at: datetime
    vector: bytes | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationCase:
    """A question with the answer that somebody found right, for `coach eval`."""

    question: str
    section: str
    quote: str


class Conversations(Protocol):
    """Turns and feedback."""

    async def earlier(self, where: ThreadRef) -> list[Turn]:
        """The last turns in a place that are not over, oldest first."""

    async def remember(self, turn: Turn) -> None:
        """Add a turn; the oldest beyond `TURNS` of its place goes. Does nothing if it is known already."""

    async def turn(self, turn_id: str) -> Turn | None:
        """A turn by its id, while it is remembered."""

    async def rate(self, turn: Turn, user: UserRef, *, good: bool, now: datetime) -> None:
        """Note what somebody thought of an answer; a later word takes the place of an earlier one."""


class Gaps(Protocol):
    """Questions that wait for an answer, and who is to give it."""

    async def add(self, gap: Gap) -> None:
        """Add a question; does nothing if it is known already."""

    async def open(self, platform: str, workspace: str) -> list[Gap]:
        """Those of a workspace that nobody has dealt with, oldest first, at most 500."""

    async def close(
        self, platform: str, workspace: str, ids: Collection[str], status: Literal["answered", "dismissed"]
    ) -> list[Gap]:
        """Deal with some of them; returns those that were open."""

    async def claim(
        self,
        platform: str,
        workspace: str,
        ids: Collection[str],
        *,
        now: datetime,
        every: timedelta,
        owner: UserRef | None = None,
    ) -> list[Gap]:
        """Take open questions to be sent to an owner: those that were not sent within `every`, marked as sent now.
        With `owner` nothing at all where that owner was written to within `every`. Each goes to one caller."""

    async def owners(self, platform: str, workspace: str) -> dict[str, UserRef]:
        """Topic -> who answers for it."""

    async def own(self, platform: str, workspace: str, topic: str, user: UserRef | None) -> None:
        """Name the owner of a topic, or with None nobody any more."""

    async def workspaces(self) -> list[tuple[str, str]]:
        """(platform, workspace) of all open questions."""

    async def add_case(self, workspace: str, case: EvaluationCase, *, now: datetime) -> None:
        """Add a case to a workspace's own evaluation; `workspace` as scopes name it."""

    async def cases(self, workspace: str) -> list[EvaluationCase]:
        """A workspace's own evaluation, oldest first."""


class Spending(Protocol):
    """What a language model cost, a workspace and day (UTC)."""

    async def spent(self, workspace: str, day: date) -> int:
        """Tokens asked and written together."""

    async def spend(self, workspace: str, day: date, used: TokensUsed) -> None:
        """Add to it."""
