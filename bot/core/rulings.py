"""What people rule: whether a verdict was right, and whether a question is fit to be asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.core.model import ThreadRef, UserRef
from bot.core.records import Verdict

LONGEST_EXEMPLAR = 300
"""Characters."""
EXEMPLARS = 20
"""The newest ones of a point in a workspace that are learned from."""
LONGEST_REASON = 300


def place_of(where: ThreadRef) -> str:
    """The workspace that a place belongs to, as rulings name it: PLATFORM:WORKSPACE, of direct messages on Discord and
    of the terminal without the second part."""
    return f"{where.platform}:{where.workspace}"


# --- verdicts --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A stored verdict with the answer it was given on.

    `sentence` is what the learner meant who contested it. `open`: it is contested and nobody has ruled on it.
    """

    answer_id: str
    item_id: str
    point_id: str
    verdict: Verdict
    text: str
    quote: str = ""
    sentence: str = ""
    open: bool = False
    ruled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What somebody decided about a verdict: from what to what; an `exemplar` only where that changed it.

    `gain` is what the answer's score changes by. `seen` is the verdict that was ruled on.
    """

    answer_id: str
    point_id: str
    seen: Verdict
    verdict: Verdict
    exemplar: str
    gain: float
    by: UserRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A ruling that was stored; `learner` is whom to tell of it."""

    id: str
    learner: UserRef | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A line of the log of rulings. `by` is None once that person was forgotten."""

    at: datetime
    item_id: str
    point_id: str
    before: Verdict
    after: Verdict
    by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """A learner's words that somebody ruled on: they show the point, or only seem to."""

    point_id: str
    hit: bool
    text: str


class Corrections(Protocol):
    """Verdicts that people disagree with. Whatever is asked of a place touches no other one."""

    async def own(self, *, learner_id: str, answer_id: str) -> list[Judged]:
        """All verdicts on an answer, if it is this learner's."""

    async def contested(self, place: str) -> list[Judged]:
        """Those of a place that nobody has ruled on, longest contested first, at most 100."""

    async def verdicts(self, place: str, answer_id: str) -> list[Judged]:
        """All verdicts on an answer of which one was contested in this place; nothing for another one."""

    async def rule(self, place: str, ruling: Ruling, *, now: datetime) -> Ruled | None:
        """Store a ruling with its log, once: None if the answer is none of `verdicts`, if its verdict is no longer the
        one seen, or if nothing would change and nobody waits for it."""

    async def exemplars(self, place: str, item_id: str) -> list[Exemplar]:
        """The newest `EXEMPLARS` of each point, newest first."""

    async def log(self, place: str, *, limit: int) -> list[Logged]:
        """The newest rulings of a place, newest first."""


# --- questions -------------------------------------------------------------------------------

Step = Literal["disputed", "resumed", "kept_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeStep:
    """Who did what about a question, and why. `id` makes a repeat of it do nothing."""

    id: str
    item_id: str
    step: Step
    user: UserRef
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedItem:
    """A question that is not asked in a place; `kept_out` says that somebody decided so for good."""

    item_id: str
    kept_out: bool
    since: datetime
    steps: Sequence[DisputeStep] = ()


class Disputes(Protocol):
    """Questions that people find unfit, by place."""

    async def dispute(self, place: str, step: DisputeStep) -> None:
        """Log it and pause the item there, unless it is paused or kept out already."""

    async def waiting(self, place: str, user: UserRef) -> int:
        """How many items of a place are paused that this person disputed."""

    async def listed(self, place: str) -> list[PausedItem]:
        """What is paused in a place, what waits for a decision first, oldest first, with the log of each."""

    async def settle(self, place: str, step: DisputeStep) -> bool:
        """Resume the item or keep it out, and log that; False if it is so already."""

    async def paused(self, places: Collection[str], user: UserRef | None) -> frozenset[str]:
        """The items not to be chosen in any of these places, nor for this person, who disputed them anywhere.

        Where there is no workspace people have nothing to do with each other: there a dispute holds for its author
        alone until an administrator decides."""
