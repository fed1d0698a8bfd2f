"""What people know on both databases: the log of ratings, the cards it makes, the level, what is unwanted, what is open."""

import asyncio
import itertools
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import review
from bot.core.level import Level
from bot.core.model import ThreadRef, UserRef
from bot.core.review import Card, Rating, replayed
from bot.service import SimulatedClock
from bot.store.reviews import SqlReviews
from bot.store.store import SqlStore
from tests.architecture.test_seam import assert_keeps
from tests.conftest import Place
from tests.stores import NOW, channel, charged, dm, person, subscribed

ADA, BOB = person("ada"), person("bob")
DAY = timedelta(days=1)
ITEM = "B.X.1"
_people = itertools.count()


def test_the_store_keeps_the_port() -> None:
    assert_keeps(SqlReviews, review.Reviews)


async def learner(store: SqlStore, who: UserRef = ADA) -> str:
    return await store.subscriptions.learner(who, now=NOW)


async def rate(store: SqlStore, rating: Rating, *, who: UserRef = ADA, day: int = 0, **given: Any) -> Card:
    values: dict[str, Any] = {"item_id": ITEM, "kind": "prompt", "delivery_id": f"d{day}", **given}
    return await store.reviews.record(
        learner_id=await learner(store, who), rating=rating, now=NOW + day * DAY, **values
    )


async def log(store: SqlStore, who: UserRef = ADA) -> list[tuple[str, int, str | None]]:
    rows = (await store.privacy.export(who)).get("review", [])
    return [(row["item_id"], row["rating"], row["delivery_id"]) for row in sorted(rows, key=lambda row: row["at"])]


# --- ratings and cards -----------------------------------------------------------------------


async def test_a_rating_makes_the_card_that_is_read_back(store: SqlStore) -> None:
    mine = await learner(store)
    assert await store.reviews.cards(mine) == {}
    made = await rate(store, 3)
    assert made == replayed(ITEM, [(NOW, 3)])
    assert await store.reviews.cards(mine) == {ITEM: made}
    assert await store.reviews.cards(await learner(store, BOB)) == {}
    assert await store.reviews.rating(learner_id=mine, delivery_id="d0") == 3
    assert await store.reviews.rating(learner_id=mine, delivery_id="d1") is None
    assert await store.reviews.rating(learner_id=await learner(store, BOB), delivery_id="d0") is None


async def test_cards_and_log_are_kept_by_item(store: SqlStore) -> None:
    await rate(store, 3)
    other = await rate(store, 1, item_id="B.X.2", delivery_id="e", day=2)
    made = await rate(store, 4, day=3)
    assert made == replayed(ITEM, [(NOW, 3), (NOW + 3 * DAY, 4)])
    assert await store.reviews.cards(await learner(store)) == {ITEM: made, "B.X.2": other}


async def test_a_second_rating_of_a_delivery_replaces_the_first_and_counts_once(store: SqlStore) -> None:
    await rate(store, 1, day=0)
    await rate(store, 2, day=4)
    raised = await store.reviews.record(
        learner_id=await learner(store), item_id=ITEM, rating=3, kind="prompt", delivery_id="d0", now=NOW + 9 * DAY
    )
    assert raised == replayed(ITEM, [(NOW, 3), (NOW + 4 * DAY, 2)])
    assert await log(store) == [(ITEM, 3, "d0"), (ITEM, 2, "d4")]


async def test_without_a_delivery_each_rating_counts(store: SqlStore) -> None:
    await rate(store, 3, delivery_id=None, kind="micro")
    made = await rate(store, 3, delivery_id=None, kind="micro", day=5)
    assert made.reps == 2


async def test_two_learners_of_one_delivery_have_a_card_each(store: SqlStore) -> None:
    """As in a channel."""
    good, again = await rate(store, 3), await rate(store, 1, who=BOB)
    assert good.due > again.due
    assert await store.reviews.override(
        learner_id=await learner(store, BOB), delivery_id="d0", rating=4, now=NOW
    ) == replayed(ITEM, [(NOW, 4)])
    assert (await store.reviews.cards(await learner(store)))[ITEM] == good


async def test_overriding_what_was_never_rated_changes_nothing(store: SqlStore) -> None:
    await rate(store, 3)
    mine, others = await learner(store), await learner(store, BOB)
    assert await store.reviews.override(learner_id=mine, delivery_id="d9", rating=1, now=NOW) is None
    assert await store.reviews.override(learner_id=others, delivery_id="d0", rating=1, now=NOW) is None
    assert await log(store) == [(ITEM, 3, "d0")]
    assert await log(store, BOB) == []


