"""When prompts come, on both databases: the noise budget, many charged at once, ignored prompts, clocks that jump."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from bot.core import charging as charging_port
from bot.core import noise as noise_port
from bot.core.attention import SILENT_AFTER
from bot.core.charging import Charging
from bot.core.model import UserRef
from bot.core.noise import Unsolicited
from bot.core.records import Subscription
from bot.core.subscribing import Subscribing
from bot.service import SimulatedClock
from bot.store.charging import SqlCharges
from bot.store.engine import database_url
from bot.store.noise import SqlNoise
from bot.store.store import SqlStore
from jobs.nudges import enqueue_due
from tests.architecture.test_seam import assert_keeps
from tests.conftest import Place
from tests.stores import CURRICULUM, NOW, channel, message, person, subscribed, wired

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ADA, BOB = person("ada"), person("bob")
TODAY = NOW.date()


@pytest.mark.parametrize(
    ("cls", "port"), [(SqlNoise, noise_port.Noise), (SqlCharges, charging_port.Charges)], ids=["noise", "charges"]
)
def test_the_store_keeps_the_ports(cls: type, port: type) -> None:
    assert_keeps(cls, port)


@pytest.fixture
async def replicas(place: Place, clock: SimulatedClock) -> AsyncIterator[list[SqlStore]]:
    opened = [place.open(clock) for _ in range(2)]
    yield opened
    for one in opened:
        await one.close()


def rows(place: Place, query: str) -> list[Any]:
    engine = create_engine(database_url(place.url, place.folder))
    with engine.begin() as opened:
        found = [tuple(row) for row in opened.execute(text(query))]
    engine.dispose()
    return found


async def tick(store: SqlStore, now: datetime) -> int:
    """What the clock does every twenty seconds, with everything wired."""
    practising = wired(store, SimulatedClock(now)).practising
    many = Charging(store, store.charges, CURRICULUM)
    return await enqueue_due(store.subscriptions, practising, now=now, noise=store.noise, charging=many)


async def found(store: SqlStore, target: Any = ADA) -> Subscription:
    stream = await store.subscriptions.find(target)
    assert stream is not None
    return stream


async def deliver(store: SqlStore, now: datetime) -> list[str]:
    """Send what is pending; returns the keys' kinds and dates."""
    claimed = await store.outbox.claim(["memory"], now=now, lease=HOUR, limit=99)
    for one in claimed:
        await store.outbox.settle(one.id, "sent")
    return [f"{one.kind} {one.local_date}" for one in claimed]


# --- the noise budget ------------------------------------------------------------------------


async def test_the_first_message_of_a_day_goes_and_no_other(store: SqlStore) -> None:
    assert await store.noise.take(ADA, TODAY, "nudge:1")
    assert not await store.noise.take(ADA, TODAY, "owner:1")
    assert await store.noise.take(ADA, TODAY, "nudge:1"), "again for the same one, which was interrupted"
    assert await store.noise.take(ADA, TODAY + DAY, "owner:1")
    assert await store.noise.take(BOB, TODAY, "owner:1")
    assert await store.noise.take(replace(ADA, workspace="w2"), TODAY, "owner:1"), "another workspace, another person"


async def test_a_thread_is_its_channel(store: SqlStore) -> None:
    assert await store.noise.take(channel(thread="7"), TODAY, "reveal:1")
    assert not await store.noise.take(channel(), TODAY, "nudge:1")
    assert await store.noise.take(channel("other"), TODAY, "nudge:1")


async def test_many_at_once_are_answered_in_their_order(store: SqlStore) -> None:
    await store.noise.take(BOB, TODAY, "mine")
    wanted = [
        Unsolicited(target=who, day=TODAY, key=key)
        for who, key in ((ADA, "a"), (BOB, "b"), (channel(), "c"), (ADA, "d"))
    ]
    assert await store.noise.take_all(wanted) == [True, False, True, False]
    assert await store.noise.take_all([]) == []
    assert await store.noise.used(BOB, "mine") == TODAY
    assert await store.noise.used(BOB, "b") is None


async def test_of_two_replicas_one_message_goes(replicas: list[SqlStore]) -> None:
    taken = await asyncio.gather(
        *(one.noise.take(ADA, TODAY, f"k{number}") for number, one in enumerate([*replicas, *replicas]))
    )
    assert sorted(taken) == [False, False, False, True]


async def test_a_prompt_gives_way_to_a_message_that_came_before_it(store: SqlStore) -> None:
    await subscribed(store, ADA)
    await store.noise.take(ADA, TODAY, "owner:1")
    assert await tick(store, NOW) == 0
    stream = await found(store)
    assert stream.next_due == NOW + DAY
    assert (await store.outbox.stream(stream.id)).count == 0, "nothing was charged"
    assert await tick(store, NOW + DAY) == 1


