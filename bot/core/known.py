"""What somebody knows, and for how long: the log of reviews replayed, never what was merely "completed".

A rubric point counts once the learner has shown it in an answer, times the chance that its item is recalled now (FSRS).
An item that was only ever rated counts as one point.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.review import Card, Rating, rated, retrievability
from knowledge.model import Curriculum

BANDS = (7.0, 28.0)
"""Days of stability (after so long the chance to recall has fallen to 90 %) that part the bands of durability."""
SAMPLES = 27
NAMED = 3
"""Nodes that are named at each end."""
AHEAD = timedelta(days=30)
_ENOUGH = 2
"""Ratings of a node from which it is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The rubric points of an item that an answer was judged on, and those it showed."""

    at: datetime
    item_id: str
    judged: frozenset[str]
    hit: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAt:
    """Points known at an instant by durability: stability under a week, one to four weeks, over four weeks. `items` is
    the sum of the chances alone, as `coach simulate` counts."""

    at: datetime
    points: tuple[float, float, float]
    items: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A leaf of the taxonomy; `strength` is the mean chance (0-1) that its items are still known in thirty days."""

    id: str
    title: str
    strength: float


def known_over_time(
    shown: Sequence[Shown], ratings: Sequence[tuple[datetime, str, Rating]], *, now: datetime
) -> tuple[tuple[KnownAt, ...], Mapping[str, Card]]:
    """What was known at up to `SAMPLES` instants, evenly from the first rating to `now`, and the cards at `now`.

    Both sequences are oldest first.
    """
    if not ratings:
        return (), {}
    first = ratings[0][0]
    steps = min(SAMPLES - 1, (now - first).days)
    samples = [*(first + (now - first) * number / steps for number in range(steps)), now]
    cards: dict[str, Card] = {}
    points: dict[str, set[str]] = defaultdict(set)
    done: list[KnownAt] = []
    answers, reviews = iter(shown), iter(ratings)
    answer, review = next(answers, None), next(reviews, None)
    for instant in samples:
        while answer and answer.at <= instant:
            points[answer.item_id] = (points[answer.item_id] - answer.judged) | answer.hit
            answer = next(answers, None)
        while review and review[0] <= instant:
            at, item_id, rating = review
            cards[item_id] = rated(cards.get(item_id), item_id, rating, at)
            review = next(reviews, None)
        done.append(_known(cards, points, instant))
    return tuple(done), cards


def _known(cards: Mapping[str, Card], points: Mapping[str, set[str]], instant: datetime) -> KnownAt:
    bands, items = [0.0, 0.0, 0.0], 0.0
    for item_id, card in cards.items():
        chance = retrievability(card, instant)
        items += chance
        bands[sum(card.stability >= bound for bound in BANDS)] += chance * max(len(points.get(item_id, ())), 1)
    return KnownAt(at=instant, points=(bands[0], bands[1], bands[2]), items=items)


def nodes(
    cards: Mapping[str, Card], curriculum: Curriculum, *, now: datetime
) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """The strongest leaves, strongest first, and the weakest, weakest first; none is in both, the strongest go first.

    A leaf with a single rating is not judged yet.
    """
    chances: dict[str, list[float]] = defaultdict(list)
    ratings: dict[str, int] = defaultdict(int)
    for item_id, card in cards.items():
        if item := curriculum.items.get(item_id):
            chances[item.leaf].append(retrievability(card, now + AHEAD))
            ratings[item.leaf] += card.reps
    found = sorted(
        (
            Node(id=leaf, title=curriculum.leaves[leaf].title, strength=sum(each) / len(each))
            for leaf, each in chances.items()
            if ratings[leaf] >= _ENOUGH and leaf in curriculum.leaves
        ),
        key=lambda node: (-node.strength, node.id),
    )
    strongest = found[: min(NAMED, (len(found) + 1) // 2)]
    weakest = found[len(strongest) :][-NAMED:]
    return tuple(strongest), tuple(reversed(weakest))
