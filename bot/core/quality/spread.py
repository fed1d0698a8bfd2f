"""The curriculum as a whole: how many items a leaf, of which types and levels, and which of them read alike."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.quality.faults import Fault
from knowledge.model import CATEGORIES, CATEGORY_TITLES, Curriculum, Item, Leaf
from knowledge.ports import Embedder

TYPE_SHARES: Mapping[str, float] = {
    "flash": 0.35,
    "incident": 0.15,
    "tradeoff": 0.15,
    "estimate": 0.1,
    "plan": 0.075,
    "review_ai": 0.1,
    "dsa": 0.075,
}
LEVEL_SHARES: Mapping[int, float] = {1: 0.1, 2: 0.25, 3: 0.35, 4: 0.2, 5: 0.1}
_FAR = 0.05
"""How far a share may be from its target before it is noted."""
_BOTH_TYPES_FROM = 4
ALIKE = 0.7
"""Cosine of two prompts from which their ideas have to be compared.

Of the 7,503 pairs of the first 123 items two lie above, at .73 and .75; the next ones, of different ideas, begin at .69 and
go down without a gap. An item and a variant of it, which do have one idea, have a median of .75.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A leaf with the number of its items, those of level 1 and 2 among them, and their types."""

    leaf: Leaf
    items: int
    easy: int
    types: tuple[str, ...]


def counts(curriculum: Curriculum) -> list[Count]:
    """Of the leaves that prompts are drawn from, in the order of the taxonomy."""
    found = []
    for leaf in curriculum.leaves.values():
        own = [item for item in curriculum.items.values() if item.leaf == leaf.id]
        if leaf.quota or own:
            types = tuple(sorted({item.type for item in own}))
            found.append(Count(leaf=leaf, items=len(own), easy=sum(item.level <= 2 for item in own), types=types))
    return found


def spread_faults(curriculum: Curriculum, *, complete: bool) -> Iterator[Fault]:
    """Leaves without enough items, types and levels that are far from their shares; notes unless it is complete."""
    for one in counts(curriculum):
        wanted, leaf = f"{one.leaf.quota} items", one.leaf.id
        if one.items < one.leaf.quota:
            missing = not one.items or complete
            yield _fault(leaf, wanted, str(one.items or "none"), error=missing)
        if one.items > one.leaf.quota:
            yield _fault(leaf, wanted, f"{one.items}, more than a year needs")
        if one.items and not one.easy:
            yield _fault(leaf, "an item of level 1 or 2", "none")
        if one.items >= _BOTH_TYPES_FROM and len(one.types) < 2:
            yield _fault(leaf, "at least two types", one.types[0])
    items = list(curriculum.items.values())
    by_type, by_level = Counter(item.type for item in items), Counter(item.level for item in items)
    shares = [(f"type {name}", by_type[name], share) for name, share in TYPE_SHARES.items()]
    shares += [(f"level {level}", by_level[level], share) for level, share in LEVEL_SHARES.items()]
    for name, number, share in shares:
        if abs(number / len(items) - share) > _FAR:
            yield _fault(
                "the whole", f"about {share:.0%} of {name}", f"{number} of {len(items)}, {number / len(items):.0%}"
            )


def _fault(subject: str, expected: str, found: str, *, error: bool = False) -> Fault:
    return Fault(level="error" if error else "note", subject=subject, at=(), expected=expected, found=found)


def split(curriculum: Curriculum) -> Mapping[str, int]:
    """Items a category, by its title."""
    held = Counter(item.category for item in curriculum.items.values())
    return {CATEGORY_TITLES[category]: held[category] for category in CATEGORIES}


async def alike(
    checked: Sequence[Item], all_items: Sequence[Item], embedder: Embedder, bound: float = ALIKE
) -> list[tuple[Item, Item, float]]:
    """Pairs of different items whose prompts, those of their variants included, come near by meaning; nearest first.

    Nothing where there is no embedding.
    """
    owners: list[Item] = []
    prompts: list[str] = []
    for item in all_items:
        for prompt in (item.prompt, *(variant.prompt for variant in item.variants)):
            owners.append(item)
            prompts.append(prompt)
    cosines = await embedder.similarities([item.prompt for item in checked], prompts)
    nearest: dict[tuple[str, str], tuple[Item, Item, float]] = {}
    for item, row in zip(checked, cosines or (), strict=False):
        for other, cosine in zip(owners, row, strict=True):
            key = (min(item.id, other.id), max(item.id, other.id))
            if item.id != other.id and cosine >= bound and cosine > nearest.get(key, (item, other, 0.0))[2]:
                nearest[key] = (item, other, cosine)
    return sorted(nearest.values(), key=lambda pair: -pair[2])


def alike_faults(pairs: Sequence[tuple[Item, Item, float]]) -> Iterator[Fault]:
    """The pairs for which neither item says why both are there."""
    for item, other, cosine in pairs:
        if not (item.meta.alike.get(other.id) or other.meta.alike.get(item.id)):
            yield Fault(
                level="error",
                subject=item.id,
                at=("prompt",),
                expected=f"an idea of its own, or a reason under meta.alike for {other.id}",
                found=f"a prompt like the one of {other.id} (cosine {cosine:.2f}, bound {ALIKE:g})",
            )
