"""When a prompt is due, also around the changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.core.errors import InvalidRequest
from bot.core.schedule import WORK_DAYS, days_in_words, find_zone, instant_of, next_due, parse_days, parse_time

EVERY_DAY = range(7)
ZONES = (
    "UTC",
    "Europe/Paris",
    "Europe/London",
    "America/New_York",
    "America/Los_Angeles",
    "America/Santiago",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)
CLOCK_TIMES = (time(0, 0), time(0, 30), time(1, 30), time(2, 0), time(2, 30), time(9, 0), time(23, 30))


def changes(zone: ZoneInfo, year: int) -> list[date]:
    """The local dates of a year on which the offset changes."""
    noons = [datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(-1, 366)]
    return [
        later.astimezone(zone).date()
        for earlier, later in pairwise(noons)
        if earlier.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset()
    ]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("at", CLOCK_TIMES, ids=str)
def test_each_local_date_has_one_due_instant_around_the_changes(name: str, at: time) -> None:
    zone = ZoneInfo(name)
    for day in [day for year in (2026, 2027) for day in (changes(zone, year) or [date(year, 6, 1)])]:
        due = datetime.combine(day - timedelta(days=4), time(12), zone).astimezone(UTC)
        dates, instants = [], []
        for _ in range(8):
            due = next_due(due, at, zone, EVERY_DAY)
            instants.append(due)
            dates.append(due.astimezone(zone).date())
        assert dates == [dates[0] + timedelta(days=step) for step in range(8)]
        for earlier, later in pairwise(instants):
            assert timedelta(hours=23) <= later - earlier <= timedelta(hours=25)


def test_there_are_changes_to_test() -> None:
    assert sum(bool(changes(ZoneInfo(name), 2026)) for name in ZONES) >= 8


def test_a_time_in_the_gap_moves_forward_by_it() -> None:
    paris = ZoneInfo("Europe/Paris")
    due = instant_of(date(2026, 3, 29), time(2, 30), paris)
    assert due == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert due.astimezone(paris).time() == time(3, 30)


def test_a_time_that_comes_twice_is_due_at_the_first() -> None:
    paris = ZoneInfo("Europe/Paris")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert instant_of(date(2026, 10, 25), time(2, 30), paris) == first
    again = next_due(first, time(2, 30), paris, EVERY_DAY)
    assert again == datetime(2026, 10, 26, 1, 30, tzinfo=UTC), "not an hour later, in the repeated hour"


def test_the_due_instant_itself_is_over() -> None:
    nine = datetime(2026, 1, 5, 9, tzinfo=UTC)
    utc = ZoneInfo("UTC")
    assert next_due(nine - timedelta(microseconds=1), time(9), utc, EVERY_DAY) == nine
    assert next_due(nine, time(9), utc, EVERY_DAY) == nine + timedelta(days=1)


def test_only_chosen_days_are_due() -> None:
    friday = datetime(2026, 1, 9, 9, tzinfo=UTC)
    assert next_due(friday, time(9), ZoneInfo("UTC"), WORK_DAYS) == datetime(2026, 1, 12, 9, tzinfo=UTC)
    # it is Monday in Auckland while it is Sunday in UTC
    sunday = datetime(2026, 1, 11, 12, tzinfo=UTC)
    assert next_due(sunday, time(9), ZoneInfo("Pacific/Auckland"), WORK_DAYS) == datetime(2026, 1, 11, 20, tzinfo=UTC)


def test_no_day_at_all_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        next_due(datetime(2026, 1, 5, tzinfo=UTC), time(9), ZoneInfo("UTC"), ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", time(9)),
        ("09:30", time(9, 30)),
        ("9.30", time(9, 30)),
        ("9h30", time(9, 30)),
        ("at 7", time(7)),
        ("5pm", time(17)),
        ("5:15 PM", time(17, 15)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("0:00", time(0)),
        ("23:59", time(23, 59)),
        ("24:00", None),
        ("9:60", None),
        ("13pm", None),
        ("0am", None),
        ("noon", None),
        ("", None),
        ("9:5", None),
        ("123", None),
        ("40/30/20/10", None),
    ],
)
def test_times_as_people_write_them(text: str, expected: time | None) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("Mon,Wed,Fri", {0, 2, 4}),
        ("monday-friday", {0, 1, 2, 3, 4}),
        ("sat-mon", {5, 6, 0}),
        ("sun", {6}),
        ("mon-tue,sat", {0, 1, 5}),
        ("daily", set(range(7))),
        ("Weekdays", {0, 1, 2, 3, 4}),
        ("someday", None),
        ("", None),
        ("mon-", {0}),
        ("mon,xyz", None),
    ],
)
def test_days_as_people_write_them(text: str, expected: set[int] | None) -> None:
    assert parse_days(text) == expected


@pytest.mark.parametrize("days", [{0, 1, 2, 3, 4}, set(range(7)), {0, 2}, {6}, {5, 6}])
def test_days_in_words_can_be_read_back(days: set[int]) -> None:
    words = days_in_words(days).replace("every day", "daily").replace(" ", "")
    assert parse_days(words) == days


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Europe/Paris", "Europe/Paris"),
        ("europe/paris", "Europe/Paris"),
        ("PARIS", "Europe/Paris"),
        ("new york", "America/New_York"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("kolkata", "Asia/Kolkata"),
    ],
)
def test_zones_as_people_write_them(text: str, expected: str) -> None:
    assert find_zone(text).key == expected


@pytest.mark.parametrize(
    ("text", "near"),
    [("Europe/Pariss", "Europe/Paris"), ("Berlinn", "Europe/Berlin"), ("America/NewYork", "America/New_York")],
)
def test_an_unknown_zone_offers_the_nearest(text: str, near: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_zone(text)
    assert text in caught.value.sentence
    assert near in caught.value.next_step


@pytest.mark.parametrize("text", ["", "x" * 500, "../../etc/passwd", "\x00", "日本"])
def test_nonsense_for_a_zone_is_refused_with_examples(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_zone(text)
    assert "/" in caught.value.next_step
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("city", ["Monterrey", "Montevideo", "Monaco", "Thule", "Monrovia"])
def test_a_city_that_begins_like_a_day_is_no_day(city: str) -> None:
    assert parse_days(city) is None
    assert find_zone(city).key.endswith(city)