# --- many at once ----------------------------------------------------------------------------


async def charge_alone(store: SqlStore, now: datetime) -> int:
    practising = wired(store, SimulatedClock(now)).practising
    return await enqueue_due(store.subscriptions, practising, now=now)


async def test_many_at_once_get_what_one_after_the_other_would_get(place: Place, store: SqlStore) -> None:
    people = [person(f"p{number}") for number in range(4)]
    for who in people:
        await subscribed(store, who)
    await subscribed(store, channel())
    learner = await store.subscriptions.learner(people[1], now=NOW)
    await store.reviews.add_unwanted(learner, "B.X.2", now=NOW)
    await store.reviews.record(
        learner_id=learner, item_id="S.X.1", rating=3, kind="prompt", delivery_id=None, now=NOW - DAY
    )
    for step in range(0, 10, 2):
        assert await tick(store, NOW + step * DAY) == 5
        assert await charge_alone(store, NOW + (step + 1) * DAY) == 5
    for who in [*people, channel()]:
        stream = await found(store, who)
        kinds = rows(place, f"SELECT category FROM delivery WHERE subscription_id = '{stream.id}' ORDER BY ordinal")
        counts = {category: sum(kind == category for (kind,) in kinds) for category in "BSDA"}
        assert counts == {"B": 4, "S": 3, "D": 2, "A": 1}, "credits carry over from one way to the other"
    unwanted = rows(
        place, "SELECT item_id FROM delivery d JOIN subscription s ON s.id = d.subscription_id WHERE s.user_id = 'p1'"
    )
    assert ("B.X.2",) not in unwanted
    assert len(set(rows(place, "SELECT key FROM delivery"))) == 50


async def test_of_two_replicas_one_charges(replicas: list[SqlStore], place: Place) -> None:
    for number in range(30):
        await subscribed(replicas[0], person(f"p{number}"))
    for _ in range(2):
        await asyncio.gather(*(tick(one, NOW) for one in replicas))
    assert rows(place, "SELECT count(*), count(DISTINCT subscription_id), max(ordinal) FROM delivery") == [(30, 30, 1)]
    assert rows(place, "SELECT count(*) FROM credit") == [(120,)]


async def test_what_today_has_shown_is_not_charged_again(store: SqlStore) -> None:
    stream = await subscribed(store, ADA)
    core = wired(store, SimulatedClock(NOW))
    await core.practising.charge(stream, now=NOW, due=NOW, shown=True)
    assert await tick(store, NOW) == 0
    assert (await store.outbox.stream(stream.id)).count == 1
    assert (await found(store)).next_due == NOW + DAY


async def test_a_stream_with_nothing_left_moves_on_and_stops_nobody(store: SqlStore) -> None:
    learner = await store.subscriptions.learner(ADA, now=NOW)
    for name in CURRICULUM.items:
        await store.reviews.add_unwanted(learner, name, now=NOW)
    await subscribed(store, ADA)
    await subscribed(store, BOB)
    assert await tick(store, NOW) == 1
    assert await store.subscriptions.next_due() == NOW + DAY


# --- prompts that nobody touches -------------------------------------------------------------


async def test_three_ignored_bring_the_question_and_ten_silence_until_the_person_is_back(store: SqlStore) -> None:
    stream = await subscribed(store, ADA)
    sent = []
    for step in range(14):
        await tick(store, NOW + step * DAY)
        sent += await deliver(store, NOW + step * DAY)
    kinds = [one.split()[0] for one in sent]
    assert kinds == ["nudge"] * 3 + ["offer"] + ["nudge"] * 6, "one question, ten messages, then silence"
    assert (await found(store)).ignored == SILENT_AFTER
    await store.subscriptions.touched(stream.id)
    assert await tick(store, NOW + 14 * DAY) == 1


async def test_a_touched_prompt_begins_the_count_anew(store: SqlStore) -> None:
    await subscribed(store, ADA)
    for step in range(12):
        await tick(store, NOW + step * DAY)
        (one,) = await store.outbox.claim(["memory"], now=NOW + step * DAY, lease=HOUR, limit=9)
        assert one.kind == "nudge"
        await store.outbox.settle(one.id, "sent")
        if step % 3 == 2:
            await store.outbox.touch(one.id, now=NOW + step * DAY)
    assert (await found(store)).ignored == 0


async def test_what_was_not_sent_was_not_ignored(store: SqlStore) -> None:
    await subscribed(store, ADA)
    for step in range(12):
        assert await tick(store, NOW + step * DAY) == 1
    assert (await found(store)).ignored == 0


# --- clocks ----------------------------------------------------------------------------------


async def at_nine(store: SqlStore) -> Subscription:
    """Subscribed for 09:00 UTC every day."""
    stream = await subscribed(store, ADA)
    return await store.subscriptions.save(replace(stream, local_time=time(9), next_due=NOW + 9 * HOUR), now=NOW)


