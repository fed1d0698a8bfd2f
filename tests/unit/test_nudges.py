"""Due streams become rows of the outbox, each local date once."""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.service import SimulatedClock
from bot.store.store import SqlStore
from jobs.nudges import enqueue_due
from tests.conftest import Place
from tests.stores import NOW, channel, drawing, person, subscribed, wired

LEASE = timedelta(seconds=90)


async def count(store: SqlStore, target: object = None) -> int:
    found = await store.subscriptions.find(target or person())  # type: ignore[arg-type]
    assert found is not None
    return (await store.outbox.stream(found.id)).count


async def enqueue(store: SqlStore, clock: SimulatedClock) -> int:
    return await enqueue_due(store.subscriptions, wired(store, clock).practising, now=clock.now())


async def test_a_due_stream_is_charged_once_and_moves_on(store: SqlStore, clock: SimulatedClock) -> None:
    await subscribed(store, person())
    assert await enqueue(store, clock) == 1
    assert await enqueue(store, clock) == 0
    assert await count(store) == 1
    (claimed,) = await store.outbox.claim(["memory"], now=clock.now(), lease=LEASE, limit=9)
    assert claimed.local_date == NOW.date()
    assert claimed.expires_at == NOW + timedelta(hours=3)
    assert await store.subscriptions.next_due() == NOW + timedelta(days=1)


async def test_before_its_time_nothing_happens(store: SqlStore, clock: SimulatedClock) -> None:
    await subscribed(store, person(), due=NOW + timedelta(seconds=1))
    await subscribed(store, person("bob"), due=None, active=False)
    assert await enqueue(store, clock) == 0


async def test_two_processes_at_once_charge_once(place: Place, clock: SimulatedClock) -> None:
    stores = [place.open(clock) for _ in range(2)]
    people = [person(f"p{number}") for number in range(12)]
    for who in people:
        await subscribed(stores[0], who)
    await asyncio.gather(*(enqueue(one, clock) for one in stores for _ in range(2)))
    for who in people:
        assert await count(stores[0], who) == 1
    claimed = await asyncio.gather(
        *(one.outbox.claim(["memory"], now=NOW, lease=LEASE, limit=7) for one in stores for _ in range(2))
    )
    ids = [delivery.id for batch in claimed for delivery in batch]
    assert len(ids) == len(set(ids)) == 12
    for one in stores:
        await one.close()


@pytest.mark.parametrize(("late", "expected"), [(timedelta(hours=3), 1), (timedelta(hours=3, seconds=1), 0)])
async def test_more_than_three_hours_late_is_left_out_uncharged(
    sqlite_store: SqlStore, clock: SimulatedClock, late: timedelta, expected: int
) -> None:
    await subscribed(sqlite_store, person())
    clock.instant += late
    assert await enqueue(sqlite_store, clock) == expected
    assert await count(sqlite_store) == expected
    assert await sqlite_store.subscriptions.next_due() == NOW + timedelta(days=1)


async def test_a_week_of_silence_is_one_prompt_and_not_seven(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    await subscribed(sqlite_store, person())
    clock.instant += timedelta(days=7, minutes=5)
    await enqueue(sqlite_store, clock)
    await enqueue(sqlite_store, clock)
    assert await count(sqlite_store) == 0
    assert await sqlite_store.subscriptions.next_due() == NOW + timedelta(days=8)
    clock.instant += timedelta(days=1)
    await enqueue(sqlite_store, clock)
    assert await count(sqlite_store) == 1


async def test_after_a_night_of_silence_the_prompt_of_the_day_is_sent(
    sqlite_store: SqlStore, clock: SimulatedClock
) -> None:
    await subscribed(sqlite_store, person())
    clock.instant += timedelta(days=1, minutes=5)
    assert await enqueue(sqlite_store, clock) == 1, "yesterday's is dropped, today's is five minutes late"
    assert await sqlite_store.subscriptions.next_due() == NOW + timedelta(days=2)


async def test_the_local_date_counts_and_not_the_one_in_utc(sqlite_store: SqlStore, clock: SimulatedClock) -> None:
    kiritimati = await subscribed(sqlite_store, person(), zone="Pacific/Kiritimati", due=None)
    due = datetime(2026, 1, 5, 19, tzinfo=UTC)  # 09:00 on the 6th
    await sqlite_store.subscriptions.save(replace(kiritimati, local_time=time(9), next_due=due), now=NOW)
    clock.instant = due
    await enqueue(sqlite_store, clock)
    (claimed,) = await sqlite_store.outbox.claim(["memory"], now=due, lease=LEASE, limit=9)
    assert claimed.local_date.isoformat() == "2026-01-06"
    assert claimed.key == f"nudge:{kiritimati.id}:2026-01-06"


async def test_one_that_fails_does_not_stop_the_others(
    sqlite_store: SqlStore, clock: SimulatedClock, caplog: pytest.LogCaptureFixture
) -> None:
    broken = await subscribed(sqlite_store, person("ada"))
    await subscribed(sqlite_store, channel())
    practising = wired(sqlite_store, clock).practising
    charge = practising.charge

    async def failing(subscription: object, **given: object) -> object:
        if subscription.id == broken.id:  # type: ignore[attr-defined]
            raise ZeroDivisionError
        return await charge(subscription, **given)  # type: ignore[arg-type]

    practising.charge = failing  # type: ignore[method-assign, assignment]
    with caplog.at_level(logging.ERROR):
        assert await enqueue_due(sqlite_store.subscriptions, practising, now=clock.now()) == 1
    assert broken.id in caplog.text
    assert await count(sqlite_store, channel()) == 1
    assert await sqlite_store.subscriptions.next_due() == NOW + timedelta(days=1)


async def test_more_than_one_batch(sqlite_store: SqlStore, clock: SimulatedClock, monkeypatch: object) -> None:
    monkeypatch.setattr("jobs.nudges._BATCH", 3)  # type: ignore[attr-defined]
    for number in range(8):
        await subscribed(sqlite_store, person(f"p{number}"))
    assert await enqueue(sqlite_store, clock) == 8


def test_drawing_is_pure() -> None:
    from bot.core.stream import Stream

    assert drawing(Stream()) == drawing(Stream())
