"""Simulated memories for `coach simulate`: what a learner recalls when asked. Pure, but for the random generator given.

Two that know nothing of one another: FSRS 6, by which the reviews are also scheduled, and base-level activation from
ACT-R (Anderson and Schooler 1991; retrieval threshold and noise as in Pavlik and Anderson 2005), by which they are not.
"""

import math
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from bot.core.review import Card, Rating, retrievability

FIRST: Mapping[Rating, int] = {1: 25, 2: 20, 3: 45, 4: 10}
"""How first answers to new items are rated, in percent."""
_RECALLED: Mapping[Rating, int] = {2: 15, 3: 70, 4: 15}
"""How answers are rated that were recalled; the others are Again."""
_DAY = timedelta(days=1)


class Memory(Protocol):
    """One learner's memory."""

    def recall(self, item_id: str, card: Card, now: datetime) -> float:
        """The probability that the learner recalls an item that they have met before."""

    def met(self, item_id: str, rating: Rating, now: datetime) -> None:
        """Note that the item was asked and its answer shown."""


class FsrsMemory:
    """The learner forgets exactly as the scheduler expects."""

    def recall(self, item_id: str, card: Card, now: datetime) -> float:  # noqa: ARG002 - the card knows its item
        """See `Memory`."""
        return retrievability(card, now)

    def met(self, item_id: str, rating: Rating, now: datetime) -> None:
        """See `Memory`."""


class ActivationMemory:
    """Activation ln(sum(age^-d)) over all meetings, ages in days; recalled if it exceeds a noisy threshold.

    With these numbers one meeting is recalled by 0.92 on the next day, 0.74 after a week and 0.5 after a month.
    """

    def __init__(self, decay: float = 0.35, threshold: float = -1.2, noise: float = 0.5) -> None:
        self._decay = decay
        self._threshold = threshold
        self._noise = noise
        self._met: dict[str, list[datetime]] = {}

    def recall(self, item_id: str, card: Card, now: datetime) -> float:  # noqa: ARG002 - it has a history of its own
        """See `Memory`."""
        ages = [max((now - at) / _DAY, 0.01) for at in self._met.get(item_id, ())]
        if not ages:
            return 0.0
        activation = math.log(sum(age**-self._decay for age in ages))
        return 1 / (1 + math.exp((self._threshold - activation) / self._noise))

    def met(self, item_id: str, rating: Rating, now: datetime) -> None:  # noqa: ARG002 - every meeting counts alike
        """See `Memory`."""
        self._met.setdefault(item_id, []).append(now)


def first_rating(rng: random.Random) -> Rating:
    """The rating of the answer to an item never met."""
    return _drawn(FIRST, rng)


def review_rating(recall: float, rng: random.Random) -> Rating:
    """The rating of the answer to an item that is recalled with this probability."""
    return _drawn(_RECALLED, rng) if rng.random() < recall else 1


def _drawn(weights: Mapping[Rating, int], rng: random.Random) -> Rating:
    return rng.choices(list(weights), list(weights.values()))[0]
