"""Owners are written to on a day without another message: their own prompt comes first, and no night is disturbed."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.core.balance import DEFAULT_SPLIT
from bot.core.subscribing import new_subscription
from bot.store.store import SqlStore
from jobs.gaps import Budget
from tests.stores import NOW, person

BOB = person("bob")
KEY = "owner:memory:w1:bob:2026-W02"
MONDAY = datetime(2026, 1, 5, 9, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def budget(sqlite_store: SqlStore) -> Budget:
    return Budget(noise=sqlite_store.noise, subscriptions=sqlite_store.subscriptions)


async def prompted(store: SqlStore, *, due: datetime, zone: str = "UTC", days: range = range(5)) -> None:
    """Bob's stream, whose next prompt is due then."""
    stream = new_subscription(BOB, None, zone=zone, at=time(10), days=days, split=DEFAULT_SPLIT)
    await store.subscriptions.save(replace(stream, active=True, next_due=due), now=NOW)


async def test_who_gets_no_prompts_is_written_to_at_once_and_once_a_week(budget: Budget) -> None:
    assert await budget.allows(BOB, KEY, MONDAY)
    assert await budget.allows(BOB, KEY, MONDAY + timedelta(minutes=10)), "again for the one that was interrupted"
    assert not await budget.allows(BOB, KEY, MONDAY + DAY)


async def test_a_prompt_comes_first_and_friday_is_asked_for(sqlite_store: SqlStore, budget: Budget) -> None:
    allowed = []
    for step in range(5):
        now = MONDAY + step * DAY
        await prompted(sqlite_store, due=now + timedelta(hours=1))
        allowed.append(await budget.allows(BOB, KEY, now))
        free = await sqlite_store.noise.take(BOB, now.date(), f"nudge:{step}")
        assert free == (step < 4), "the prompt of four days goes, Friday's gives way"
        await prompted(sqlite_store, due=now + timedelta(hours=1) + DAY)
        allowed.append(await budget.allows(BOB, KEY, now + timedelta(hours=2)))
    assert allowed[:8] == [False] * 8
    assert allowed[-1], "on Friday the questions go"


async def test_a_day_without_a_prompt_is_taken(sqlite_store: SqlStore, budget: Budget) -> None:
    await prompted(sqlite_store, due=MONDAY + 2 * DAY)
    assert await budget.allows(BOB, KEY, MONDAY)


@pytest.mark.parametrize(("zone", "allowed"), [("America/Los_Angeles", False), ("Europe/Paris", True)])
async def test_no_night_is_disturbed(sqlite_store: SqlStore, budget: Budget, zone: str, allowed: bool) -> None:
    await prompted(sqlite_store, due=MONDAY + 2 * DAY, zone=zone)
    assert await budget.allows(BOB, KEY, MONDAY) == allowed


async def test_a_day_off_is_left_alone(sqlite_store: SqlStore, budget: Budget) -> None:
    await prompted(sqlite_store, due=MONDAY + 2 * DAY)
    stream = await sqlite_store.subscriptions.find(BOB)
    assert stream is not None
    await sqlite_store.subscriptions.save(replace(stream, off_until=(MONDAY + DAY).date()), now=NOW)
    assert not await budget.allows(BOB, KEY, MONDAY)
    assert await budget.allows(BOB, KEY, MONDAY + DAY)
