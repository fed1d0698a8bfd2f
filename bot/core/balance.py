"""Which category a prompt comes from: credits that keep every prefix close to the learning split."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.core.errors import InvalidRequest
from knowledge.model import CATEGORIES, Category

ONE = 1000
"""Credits are integers: thousandths of a prompt."""
CAP = 1500
HALF = ONE // 2

Split = Mapping[Category, int]
"""Thousandths a category, adding up to 1000."""

DEFAULT_SPLIT: Split = {"B": 400, "S": 300, "D": 200, "A": 100}
"""The article's: 40 % backend depth, 30 % system design, 20 % DSA, 10 % AI-assisted development."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """What each category is owed, in thousandths of a prompt, and the category that came last."""

    owed: Mapping[Category, int]
    last: Category | None = None


NO_CREDITS = Credits(owed=dict.fromkeys(CATEGORIES, 0))


def parse_split(text: str) -> Split:
    """`40/30/20/10` (backend, system design, DSA, AI) as thousandths; raises InvalidRequest."""
    parts = text.replace(" ", "").replace("%", "").split("/")
    if len(parts) != len(CATEGORIES) or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        raise InvalidRequest(
            f"A split is four whole numbers such as 40/30/20/10, not “{text[:40]}”.",
            next_step="They stand for backend, system design, DSA and AI.",
        )
    shares = [int(part) for part in parts]
    if sum(shares) != 100:
        raise InvalidRequest(f"The four shares add up to {sum(shares)}, not 100.", next_step="Try 40/30/20/10.")
    return {category: share * 10 for category, share in zip(CATEGORIES, shares, strict=True)}


def format_split(split: Split) -> str:
    """The inverse of `parse_split`."""
    return "/".join(str(split[category] // 10) for category in CATEGORIES)


def choose_category(before: Credits, split: Split, available: Collection[Category]) -> tuple[Category, Credits]:
    """The category of the next prompt and the credits after it.

    Every category earns its share; yesterday's stands back if no share exceeds one half and another category has an
    item and a positive credit; of the rest the one owed most pays one prompt (ties: the larger share, then B, S, D,
    A). With 40/30/20/10 every prefix stays within 0.7 of the ideal and every aligned ten is exactly 4/3/2/1.
    Raises ValueError if no category with a share has an item.
    """
    earned = {category: before.owed.get(category, 0) + split[category] for category in CATEGORIES}
    candidates = [category for category in CATEGORIES if category in available and split[category] > 0]
    if not candidates:
        raise ValueError("no category of the split has an item")
    if max(split.values()) <= HALF and any(c != before.last and earned[c] > 0 for c in candidates):
        candidates = [category for category in candidates if category != before.last]
    chosen = max(candidates, key=lambda c: (earned[c], split[c], -CATEGORIES.index(c)))
    earned[chosen] -= ONE
    owed = {category: max(-CAP, min(CAP, credit)) for category, credit in earned.items()}
    return chosen, Credits(owed=owed, last=chosen)
