"""The learning split: how close every prefix stays to it, and what may come twice."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.balance import (
    CAP,
    DEFAULT_SPLIT,
    NO_CREDITS,
    Credits,
    Split,
    choose_category,
    format_split,
    parse_split,
)
from bot.core.errors import InvalidRequest
from knowledge.model import CATEGORIES, Category


def prompts(split: Split, count: int) -> list[Category]:
    owed, drawn = NO_CREDITS, []
    for _ in range(count):
        category, owed = choose_category(owed, split, CATEGORIES)
        drawn.append(category)
    return drawn


def deviations(drawn: list[Category], splits: Iterator[Split]) -> Iterator[float]:
    """The largest distance of a category from its ideal count, after every prompt."""
    ideal = dict.fromkeys(CATEGORIES, 0)
    seen = dict.fromkeys(CATEGORIES, 0)
    for category, split in zip(drawn, splits, strict=False):
        seen[category] += 1
        for one in CATEGORIES:
            ideal[one] += split[one]
        yield max(abs(1000 * seen[one] - ideal[one]) for one in CATEGORIES) / 1000


def always(split: Split) -> Iterator[Split]:
    while True:
        yield split


def grid(least: int = 0, most: int = 100) -> list[Split]:
    """Every split in steps of 5 % whose shares are between `least` and `most` percent."""
    steps = [step for step in range(0, 101, 5) if least <= step <= most]
    return [
        {"B": b * 10, "S": s * 10, "D": d * 10, "A": (100 - b - s - d) * 10}
        for b in steps
        for s in steps
        for d in steps
        if 100 - b - s - d in steps
    ]


def test_the_articles_split_holds_over_ten_thousand_prompts() -> None:
    drawn = prompts(DEFAULT_SPLIT, 10_000)
    assert max(deviations(drawn, always(DEFAULT_SPLIT))) <= 0.7
    for start in range(0, 10_000, 10):
        assert Counter(drawn[start : start + 10]) == {"B": 4, "S": 3, "D": 2, "A": 1}
    assert all(one != following for one, following in pairwise(drawn))


GRID_WITHOUT_A_MAJORITY = grid(most=50)


@settings(max_examples=60, deadline=None)
@given(split=st.sampled_from(GRID_WITHOUT_A_MAJORITY))
def test_no_split_without_a_majority_strays_further_than_085(split: Mapping[Category, int]) -> None:
    assert max(deviations(prompts(split, 400), always(split))) <= 0.85


@pytest.mark.parametrize("split", ["50/50/0/0", "50/30/20/0", "25/25/25/25", "40/30/20/10"])
def test_no_category_comes_twice_in_a_row_without_a_majority(split: str) -> None:
    drawn = prompts(parse_split(split), 500)
    assert all(one != following for one, following in pairwise(drawn))


def test_a_category_with_a_majority_may_come_twice() -> None:
    drawn = prompts(parse_split("70/10/10/10"), 100)
    assert Counter(drawn) == {"B": 70, "S": 10, "D": 10, "A": 10}
    assert any(one == following for one, following in pairwise(drawn))


@pytest.mark.parametrize(("least", "most", "bound"), [(5, 100, 0.95), (0, 50, 1.05)])
def test_a_split_that_changes_at_random_keeps_its_bound(least: int, most: int, bound: float) -> None:
    choices = grid(least=least, most=most)
    worst = 0.0
    for seed in range(60):
        rng = random.Random(seed)
        owed, drawn, splits = NO_CREDITS, [], []
        split = rng.choice(choices)
        for _ in range(300):
            if rng.random() < 0.2:
                split = rng.choice(choices)
            category, owed = choose_category(owed, split, CATEGORIES)
            drawn.append(category)
            splits.append(split)
        worst = max(worst, *deviations(drawn, iter(splits)))
    assert worst <= bound


def test_a_category_without_a_share_never_comes() -> None:
    assert Counter(prompts(parse_split("60/40/0/0"), 50)) == {"B": 30, "S": 20}


def test_a_category_without_an_item_stands_back_and_what_it_is_owed_is_capped() -> None:
    owed, drawn = NO_CREDITS, []
    for _ in range(100):
        category, owed = choose_category(owed, DEFAULT_SPLIT, {"S", "D", "A"})
        drawn.append(category)
    assert "B" not in drawn
    assert owed.owed["B"] == CAP
    assert all(-CAP <= credit <= CAP for credit in owed.owed.values())
    back = [choose_category(owed, DEFAULT_SPLIT, CATEGORIES)[0]]
    assert back == ["B"]


def test_nothing_to_draw_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="no category"):
        choose_category(NO_CREDITS, parse_split("0/0/0/100"), {"B", "S", "D"})


def test_ties_go_to_the_larger_share_and_then_in_order() -> None:
    level = Credits(owed={"B": 0, "S": 100, "D": 200, "A": 300})
    assert choose_category(level, DEFAULT_SPLIT, CATEGORIES)[0] == "B"
    assert prompts(parse_split("25/25/25/25"), 4) == ["B", "S", "D", "A"]


def test_the_credits_handed_in_are_left_as_they_are() -> None:
    before = Credits(owed={"B": 10, "S": 20, "D": 30, "A": -60}, last="S")
    choose_category(before, DEFAULT_SPLIT, CATEGORIES)
    assert before == Credits(owed={"B": 10, "S": 20, "D": 30, "A": -60}, last="S")


@given(st.sampled_from(grid()))
def test_a_split_survives_being_written_and_read(split: Split) -> None:
    assert parse_split(format_split(split)) == split


@pytest.mark.parametrize(
    ("text", "expected"), [("40/30/20/10", DEFAULT_SPLIT), (" 40 % / 30% / 20 / 10 ", DEFAULT_SPLIT)]
)
def test_a_split_is_read_with_spaces_and_signs(text: str, expected: Split) -> None:
    assert parse_split(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "40/30/20", "40/30/20/10/0", "40/30/20/11", "a/b/c/d", "-10/50/50/10", "40.5/29.5/20/10", "٤٠/30/20/10"],
)
def test_a_split_that_is_none_is_refused_with_a_next_step(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_split(text)
    assert caught.value.next_step
