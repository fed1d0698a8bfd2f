"""Many due prompts at once: what `Practising.charge` does for one, with a few queries for all of them."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal, Protocol

from bot.core.model import ThreadRef, UserRef
from bot.core.ports import Store
from bot.core.prompts import paused_for, without
from bot.core.records import Subscription
from bot.core.rulings import Disputes
from bot.core.stream import NOTHING, Draw, Learned, Stream, draw
from knowledge.model import Curriculum

log = logging.getLogger(__name__)

NEWCOMER = Learned(now=datetime.min.replace(tzinfo=UTC))
"""A learner without cards, level or wishes: the instant bears on nothing then."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A stream's message of a local date, a prompt or the question whether weekly suits better; and what becomes of the
    stream with it: when it is due next, and how many in a row nobody has touched."""

    subscription: Subscription
    kind: Literal["nudge", "offer"]
    key: str
    local_date: date
    due: datetime
    expires_at: datetime
    following: datetime
    ignored: int


class Charges(Protocol):
    """The database behind `Charging`."""

    async def pausing(self) -> frozenset[UserRef] | None:
        """Who has disputed anything; None while no item is paused anywhere."""

    async def learned(self, learner_ids: Collection[str], *, now: datetime) -> Mapping[str, Learned]:
        """What bears on the choice for these learners; those of whom nothing is known are left out."""

    async def write(
        self, charges: Sequence[Charge], *, now: datetime, draw: Callable[[Charge, Stream], Draw | None]
    ) -> int:
        """In one transaction: for every stream that is still due as it was seen, the row of the outbox that `draw`
        chooses for a prompt (None: none), its credits and its next due instant; returns how many rows are new. A stream that
        another replica has at hand is left to it."""


class Charging:
    """Charges many streams at once; the rows are those that `Practising.charge` would write one after another."""

    def __init__(self, store: Store, charges: Charges, curriculum: Curriculum) -> None:
        self._disputes: Disputes = store.disputes
        self._charges = charges
        self._curriculum = curriculum
        self._drawn: dict[tuple[object, ...], Draw] = {}

    async def charge(self, charges: Sequence[Charge], *, now: datetime) -> int:
        """Write the prompts of these streams; returns how many were charged. One whose items are all paused or
        unwanted moves on uncharged."""
        if not charges:
            return 0
        learners = {one.subscription.learner_id for one in charges}
        learned = await self._charges.learned({one for one in learners if one is not None}, now=now)
        paused = await self._paused([one.subscription for one in charges])

        def choose(charge: Charge, stream: Stream) -> Draw | None:
            who = charge.subscription
            try:
                return self._draw(
                    who, stream, learned.get(who.learner_id or "", NOTHING), paused.get(who.id, frozenset())
                )
            except ValueError as error:
                log.warning("subscription %s is left out today: %s", who.id, error)
            except Exception:
                log.exception("subscription %s could not be charged; its next day is tried", who.id)
            return None

        return await self._charges.write(charges, now=now, draw=choose)

    async def _paused(self, subscriptions: Sequence[Subscription]) -> Mapping[str, frozenset[str]]:
        """Subscription -> the items that it is not asked."""
        disputers = await self._charges.pausing()
        if disputers is None:
            return {}
        by_place: dict[tuple[str, str], frozenset[str]] = {}
        paused: dict[str, frozenset[str]] = {}
        for one in subscriptions:
            place = (one.target.platform, one.target.workspace)
            if one.target in disputers:
                paused[one.id] = await paused_for(self._disputes, one.target)
                continue
            if place not in by_place:
                whole = ThreadRef(platform=place[0], workspace=place[1], channel="")
                by_place[place] = await paused_for(self._disputes, whole)
            paused[one.id] = by_place[place]
        return paused

    def _draw(self, who: Subscription, stream: Stream, learned: Learned, paused: frozenset[str]) -> Draw | None:
        """`draw`, remembered: newcomers with one split are asked the same questions."""
        if learned is not NOTHING or paused:
            return draw(without(self._curriculum, paused), who.split, stream, learned=learned)
        personal = who.learner_id is not None
        owed = tuple(stream.credits.owed.items())
        key = (personal, tuple(who.split.items()), owed, stream.credits.last, stream.count, tuple(stream.shown.items()))
        found = self._drawn.get(key)
        if found is None:
            if len(self._drawn) >= _REMEMBERED:
                self._drawn.clear()
            found = self._drawn[key] = draw(
                self._curriculum, who.split, stream, learned=NEWCOMER if personal else NOTHING
            )
        return found
