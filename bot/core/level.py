"""How hard new prompts are: three placement prompts find the level, taps move it. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

LOWEST, HIGHEST = 1.0, 5.0
PLACEMENT = 3
"""Prompts that place a newcomer, whichever comes first, then at levels 3 and 4 while the answers are good."""
_STEPS = (1.0, 1.0, 0.5)
"""How far each placement prompt moves the level from that of the prompt; the last one only tips the balance."""
_SHIFTS: Mapping[int, float] = {1: -1.0, 2: 0.0, 3: 1.0, 4: 1.0}
_TAP = 1.0

Direction = Literal["easier", "harder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The level (1-5) at which new items are chosen, and how many placement prompts were answered (0-3)."""

    value: float
    placed: int = 0

    def __post_init__(self) -> None:
        if not LOWEST <= self.value <= HIGHEST or not 0 <= self.placed <= PLACEMENT:
            raise ValueError(f"a level is 1-5 after 0-{PLACEMENT} placement prompts: {self}")


START = Level(value=2.0)
"""Where somebody begins of whom nothing is known."""


def is_placed(level: Level | None) -> bool:
    """Whether the placement is over."""
    return level is not None and level.placed >= PLACEMENT


def after_placement(level: Level | None, asked: int, rating: int) -> Level:
    """The level once a placement prompt of level `asked` was rated (1 Again to 4 Easy); itself if placed already.

    A good answer moves to the level above the prompt's (after the first prompt to 3 at least), a failed one below, a
    hard one stays. Call it once a prompt.
    """
    before = level or START
    if is_placed(before):
        return before
    shown = max(asked, START.value) if level is None and rating >= 3 else asked
    value = shown + _SHIFTS[rating] * _STEPS[before.placed]
    return Level(value=_bounded(value), placed=before.placed + 1)


def moved(level: Level | None, direction: Direction) -> Level:
    """The level after "too hard" (easier) or "too easy" (harder): one up or down, within 1-5."""
    before = level or START
    step = _TAP if direction == "harder" else -_TAP
    return Level(value=_bounded(before.value + step), placed=before.placed)


def _bounded(value: float) -> float:
    return max(LOWEST, min(HIGHEST, value))
