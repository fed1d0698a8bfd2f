"""Spaced repetition: how well a learner remembers an item and when it comes back (FSRS 6, by the package `fsrs`)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, Protocol

import fsrs

from bot.core.level import Level
from bot.core.model import ThreadRef
from bot.core.records import Grade

Rating = Literal[1, 2, 3, 4]
"""Again, Hard, Good, Easy."""
Kind = Literal["prompt", "micro"]
"""A prompt that was answered, or one point recalled by taps."""

RETENTION = 0.85
"""An item is due when its retrievability has fallen to this."""
UNKNOWN_AFTER = timedelta(days=14)
"""An item that is overdue for longer is treated as unknown."""
BACKLOG = 7
"""With more than this due, what is likely still known comes first, because it is the cheapest to keep."""

_SCHEDULER = fsrs.Scheduler(desired_retention=RETENTION, learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What is known of a learner's memory of an item.

    `stability` is in days (until retrievability has fallen to 0.9), `difficulty` is 1-10. `reps` counts ratings,
    `lapses` those of them that were Again after the item had been learned.
    """

    item_id: str
    stability: float
    difficulty: float
    due: datetime
    reviewed_at: datetime
    reps: int
    lapses: int


def rated(card: Card | None, item_id: str, rating: Rating, now: datetime) -> Card:
    """The card after a rating; a first one, and one of a card more than 14 days overdue, starts from nothing.

    Due is a whole number of days, at least one, after `now`. Raises ValueError for a naive `now`.
    """
    if now.tzinfo is None:
        raise ValueError("a naive datetime came in; every instant is aware")
    at = now.astimezone(UTC)
    known = card if card and at - card.due <= UNKNOWN_AFTER else None
    # without an id of its own the package sleeps a millisecond to find one
    before = _remembered(known) if known else fsrs.Card(card_id=0, due=at)
    after, _ = _SCHEDULER.review_card(before, fsrs.Rating(rating), at)
    if after.stability is None or after.difficulty is None:
        raise AssertionError("a rated card has a stability and a difficulty")
    return Card(
        item_id=item_id,
        stability=after.stability,
        difficulty=after.difficulty,
        due=after.due,
        reviewed_at=at,
        reps=(card.reps if card else 0) + 1,
        lapses=(card.lapses if card else 0) + (1 if known and rating == 1 else 0),
    )


def replayed(item_id: str, log: Iterable[tuple[datetime, Rating]]) -> Card | None:
    """The card that these ratings of an item make, in the order given; None without any."""
    card: Card | None = None
    for at, rating in log:
        card = rated(card, item_id, rating, at)
    return card


def retrievability(card: Card, now: datetime) -> float:
    """The probability (above 0, at most 1) that the learner recalls the item at `now`, by the curve of FSRS 6."""
    return _SCHEDULER.get_card_retrievability(_remembered(card), now)


def rating_of(grade: Grade, *, hints: int, revealed: bool, in_time: bool) -> Rating:
    """What a graded answer says about memory. `revealed`: the model answer was seen before, so it was given up.

    Below half of what was attempted, or given up, is Again; below 0.7, or with a hint, Hard; from 0.9 without a hint
    and in time Easy; else Good. Where the grader abstained its score means nothing, and the answer counts as Hard.
    """
    score = round(grade.score, 6)  # sums of weights such as 0.4 + 0.3 fall short of 0.7
    if revealed or grade.refused:
        return 1
    if grade.abstained:
        return 2
    if score < 0.5:
        return 1
    if score < 0.7 or hints > 0:
        return 2
    return 4 if score >= 0.9 and in_time else 3


def due_first(cards: Iterable[Card], now: datetime, limit: int) -> list[Card]:
    """At most `limit` of the cards that are due: longest due first, or, with over 7 due, likeliest known first."""
    due = [card for card in cards if card.due <= now]
    if len(due) > BACKLOG:
        due.sort(key=lambda card: (-retrievability(card, now), card.item_id))
    else:
        due.sort(key=lambda card: (card.due, card.item_id))
    return due[: max(0, limit)]


def _remembered(card: Card) -> fsrs.Card:
    return fsrs.Card(
        card_id=0,
        state=fsrs.State.Review,
        stability=card.stability,
        difficulty=card.difficulty,
        due=card.due,
        last_review=card.reviewed_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRating:
    """A rating as it is logged; `delivery_id` is that of a prompt."""

    learner_id: str
    item_id: str
    rating: Rating
    kind: Kind
    delivery_id: str | None
    at: datetime


class Reviews(Protocol):
    """What people know, how hard they want it, and what they do not want to be asked."""

    async def cards(self, learner_id: str) -> Mapping[str, Card]:
        """The learner's cards by item."""

    async def rating(self, *, learner_id: str, delivery_id: str) -> Rating | None:
        """How this delivery is rated for this learner; None if it is not yet."""

    async def record(
        self,
        *,
        learner_id: str,
        item_id: str,
        rating: Rating,
        kind: Kind,
        delivery_id: str | None,
        now: datetime,
    ) -> Card:
        """Log a rating and return the card after it.

        A second rating of the same delivery replaces the first in the place and time of that one, so it counts once.
        """

    async def record_all(self, ratings: Sequence[NewRating]) -> list[Card]:
        """Log first ratings of deliveries, and of no delivery, in one transaction, those of one item in their order;
        returns the card after each."""

    async def override(self, *, learner_id: str, delivery_id: str, rating: Rating, now: datetime) -> Card | None:
        """Replace the rating of a delivery in the place and time of the first one; None if it was never rated."""

    async def level(self, learner_id: str) -> Level | None:
        """The level of new items; None for somebody who has none yet."""

    async def set_level(self, learner_id: str, level: Level, *, now: datetime) -> None:
        """Store the level."""

    async def unwanted(self, learner_id: str) -> frozenset[str]:
        """The items that the learner does not want to be asked."""

    async def add_unwanted(self, learner_id: str, item_id: str, *, now: datetime) -> None:
        """Never ask this learner this item again; doing it twice is doing it once."""

    async def remove_unwanted(self, learner_id: str, item_id: str) -> None:
        """Take that back."""

    async def open_items(self, learner_id: str, where: ThreadRef, *, since: date) -> frozenset[str]:
        """The items of prompts that came on a local date from `since` on, or are still to come, to this learner or to a
        channel of the workspace of `where`."""
