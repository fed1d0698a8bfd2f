"""Days without a prompt: public holidays by region, time off, all but one day of a week."""

from datetime import date, timedelta

import pytest

from bot.core.attention import Newest, asks_for_weekly, ignored_now, is_silent
from bot.core.days_off import is_day_off, is_prompt_day, prepare, public_holidays
from bot.core.errors import InvalidRequest
from bot.core.regions import find_region
from tests.unit.streams import a_stream

EPIPHANY = date(2026, 1, 6)
MONDAY = date(2026, 1, 5)


def test_a_regional_holiday_is_off_there_alone() -> None:
    assert is_day_off(EPIPHANY, a_stream(holidays="DE-BY"))
    assert not is_day_off(EPIPHANY, a_stream(holidays="DE"))
    assert not is_day_off(EPIPHANY, a_stream())
    assert is_day_off(date(2026, 3, 31), a_stream(holidays="US-CA")), "Cesar Chavez Day"


def test_week_ends_and_time_off_are_off() -> None:
    stream = a_stream(off_until=date(2026, 1, 8))
    assert [is_day_off(MONDAY + timedelta(days=step), stream) for step in range(7)] == [True] * 3 + [False] * 2 + [
        True
    ] * 2


def test_a_region_that_is_not_known_any_more_has_no_holidays() -> None:
    assert public_holidays("XX", 2026) == public_holidays("DE-XX", 2026) == frozenset()
    prepare([a_stream(holidays="XX"), a_stream()], 2026)


def test_a_weekly_stream_has_the_first_work_day_of_a_week() -> None:
    def prompt_days(**given: object) -> list[int]:
        stream = a_stream(rhythm="weekly", **given)
        return [step for step in range(14) if is_prompt_day(MONDAY + timedelta(days=step), stream)]

    assert prompt_days() == [0, 7]
    assert prompt_days(days=frozenset({2, 4})) == [2, 9]
    assert prompt_days(off_until=MONDAY + timedelta(days=3)) == [3, 7]
    easter = date(2026, 4, 6)
    monday_off = a_stream(rhythm="weekly", holidays="DE")
    assert [is_prompt_day(easter + timedelta(days=step), monday_off) for step in range(3)] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DE", "DE"),
        ("de-by", "DE-BY"),
        ("DE-Bayern", "DE-BY"),
        ("de by", "DE-BY"),
        ("Germany", "DE"),
        ("USA", "US"),
        ("US-California", "US-CA"),
        ("united kingdom", "GB"),
        (" US_CA ", "US-CA"),
    ],
)
def test_regions_as_people_write_them(text: str, expected: str) -> None:
    assert find_region(text) == expected


@pytest.mark.parametrize(
    ("text", "near"),
    [("DE-BX", "DE-BY"), ("Germny", "DE"), ("US-Californa", "US-CA"), ("XX", "US-CA"), ("x" * 300, "DE-BY")],
)
def test_an_unknown_region_offers_the_nearest(text: str, near: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_region(text)
    assert near in caught.value.next_step
    assert len(str(caught.value)) < 200


# --- prompts that nobody touches -------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "touched", "expected"), [(True, False, 3), (True, True, 0), (False, True, 0), (False, False, 2)]
)
def test_what_did_not_arrive_counts_neither_way(sent: bool, touched: bool, expected: int) -> None:
    assert ignored_now(a_stream(ignored=2), Newest(kind="nudge", sent=sent, touched=touched)) == expected
    assert ignored_now(a_stream(ignored=2), None) == 2


def test_the_question_comes_once_and_silence_after_ten() -> None:
    ignored = Newest(kind="nudge", sent=True, touched=False)
    asked = [count for count in range(12) if asks_for_weekly(a_stream(ignored=count), ignored)]
    assert asked == [2]
    assert not asks_for_weekly(a_stream(ignored=2, rhythm="weekly"), ignored)
    assert not asks_for_weekly(a_stream(ignored=2), Newest(kind="offer", sent=True, touched=False))
    assert [count for count in range(12) if is_silent(a_stream(ignored=count))] == [10, 11]
