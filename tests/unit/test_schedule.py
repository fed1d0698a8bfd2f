"""When a prompt is due, also around the changes of the clock."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.core.errors import InvalidRequest
from bot.core.records import Subscription
from bot.core.schedule import (
    WORK_DAYS,
    Quiet,
    fresh_until,
    instant_of,
    is_quiet,
    local_day,
    next_due,
    snoozed_until,
    upcoming,
    zone_of,
)
from bot.core.time_words import days_in_words, find_zone, parse_days, parse_off_until, parse_quiet, parse_time
from tests.unit.streams import a_stream

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


def keeps_its_dates(zone: ZoneInfo, at: time, quiet: Quiet | None = None, *, steady: bool = True) -> None:
    for day in [day for year in (2026, 2027) for day in (changes(zone, year) or [date(year, 6, 1)])]:
        due = datetime.combine(day - timedelta(days=4), time(12), zone).astimezone(UTC)
        dates, instants = [], []
        for _ in range(8):
            due = next_due(due, at, zone, EVERY_DAY, quiet=quiet)
            instants.append(due)
            dates.append(due.astimezone(zone).date())
            assert not is_quiet(due.astimezone(zone).time(), quiet), "never at night"
        assert dates == [dates[0] + timedelta(days=step) for step in range(8)]
        for earlier, later in pairwise(instants):
            assert not steady or timedelta(hours=23) <= later - earlier <= timedelta(hours=25)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("at", CLOCK_TIMES, ids=str)
def test_each_local_date_has_one_due_instant_around_the_changes(name: str, at: time) -> None:
    keeps_its_dates(ZoneInfo(name), at)
    keeps_its_dates(ZoneInfo(name), at, (time(19), time(8)))
    keeps_its_dates(ZoneInfo(name), at, (time(1), time(2, 30)), steady=False)  # a gap may move into them


@pytest.mark.soak
@pytest.mark.parametrize("name", ZONES)
def test_each_local_date_has_one_due_instant_at_every_five_minutes(name: str) -> None:
    for minute in range(0, 1440, 5):
        keeps_its_dates(ZoneInfo(name), time(minute // 60, minute % 60))


def delivered(subscription: Subscription, start: datetime, until: datetime) -> list[date]:
    """The local dates of what the five-minute ticks send between two instants."""
    sent, due, now = [], upcoming(subscription, start), start
    while (now := now + timedelta(minutes=5)) < until:
        if due <= now:
            assert now <= fresh_until(due, subscription)
            sent.append(local_day(due, subscription))
            due = upcoming(subscription, max(now, due), had=sent[-1])
    return sent


def ticks_send_each_date(name: str, minutes: Iterable[int]) -> None:
    zone = ZoneInfo(name)
    for day in [day for year in (2026, 2027) for day in (changes(zone, year) or [date(year, 6, 1)])]:
        start, end = (instant_of(day + timedelta(days=step), time.min, zone) for step in (-2, 3))
        for minute in minutes:
            stream = a_stream(zone=name, local_time=time(minute // 60, minute % 60), days=frozenset(EVERY_DAY))
            sent = delivered(stream, start - timedelta(seconds=1), end)
            assert sent == [day + timedelta(days=step) for step in range(-2, 3)], (name, day, minute)


@pytest.mark.parametrize("name", ZONES)
def test_the_ticks_around_a_change_send_each_date_once(name: str) -> None:
    ticks_send_each_date(name, (0, 90, 145, 180, 540))


@pytest.mark.soak
@pytest.mark.parametrize("name", ZONES)
def test_the_ticks_send_each_date_once_at_every_five_minutes(name: str) -> None:
    ticks_send_each_date(name, range(0, 1435, 5))


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


# --- quiet hours, days off, snooze -----------------------------------------------------------

UTC_ZONE = ZoneInfo("UTC")
NIGHT = (time(19), time(8))
TUESDAY = datetime(2026, 1, 6, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (time(9), time(9)),
        (time(21), time(8)),
        (time(7, 59), time(8)),
        (time(19), time(8)),
        (time(18, 59), time(18, 59)),
    ],
)
def test_a_time_in_quiet_hours_waits_for_their_end_of_that_date(at: time, expected: time) -> None:
    monday = datetime(2026, 1, 5, 0, tzinfo=UTC)
    due = next_due(monday - timedelta(seconds=1), at, UTC_ZONE, WORK_DAYS, quiet=NIGHT)
    assert (due.date(), due.time()) == (monday.date(), expected)


def test_a_prompt_is_not_sent_late_into_quiet_hours() -> None:
    stream = a_stream(local_time=time(18), quiet=NIGHT)
    assert fresh_until(TUESDAY.replace(hour=18), stream) == TUESDAY.replace(hour=19)
    assert fresh_until(TUESDAY.replace(hour=9), stream) == TUESDAY.replace(hour=12)
    over_midnight = a_stream(local_time=time(23), quiet=(time(1), time(8)))
    assert fresh_until(TUESDAY.replace(hour=23), over_midnight) == TUESDAY.replace(day=7, hour=1)


@pytest.mark.parametrize(
    ("word", "now", "expected"),
    [
        ("1h", TUESDAY, TUESDAY.replace(hour=11)),
        ("1h", TUESDAY.replace(hour=18, minute=30), TUESDAY.replace(day=7, hour=8)),
        ("1h", TUESDAY.replace(hour=5), TUESDAY.replace(hour=8)),
        ("1h", TUESDAY.replace(day=9, hour=18, minute=30), TUESDAY.replace(day=12, hour=9)),
        ("tomorrow", TUESDAY, TUESDAY.replace(day=7, hour=9)),
        ("tomorrow", TUESDAY.replace(day=9), TUESDAY.replace(day=12, hour=9)),
        ("2026-01-10", TUESDAY, TUESDAY.replace(day=12, hour=9)),
        ("2026-01-08", TUESDAY, TUESDAY.replace(day=8, hour=9)),
    ],
)
def test_a_snoozed_prompt_comes_back_outside_quiet_hours_on_a_work_day(
    word: str, now: datetime, expected: datetime
) -> None:
    assert snoozed_until(word, now, a_stream(quiet=NIGHT)) == expected


def test_a_snooze_until_a_day_off_waits_for_the_day_after() -> None:
    stream = a_stream(holidays="DE", off_until=date(2026, 1, 8), rhythm="weekly")
    assert snoozed_until("tomorrow", TUESDAY, stream) == TUESDAY.replace(day=8, hour=9)
    new_year = datetime(2025, 12, 31, 10, tzinfo=UTC)
    assert snoozed_until("tomorrow", new_year, a_stream(holidays="DE")) == datetime(2026, 1, 2, 9, tzinfo=UTC)


@pytest.mark.parametrize("word", ["", "2h", "someday", "2026-01-06", "2026-01-01", "9999-12-31x"])
def test_a_snooze_to_nowhere_is_refused(word: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        snoozed_until(word, TUESDAY, a_stream())
    assert caught.value.next_step


@pytest.mark.parametrize(("due", "hours"), [(3, 6), (20, -11), (9, 0)])
def test_a_zone_that_is_gone_keeps_its_hour(due: int, hours: int) -> None:
    stream = a_stream(zone="Europe/Atlantis", next_due=TUESDAY.replace(hour=due))
    assert zone_of(stream).utcoffset(None) == timedelta(hours=hours)
    assert upcoming(stream, TUESDAY.replace(hour=due)) == TUESDAY.replace(day=7, hour=due)
    assert zone_of(a_stream(zone="Europe/Atlantis")) is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("until 2026-02-01", date(2026, 2, 1)),
        ("2026-02-01", date(2026, 2, 1)),
        ("2 weeks", date(2026, 1, 20)),
        ("for a week", date(2026, 1, 13)),
        ("until monday", date(2026, 1, 12)),
        ("until next tue", date(2026, 1, 13)),
        ("today", date(2026, 1, 7)),
        ("tomorrow", date(2026, 1, 7)),
    ],
)
def test_time_off_as_people_write_it(text: str, expected: date) -> None:
    assert parse_off_until(text, TUESDAY.date()) == expected


@pytest.mark.parametrize(
    "text", ["", "until", "until 2026-01-06", "until 2025-01-01", "999 months", "x" * 99, "2030-01-01"]
)
def test_time_off_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_off_until(text, TUESDAY.date())
    assert caught.value.next_step
    assert len(str(caught.value)) < 200


def test_quiet_hours_as_people_write_them() -> None:
    assert parse_quiet("19:00-08:00") == parse_quiet("7pm to 8am") == parse_quiet("19-8") == NIGHT
    for text in ("", "19:00", "19:00-25:00", "9-9", "night"):
        with pytest.raises(InvalidRequest):
            parse_quiet(text)


def test_no_day_left_is_refused_and_not_looked_for_forever() -> None:
    with pytest.raises(InvalidRequest):
        next_due(TUESDAY, time(9), UTC_ZONE, WORK_DAYS, lambda _day: True)
