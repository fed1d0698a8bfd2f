"""How the level of new prompts is found and moved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.level import HIGHEST, LOWEST, PLACEMENT, START, Level, after_placement, is_placed, moved

LEVELS = st.builds(Level, value=st.floats(LOWEST, HIGHEST), placed=st.integers(0, PLACEMENT))


def placement(*ratings: int) -> list[float]:
    """The level after each rating, asked at the whole level nearest to it."""
    level, values = None, []
    for rating in ratings:
        level = after_placement(level, round((level or START).value), rating)
        values.append(level.value)
    assert is_placed(level) == (len(ratings) >= PLACEMENT)
    return values


@pytest.mark.parametrize(
    ("ratings", "values"),
    [
        ((3, 3, 3), [3.0, 4.0, 4.5]),
        ((4, 4, 1), [3.0, 4.0, 3.5]),
        ((3, 1, 3), [3.0, 2.0, 2.5]),
        ((2, 2, 2), [2.0, 2.0, 2.0]),
        ((1, 1, 1), [1.0, 1.0, 1.0]),
    ],
)
def test_placement_climbs_over_2_3_and_4_while_it_goes_well(ratings: tuple[int, ...], values: list[float]) -> None:
    assert placement(*ratings) == values


def test_a_first_prompt_that_was_easy_does_not_keep_the_others_easy() -> None:
    assert after_placement(None, 1, 3) == after_placement(None, 2, 3) == Level(value=3.0, placed=1)
    assert after_placement(None, 1, 2) == Level(value=1.0, placed=1)
    assert after_placement(Level(value=1.0, placed=1), 1, 3) == Level(value=2.0, placed=2)


def test_placement_follows_the_level_that_was_really_asked() -> None:
    assert after_placement(None, 4, 3).value == 5.0
    assert after_placement(Level(value=4.0, placed=1), 2, 1).value == 1.0


def test_who_is_placed_is_not_placed_again() -> None:
    level = Level(value=3.5, placed=PLACEMENT)
    assert after_placement(level, 5, 4) == level


@given(LEVELS, st.integers(1, 5), st.integers(1, 4))
def test_placement_stays_within_the_levels_and_ends(level: Level, asked: int, rating: int) -> None:
    after = after_placement(level, asked, rating)
    assert LOWEST <= after.value <= HIGHEST
    assert after.placed == min(PLACEMENT, level.placed + 1)


@given(LEVELS)
def test_a_tap_moves_by_one_and_never_beyond_the_ends(level: Level) -> None:
    easier, harder = moved(level, "easier"), moved(level, "harder")
    assert easier.value == max(LOWEST, level.value - 1)
    assert harder.value == min(HIGHEST, level.value + 1)
    assert easier.placed == harder.placed == level.placed


def test_a_tap_of_somebody_new_moves_from_the_start() -> None:
    assert (moved(None, "easier").value, moved(None, "harder").value) == (1.0, 3.0)


@pytest.mark.parametrize(("value", "placed"), [(0.9, 0), (5.1, 0), (2.0, -1), (2.0, 4), (float("nan"), 0)])
def test_a_level_that_is_none_is_refused(value: float, placed: int) -> None:
    with pytest.raises(ValueError, match="a level is 1-5"):
        Level(value=value, placed=placed)