STEPS = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 40), st.sampled_from(["prompt", "micro"])), min_size=1, max_size=6
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, number=st.integers(0, 5), rating=st.integers(1, 4))
async def test_the_stored_card_is_the_replayed_log_and_overriding_twice_is_overriding_once(
    store: SqlStore, steps: list[tuple[Rating, int, str]], number: int, rating: Rating
) -> None:
    who = person(f"p{next(_people)}")
    mine = await learner(store, who)
    day, expected, card = 0, [], None
    for count, (each, gap, kind) in enumerate(steps):
        day += gap + 1
        card = await rate(store, each, who=who, day=day, delivery_id=f"s{count}", kind=kind)
        expected.append((NOW + day * DAY, each))
        assert card == replayed(ITEM, expected)
    number %= len(steps)
    name = f"s{number}"
    once = await store.reviews.override(learner_id=mine, delivery_id=name, rating=rating, now=NOW + day * DAY)
    expected[number] = (expected[number][0], rating)
    assert once == replayed(ITEM, expected)
    twice = await store.reviews.override(learner_id=mine, delivery_id=name, rating=rating, now=NOW + 90 * day * DAY)
    assert twice == once == (await store.reviews.cards(mine))[ITEM]
    assert await store.reviews.rating(learner_id=mine, delivery_id=name) == rating


async def test_two_replicas_that_rate_the_same_delivery_at_once_count_it_once(
    place: Place, clock: SimulatedClock
) -> None:
    first, second = place.open(clock), place.open(clock)
    try:
        mine = await learner(first)
        both = [
            store.reviews.record(
                learner_id=mine, item_id=ITEM, rating=3, kind="micro", delivery_id=f"d{number // 4}", now=NOW
            )
            for number in range(8)
            for store in (first, second)
        ]
        await asyncio.gather(*both)
        assert len(await log(first)) == 2
        assert (await second.reviews.cards(mine))[ITEM] == replayed(ITEM, [(NOW, 3), (NOW, 3)])
    finally:
        await first.close()
        await second.close()


# --- level and what is unwanted --------------------------------------------------------------


async def test_the_level_is_stored_and_changed(store: SqlStore) -> None:
    mine = await learner(store)
    assert await store.reviews.level(mine) is None
    await store.reviews.set_level(mine, Level(value=3.0, placed=1), now=NOW)
    await store.reviews.set_level(mine, Level(value=3.5, placed=2), now=NOW)
    assert await store.reviews.level(mine) == Level(value=3.5, placed=2)
    assert await store.reviews.level(await learner(store, BOB)) is None


async def test_what_is_unwanted_is_the_learners_own_and_said_once(store: SqlStore) -> None:
    mine = await learner(store)
    for _ in range(2):
        await store.reviews.add_unwanted(mine, ITEM, now=NOW)
    assert await store.reviews.unwanted(mine) == {ITEM}
    assert await store.reviews.unwanted(await learner(store, BOB)) == frozenset()


async def test_forgetting_a_person_forgets_what_they_know(store: SqlStore) -> None:
    mine = await learner(store)
    await rate(store, 3)
    await store.reviews.set_level(mine, Level(value=3.0), now=NOW)
    await store.reviews.add_unwanted(mine, ITEM, now=NOW)
    await store.privacy.forget(ADA)
    assert await store.reviews.cards(mine) == {}
    assert await store.reviews.level(mine) is None
    assert await store.reviews.unwanted(mine) == frozenset()
    assert await store.reviews.rating(learner_id=mine, delivery_id="d0") is None


# --- what is open ----------------------------------------------------------------------------


async def open_now(store: SqlStore, where: ThreadRef, *, who: UserRef = ADA, day: int = 0) -> frozenset[str]:
    since = NOW.date() + day * DAY
    return await store.reviews.open_items(await learner(store, who), where, since=since)


async def test_what_came_today_is_open_and_yesterdays_is_not(store: SqlStore) -> None:
    sent, _ = await charged(store, await subscribed(store, ADA), status="sent")
    assert await open_now(store, dm(ADA)) == {sent.item_id}
    assert await open_now(store, dm(ADA), day=1) == frozenset()
    assert await open_now(store, dm(BOB), who=BOB) == frozenset(), "it is nobody else's"


async def test_what_is_still_to_come_is_open_whatever_its_day(store: SqlStore) -> None:
    pending, _ = await charged(store, await subscribed(store, ADA))
    assert await open_now(store, dm(ADA), day=9) == {pending.item_id}
    await store.outbox.settle(pending.id, "dropped")
    assert await open_now(store, dm(ADA), day=9) == frozenset()


async def test_what_came_to_a_channel_is_open_to_all_of_its_workspace_and_to_nobody_else(store: SqlStore) -> None:
    sent, _ = await charged(store, await subscribed(store, channel("general")), status="sent")
    assert await open_now(store, channel("random")) == {sent.item_id}
    assert await open_now(store, dm(BOB), who=BOB) == {sent.item_id}
    other = ThreadRef(platform="memory", workspace="w2", channel="general")
    assert await open_now(store, other) == frozenset()
    assert await open_now(store, ThreadRef(platform="other", workspace="w1", channel="general")) == frozenset()
