"""A subscriber's stream of prompts: what was shown, what is owed, what comes next.

`coach plan`, `today` and the daily delivery all call `draw`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot.core.balance import NO_CREDITS, Credits, Split, choose_category
from knowledge.model import Category, Curriculum, Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """`shown` maps an item's id to the ordinal (from 1) of the prompt that showed it last; `count` is the newest."""

    credits: Credits = NO_CREDITS
    shown: Mapping[str, int] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The next prompt and the stream's credits once it is delivered."""

    category: Category
    item_id: str
    credits: Credits


def choose_item(curriculum: Curriculum, category: Category, stream: Stream) -> Item:
    """The item to show next: a new one from the leaf served least, easy before hard; if none is new, the one shown
    longest ago."""
    items = [item for item in curriculum.items.values() if item.category == category]
    new = [item for item in items if item.id not in stream.shown]
    if not new:
        return min(items, key=lambda item: (stream.shown[item.id], item.id))
    served = Counter(curriculum.items[name].leaf for name in stream.shown if name in curriculum.items)
    last_in_branch: dict[str, int] = {}
    for name, ordinal in stream.shown.items():
        branch = name.rsplit(".", 1)[0]
        last_in_branch[branch] = max(last_in_branch.get(branch, 0), ordinal)
    return min(
        new,
        key=lambda item: (served[item.leaf], item.level, last_in_branch.get(item.id.rsplit(".", 1)[0], 0), item.id),
    )


def draw(curriculum: Curriculum, split: Split, stream: Stream) -> Draw:
    """The next prompt of a stream: the category by balance, then the item. A pure function of its arguments."""
    available = {item.category for item in curriculum.items.values()}
    category, after = choose_category(stream.credits, split, available)
    return Draw(category=category, item_id=choose_item(curriculum, category, stream).id, credits=after)


def plan(curriculum: Curriculum, split: Split, stream: Stream) -> Iterator[Draw]:
    """What delivery would send from here on, without end."""
    while True:
        drawn = draw(curriculum, split, stream)
        yield drawn
        count = stream.count + 1
        stream = replace(stream, credits=drawn.credits, shown={**stream.shown, drawn.item_id: count}, count=count)
