"""A subscriber's stream of prompts: what was shown, what is owed, what comes next.

`coach plan`, `today` and the daily delivery all call `draw`.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.balance import NO_CREDITS, Credits, Split, choose_category
from bot.core.level import Level
from bot.core.review import Card, retrievability
from knowledge.model import Category, Curriculum, Item

REST = 7
"""A review stands back for this many prompts after it was shown, while its category has another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """`shown` maps an item's id to the ordinal (from 1) of the prompt that showed it last; `count` is the newest."""

    credits: Credits = NO_CREDITS
    shown: Mapping[str, int] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What bears on the choice of an item for one learner at `now`; without `now` only `unwanted` counts.

    `cards` are the learner's by item. `level` is None while nothing is known of the learner, whose prompts are then
    those of `plan`.
    """

    cards: Mapping[str, Card] = field(default_factory=dict)
    level: Level | None = None
    unwanted: frozenset[str] = frozenset()
    now: datetime | None = None


NOTHING = Learned()
"""For a stream that is nobody's memory, such as a channel's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The next prompt and the stream's credits once it is delivered."""

    category: Category
    item_id: str
    credits: Credits


def choose_item(curriculum: Curriculum, category: Category, stream: Stream, learned: Learned = NOTHING) -> Item:
    """The item to show next: a new one from the leaf served least, easy before hard; if none is new, the one shown
    longest ago.

    For a learner a new one is nearest to their level first, and has no card; a review is the one with the lowest
    retrievability, before all one that was shown and never rated. Raises ValueError if the category has no item.
    """
    items = [
        item for item in curriculum.items.values() if item.category == category and item.id not in learned.unwanted
    ]
    if not items:
        raise ValueError(f"no item of category {category} is left")
    new = [item for item in items if item.id not in stream.shown and (not learned.now or item.id not in learned.cards)]
    return _new(curriculum, new, stream, learned) if new else _review(items, stream, learned)


def _new(curriculum: Curriculum, new: Collection[Item], stream: Stream, learned: Learned) -> Item:
    level = learned.level.value if learned.now and learned.level else None
    served = Counter(curriculum.items[name].leaf for name in stream.shown if name in curriculum.items)
    last_in_branch: dict[str, int] = {}
    for name, ordinal in stream.shown.items():
        branch = name.rsplit(".", 1)[0]
        last_in_branch[branch] = max(last_in_branch.get(branch, 0), ordinal)

    def order(item: Item) -> tuple[float, int, int, int, str]:
        distance = 0.0 if level is None else abs(item.level - level)
        branch = item.id.rsplit(".", 1)[0]
        return distance, served[item.leaf], item.level, last_in_branch.get(branch, 0), item.id

    return min(new, key=order)


def _review(items: Collection[Item], stream: Stream, learned: Learned) -> Item:
    def order(item: Item) -> tuple[bool, float, int, str]:
        ordinal = stream.shown.get(item.id, 0)
        if learned.now is None:
            return False, 0.0, ordinal, item.id
        card = learned.cards.get(item.id)
        rests = ordinal > 0 and stream.count - ordinal < REST
        return rests, retrievability(card, learned.now) if card else 0.0, ordinal, item.id

    return min(items, key=order)


def draw(curriculum: Curriculum, split: Split, stream: Stream, *, learned: Learned = NOTHING) -> Draw:
    """The next prompt of a stream: the category by balance, then the item. A pure function of its arguments.

    Raises ValueError if no category with a share has an item that is wanted.
    """
    available = {item.category for item in curriculum.items.values() if item.id not in learned.unwanted}
    category, after = choose_category(stream.credits, split, available)
    return Draw(category=category, item_id=choose_item(curriculum, category, stream, learned).id, credits=after)


def plan(curriculum: Curriculum, split: Split, stream: Stream) -> Iterator[Draw]:
    """What delivery would send from here on, without end."""
    while True:
        drawn = draw(curriculum, split, stream)
        yield drawn
        count = stream.count + 1
        stream = replace(stream, credits=drawn.credits, shown={**stream.shown, drawn.item_id: count}, count=count)