async def run(store: SqlStore, start: datetime, hours: int) -> list[str]:
    sent = []
    for step in range(hours * 2):
        await tick(store, start + step * HOUR / 2)
        sent += await deliver(store, start + step * HOUR / 2)
    return sent


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 365 * DAY, -365 * DAY], ids=["+1 h", "-1 h", "+1 y", "-1 y"])
@pytest.mark.parametrize("hour", [8, 10])
async def test_a_clock_that_jumps_and_comes_back_nudges_nobody_twice_and_drops_no_day(
    store: SqlStore, jump: timedelta, hour: int
) -> None:
    await at_nine(store)
    sent = await run(store, NOW, hour)
    sent += await run(store, NOW + hour * HOUR + jump, 1)
    sent += await run(store, NOW + (hour + 1) * HOUR, 49)
    days = [one for one in sent if one.startswith("nudge 2026-01-0")]
    expected = [f"nudge 2026-01-0{day}" for day in (5, 6, 7)]
    if jump == HOUR and hour == 8:  # it was nine when the clock said so
        assert days[0] == expected[0]
    assert days == expected
    assert len(sent) == 3


async def test_a_prompt_sent_while_the_clock_was_a_year_ahead_silences_nobody_who_changes_anything(
    store: SqlStore,
) -> None:
    await at_nine(store)
    await run(store, NOW + 365 * DAY, 34)
    clock = SimulatedClock(NOW + 12 * HOUR)
    assert await store.subscriptions.ahead(clock.now()) == 1

    async def no_zone(_user: UserRef) -> str | None:
        return None

    talk = Subscribing(store, clock, no_zone).feature_of("back")
    assert talk is not None
    async for _ in talk(message("back", ADA)):
        pass
    assert (await found(store)).next_due == NOW + 33 * HOUR


async def test_time_off_is_not_taken_for_a_clock_that_was_ahead(store: SqlStore) -> None:
    stream = await at_nine(store)
    until = (NOW + 60 * DAY).date()
    away = replace(stream, off_until=until, next_due=NOW + 60 * DAY + 9 * HOUR)
    await store.subscriptions.save(away, now=NOW)
    assert await store.subscriptions.stranded(NOW, limit=9) == []
    assert [one.id for one in await store.subscriptions.stranded(NOW + 50 * DAY, limit=9)] == [], "nor shortly before"


async def test_a_zone_that_is_gone_keeps_the_hour_and_is_counted(store: SqlStore) -> None:
    stream = await at_nine(store)
    await store.subscriptions.save(replace(stream, zone="Europe/Atlantis"), now=NOW)
    assert await run(store, NOW, 72) == [f"nudge 2026-01-0{day}" for day in (5, 6, 7)]
    assert (await found(store)).next_due == NOW + 3 * DAY + 9 * HOUR
    assert await store.subscriptions.zones() == {"Europe/Atlantis": 1}


async def test_late_into_quiet_hours_is_left_out(store: SqlStore) -> None:
    stream = await at_nine(store)
    evening = replace(stream, local_time=time(18), quiet=(time(19), time(8)), next_due=NOW + 18 * HOUR)
    await store.subscriptions.save(evening, now=NOW)
    assert await tick(store, NOW + 19 * HOUR + timedelta(minutes=1)) == 0
    assert (await found(store)).next_due == NOW + 42 * HOUR


# --- switching on and off --------------------------------------------------------------------


async def test_the_store_keeps_when_a_stream_was_switched_on_and_off(place: Place, store: SqlStore) -> None:
    stream = await subscribed(store, ADA, active=False, due=None)

    def switched() -> tuple[bool, bool]:
        ((on, off),) = rows(place, "SELECT activated_at, stopped_at FROM subscription")
        return on is not None, off is not None

    assert switched() == (False, False)
    await store.subscriptions.save(replace(stream, active=True, next_due=NOW), now=NOW)
    assert switched() == (True, False)
    await store.subscriptions.save(replace(stream, active=False), now=NOW + DAY)
    assert switched() == (True, True)
    await store.subscriptions.save(replace(stream, active=True, next_due=NOW), now=NOW + 2 * DAY)
    assert switched() == (True, False)


async def test_the_last_day_is_that_of_a_daily_prompt_and_of_no_other(store: SqlStore) -> None:
    stream = await subscribed(store, ADA)
    assert await store.subscriptions.last_day(stream.id) is None
    await store.outbox.add_extra(
        stream.id, key="extra:1", local_date=date(2026, 3, 1), item_id="B.X.1", category="B", now=NOW
    )
    assert await store.subscriptions.last_day(stream.id) is None
    await tick(store, NOW)
    assert await store.subscriptions.last_day(stream.id) == TODAY
