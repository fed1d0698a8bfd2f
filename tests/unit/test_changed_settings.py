"""Random settings changes at random times: no local date gets two prompts, none that was still to come is dropped."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.days_off import is_prompt_day
from bot.core.records import Subscription
from bot.core.schedule import due_on, fresh_until, is_quiet, local_day, rescheduled, upcoming, zone_of
from tests.unit.streams import a_stream

START = datetime(2026, 3, 23, tzinfo=UTC)
"""The week before the clock changes in Europe."""
TICK = timedelta(minutes=20)
ZONES = ("UTC", "Europe/Paris", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Auckland")
times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 20, 40)))
changes = st.one_of(
    st.fixed_dictionaries({"zone": st.sampled_from(ZONES)}),
    st.fixed_dictionaries({"local_time": times}),
    st.fixed_dictionaries({"days": st.sets(st.integers(0, 6), min_size=1).map(frozenset)}),
    st.fixed_dictionaries({"rhythm": st.sampled_from(("daily", "daily", "weekly"))}),
    st.fixed_dictionaries({"off_until": st.none() | st.dates(date(2026, 3, 22), date(2026, 4, 8))}),
    st.fixed_dictionaries({"holidays": st.sampled_from((None, "DE", "US"))}),
)
quiets = st.fixed_dictionaries({"quiet": st.none() | st.tuples(times, times).filter(lambda pair: pair[0] != pair[1])})


@dataclass
class Life:
    """A stream that lives through ticks and changes; `sent` lists the local dates of its prompts."""

    stream: Subscription
    now: datetime = START
    sent: list[date] = field(default_factory=list)
    lived: dict[date, list[tuple[datetime, Subscription]]] = field(default_factory=dict)

    def tick(self) -> None:
        self.now += TICK
        self.lived.setdefault(local_day(self.now, self.stream), []).append((self.now, self.stream))
        due = self.stream.next_due
        assert due is not None
        if due > self.now:
            return
        assert self.now <= fresh_until(due, self.stream) or self.stream.quiet, "the ticks are never late"
        day = local_day(due, self.stream)
        if self.now <= fresh_until(due, self.stream):
            assert not is_quiet(due.astimezone(zone_of(self.stream)).time(), self.stream.quiet)
            assert is_prompt_day(day, self.stream)
            self.sent.append(day)
        self.stream = replace(self.stream, next_due=upcoming(self.stream, max(self.now, due), had=day))

    def change(self, **given: Any) -> None:
        wanted = replace(self.stream, **given)
        had = max(self.sent, default=None)
        self.stream = replace(wanted, next_due=rescheduled(self.stream, wanted, now=self.now, had=had))


def lives_through(steps: list[tuple[int, dict[str, Any]]]) -> Life:
    first = a_stream()
    life = Life(replace(first, next_due=upcoming(first, START)))
    for ticks, changed in steps:
        for _ in range(ticks):
            life.tick()
        life.change(**changed)
    for _ in range(3 * 72):
        life.tick()
    return life


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 150), changes | quiets), max_size=8))
def test_no_local_date_gets_two_prompts(steps: list[tuple[int, dict[str, Any]]]) -> None:
    life = lives_through(steps)
    assert life.sent == sorted(set(life.sent))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 150), changes), max_size=8))
def test_no_working_day_is_dropped(steps: list[tuple[int, dict[str, Any]]]) -> None:
    """A day is owed its prompt if it was seen before its time, was a day for one until it ended by itself, and was not
    left by travelling east and come back to."""
    life = lives_through(steps)
    newest = max(life.lived)
    reached = date.min
    for day, ticks in sorted(life.lived.items(), key=lambda one: one[1][0][0]):
        at, stream = ticks[0]
        last, final = ticks[-1]
        ended = local_day(last + TICK, final) > day and last != life.now
        ahead = due_on(day, stream.local_time, ZoneInfo(stream.zone), stream.quiet) > at
        steady = all(is_prompt_day(day, one) for _, one in ticks) and day > reached
        again = any(other > day and seen[0][0] < last for other, seen in life.lived.items())
        reached = max(reached, day)
        if ended and ahead and steady and not again and day < newest:
            assert day in life.sent, day
