"""The streak on work days: what breaks it, what does not, and that to practise more never makes it shorter."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.streak import FREEZES, Streak, streak

MONDAY = date(2026, 3, 2)
DAY = timedelta(days=1)


def weekend(day: date) -> bool:
    return day.weekday() > 4


def on(*numbers: int) -> set[date]:
    """Days after Monday 2 March 2026."""
    return {MONDAY + DAY * number for number in numbers}


def of(practised: set[date], today: int, reviewed: set[date] | None = None) -> Streak:
    return streak(practised, reviewed or set(), today=MONDAY + DAY * today, off=weekend)


def test_nobody_who_never_practised_has_one() -> None:
    found = of(set(), 3)
    assert (found.length, found.longest, found.freezes_left, found.repairable, found.days) == (0, 0, FREEZES, None, {})


def test_a_weekend_and_a_holiday_do_not_break_it() -> None:
    found = streak(on(3, 4, 8), set(), today=MONDAY + DAY * 8, off=lambda day: weekend(day) or day in on(7))
    assert found.length == 3
    assert found.freezes_left == FREEZES
    assert [found.days[day] for day in sorted(on(3, 4, 5, 6, 7, 8))] == [
        "practised", "practised", "off", "off", "off", "practised",
    ]  # fmt: skip


def test_practice_on_a_day_off_is_shown_but_not_counted() -> None:
    found = of(on(3, 4, 5, 7), 7)
    assert found.length == 3
    assert found.days[MONDAY + DAY * 5] == "practised"


def test_two_missed_days_of_a_month_are_frozen_and_the_third_shortens_it() -> None:
    found = of(on(0, 2, 4, 8), 9)
    assert (found.length, found.freezes_left) == (3, 0), "2, 4 and 8"
    assert [found.days[day] for day in sorted(on(1, 3, 7))] == ["missed", "frozen", "frozen"]


def test_a_new_month_has_freezes_of_its_own() -> None:
    # March: 25 and 27 missed; April: 2 and 6
    away = {date(2026, 3, 25), date(2026, 3, 27), date(2026, 4, 2), date(2026, 4, 6)}
    every = [date(2026, 3, 23) + DAY * number for number in range(18)]
    found = streak({day for day in every if day not in away}, set(), today=every[-1], off=weekend)
    assert found.length == sum(not weekend(day) for day in every) - 4
    assert found.freezes_left == 0
    assert {day for day, state in found.days.items() if state == "frozen"} == away


def test_today_is_open_until_it_is_over() -> None:
    found = of(on(0, 1), 2)
    assert (found.length, found.days[MONDAY + DAY * 2]) == (2, "open")


def test_a_review_on_the_next_day_repairs_a_missed_one_for_free() -> None:
    before = of(on(0, 1), 3)
    assert (before.length, before.repairable, before.freezes_left) == (2, MONDAY + DAY * 2, FREEZES)
    plain = of(on(0, 1, 3), 4)
    assert (plain.length, plain.freezes_left, plain.days[MONDAY + DAY * 2]) == (3, FREEZES - 1, "frozen")
    repaired = of(on(0, 1, 3), 4, reviewed=on(3))
    assert (repaired.length, repaired.freezes_left, repaired.days[MONDAY + DAY * 2]) == (4, FREEZES, "repaired")


@pytest.mark.parametrize("when", [5, 6, 7])
def test_a_friday_can_be_repaired_until_the_end_of_monday(when: int) -> None:
    found = of(on(0, 1, 2, 3, when), when, reviewed=on(when))
    assert found.days[MONDAY + DAY * 4] == "repaired"


def test_a_friday_cannot_be_repaired_on_tuesday() -> None:
    assert of(on(3, 8), 8, reviewed=on(8)).days[MONDAY + DAY * 4] == "frozen"


def test_it_remembers_the_longest() -> None:
    found = of(on(0, 1, 2, 3, 4, 16), 16)
    assert (found.length, found.longest) == (1, 5)


def test_what_a_clock_that_was_ahead_noted_is_ignored() -> None:
    assert of(on(0, 1, 900), 1).length == 2


# --- what holds for everybody ----------------------------------------------------------------

offsets = st.sets(st.integers(0, 75), max_size=76)
SOME = st.tuples(offsets, offsets, offsets)


def length(practised: set[int], reviewed: set[int], away: set[int], today: int = 75) -> Streak:
    return streak(
        on(*practised),
        on(*reviewed & practised),
        today=MONDAY + DAY * today,
        off=lambda day: weekend(day) or day in on(*away),
    )


@given(SOME, st.integers(0, 75))
@example(({1, 2}, set(), set()), 0)
def test_to_practise_more_never_shortens_it(some: tuple[set[int], set[int], set[int]], more: int) -> None:
    practised, reviewed, away = some
    before, after = length(practised, reviewed, away), length(practised | {more}, reviewed, away)
    assert after.length >= before.length
    assert after.longest >= before.longest


@given(SOME, st.integers(0, 75))
def test_a_review_never_shortens_it(some: tuple[set[int], set[int], set[int]], more: int) -> None:
    practised, reviewed, away = some
    assert length(practised, reviewed | {more}, away).length >= length(practised, reviewed, away).length


@given(SOME, st.integers(0, 75))
def test_a_day_off_on_which_nothing_was_done_never_shortens_it(
    some: tuple[set[int], set[int], set[int]], more: int
) -> None:
    practised, reviewed, away = some
    if more in practised or length(practised, reviewed, away).days.get(MONDAY + DAY * more) == "repaired":
        return
    assert length(practised, reviewed, away | {more}).length >= length(practised, reviewed, away).length


@given(SOME)
def test_never_more_than_two_frozen_days_a_month_and_every_day_has_a_state(
    some: tuple[set[int], set[int], set[int]],
) -> None:
    found = length(*some)
    frozen = [day for day, state in found.days.items() if state == "frozen"]
    for month in {(day.year, day.month) for day in frozen}:
        assert sum((day.year, day.month) == month for day in frozen) <= FREEZES
    assert 0 <= found.freezes_left <= FREEZES
    assert found.length <= found.longest
    if found.days:
        assert sorted(found.days) == [min(found.days) + DAY * number for number in range(len(found.days))]


@given(SOME)
def test_it_is_the_best_run_that_reaches_today(some: tuple[set[int], set[int], set[int]]) -> None:
    """Beside a search over every day it could have begun on."""
    found = length(*some)
    states = {day: "missed" if state == "frozen" else state for day, state in sorted(found.days.items())}
    work = [day for day in states if not (weekend(day) or day in on(*some[2]))]
    best = 0
    for start in range(len(work)):
        run = work[start:]
        missed = [(day.year, day.month) for day in run if states[day] == "missed"]
        if states[run[0]] in {"practised", "repaired"} and all(missed.count(month) <= FREEZES for month in missed):
            best = max(best, sum(states[day] in {"practised", "repaired"} for day in run))
    assert found.length == best
