"""What progress is counted from, on both databases: one learner's rows, a team's from five members on, everybody's."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.core import progress
from bot.core.model import UserRef
from bot.core.progress import TEAM_SIZE, Attempt, History, Rated
from bot.core.records import Grade, PointVerdict, Subscription
from bot.core.rulings import DisputeStep
from bot.core.usage import PracticeDay, UsageRows
from bot.store.progress import SqlProgress
from bot.store.store import SqlStore
from bot.store.tables import delivery, identity, subscription
from tests.architecture.test_seam import assert_keeps
from tests.stores import NOW, channel, charged, person, subscribed

ADA, BOB = person("ada"), person("bob")
HERE, ELSEWHERE = "memory:w1", "memory:w2"
DAY = timedelta(days=1)


def test_the_store_keeps_the_port() -> None:
    assert_keeps(SqlProgress, progress.ProgressStore)


async def write(store: SqlStore, statement: Any) -> None:
    async with store._database.transaction() as connection:
        await connection.execute(statement)


async def answered(
    store: SqlStore, who: UserRef, item: str = "B.X.1", *, prompt: str = "p1", at: datetime = NOW, **points: Any
) -> str:
    """An answer with these verdicts by point."""
    return await store.practice.save_answer(
        inbound_id=str(uuid.uuid4()),
        learner_id=await store.subscriptions.learner(who, now=NOW),
        delivery_id=prompt,
        item_id=item,
        text="the words of the answer",
        grade=Grade(
            points=tuple(PointVerdict(point_id=name, verdict=verdict) for name, verdict in points.items()),
            score=0.5,
            unsure=0.0,
            abstained=False,
        ),
        now=at,
    )


async def reviewed(
    store: SqlStore, who: UserRef, item: str = "B.X.1", *, at: datetime = NOW, kind: Any = "micro", value: Any = 3
) -> None:
    learner = await store.subscriptions.learner(who, now=NOW)
    await store.reviews.record(learner_id=learner, item_id=item, rating=value, kind=kind, delivery_id=None, now=at)


# --- one learner -----------------------------------------------------------------------------


async def test_the_history_of_somebody(store: SqlStore) -> None:
    stream = await subscribed(store, ADA)
    sent, _ = await charged(store, stream, key="k1", status="sent")
    await charged(store, stream, key="k2", local_date=NOW.date() + DAY, status="pending")
    await store.outbox.add_extra(stream.id, key="x", local_date=NOW.date(), item_id="S.X.1", category="S", now=NOW)
    await answered(store, ADA, prompt=sent.id, r2="missed", r1="hit", at=NOW + DAY)
    await answered(store, ADA, "D.X.1", prompt="channel's", at=NOW)
    await reviewed(store, ADA, at=NOW + DAY, kind="prompt", value=2)
    await reviewed(store, ADA, "S.X.1", at=NOW)
    found = await store.progress.history(ADA)
    assert [(one.id, one.category, one.day) for one in found.prompts] == [(sent.id, sent.category, NOW.date())]
    assert found.attempts == [
        Attempt(at=NOW, item_id="D.X.1", prompt="channel's"),
        Attempt(
            at=NOW + DAY,
            item_id="B.X.1",
            prompt=sent.id,
            judged=frozenset({"r1", "r2"}),
            hit=frozenset({"r1"}),
        ),
    ]
    assert found.ratings == [
        Rated(at=NOW, item_id="S.X.1", rating=3, kind="micro"),
        Rated(at=NOW + DAY, item_id="B.X.1", rating=2, kind="prompt"),
    ]


async def test_it_is_nobody_elses(store: SqlStore) -> None:
    await charged(store, await subscribed(store, ADA), status="sent")
    await charged(store, await subscribed(store, channel()), key="k2", status="sent")
    await answered(store, ADA, r1="hit")
    await reviewed(store, ADA)
    await subscribed(store, BOB)
    for other in (BOB, person("stranger"), person("ada", workspace="w2"), person("ada", platform="other")):
        assert await store.progress.history(other) == History(prompts=[], attempts=[], ratings=[])
    assert not await store.privacy.export(person("stranger")), "reading creates nobody"
    assert len((await store.progress.history(ADA)).prompts) == 1


async def test_linked_identities_share_one_history(store: SqlStore) -> None:
    learner = await store.subscriptions.learner(ADA, now=NOW)
    other = person("lovelace", platform="other")
    await write(store, identity.insert().values(platform="other", workspace="w1", user_id=other.id, learner_id=learner))
    await charged(store, await subscribed(store, ADA), key="k1", status="sent")
    await charged(store, await subscribed(store, other), key="k2", status="sent")
    assert len((await store.progress.history(ADA)).prompts) == 2
    assert await store.progress.history(ADA) == await store.progress.history(other)


# --- a team ----------------------------------------------------------------------------------


async def team(store: SqlStore, size: int, place: str = HERE, prefix: str = "m") -> list[UserRef]:
    people = [person(f"{prefix}{number}") for number in range(size)]
    for one in people:
        learner = await store.subscriptions.learner(one, now=NOW)
        assert await store.progress.join(learner, place, now=NOW)
    return people


async def test_joining_and_leaving(store: SqlStore) -> None:
    learner = await store.subscriptions.learner(ADA, now=NOW)
    assert not await store.progress.member(ADA, HERE)
    assert not await store.progress.leave(learner, HERE)
    assert await store.progress.join(learner, HERE, now=NOW)
    assert not await store.progress.join(learner, HERE, now=NOW)
    assert await store.progress.member(ADA, HERE)
    assert not await store.progress.member(ADA, ELSEWHERE)
    assert not await store.progress.member(BOB, HERE)
    assert await store.progress.leave(learner, HERE)
    assert not await store.progress.member(ADA, HERE)


async def test_fewer_than_five_members_are_not_counted(store: SqlStore) -> None:
    people = await team(store, TEAM_SIZE - 1)
    await team(store, TEAM_SIZE, ELSEWHERE, prefix="e")
    assert await store.progress.team(HERE, since=NOW - DAY) is None
    await store.progress.join(await store.subscriptions.learner(BOB, now=NOW), HERE, now=NOW)
    counts = await store.progress.team(HERE, since=NOW - DAY)
    assert counts is not None
    assert (counts.members, counts.practised) == (TEAM_SIZE, 0)
    await store.privacy.forget(people[0])
    assert await store.progress.team(HERE, since=NOW - DAY) is None


async def test_a_team_counts_its_members_alone_and_what_is_recent(store: SqlStore) -> None:
    people = await team(store, TEAM_SIZE)
    (stranger,) = await team(store, 1, ELSEWHERE, prefix="e")
    for one in (*people[:2], stranger):
        await answered(store, one, r1="hit")
    await answered(store, people[0], "S.X.1")
    await answered(store, people[3], "S.X.1", at=NOW - 2 * DAY)
    await reviewed(store, people[2], "D.X.1")
    await reviewed(store, people[0], "D.X.1", kind="prompt")
    counts = await store.progress.team(HERE, since=NOW - DAY)
    assert counts is not None
    assert (counts.members, counts.practised) == (TEAM_SIZE, 3)
    assert counts.answers == {"B.X.1": 2, "S.X.1": 1}
    assert counts.micro == {"D.X.1": 1}


# --- everybody -------------------------------------------------------------------------------


async def usage(store: SqlStore, *, days: int = 40) -> UsageRows:
    now = NOW + days * DAY
    return await store.progress.usage(since=now - 28 * DAY, now=now)


async def opted(store: SqlStore, who: UserRef, *, at: datetime = NOW, stopped: bool = False) -> Subscription:
    stream = await subscribed(store, who, active=not stopped, due=None if stopped else NOW)
    values: dict[str, Any] = {"activated_at": at, "stopped_at": NOW + DAY if stopped else None}
    await write(store, update(subscription).where(subscription.c.id == stream.id).values(**values))
    return stream


async def test_an_empty_database_is_counted(store: SqlStore) -> None:
    found = await usage(store)
    assert (found.opted.people, found.opted.reached_week_4, found.practice, found.prompted) == (0, 0, [], {})


async def test_who_opted_in_and_who_stopped(store: SqlStore) -> None:
    await opted(store, ADA)
    await opted(store, BOB, stopped=True)
    await opted(store, person("new"), at=NOW + 30 * DAY)
    await subscribed(store, person("asked for today alone"), active=False, due=None)
    await subscribed(store, channel())
    found = await usage(store)
    assert (found.opted.people, found.opted.on, found.opted.stopped, found.channels_on) == (3, 2, 1, 1)
    assert found.opted.reached_week_4 == 2


@pytest.mark.parametrize(
    ("days", "kept"),
    [((21, 24, 27), 1), ((20, 24, 27), 0), ((21, 24, 28), 0), ((21, 21, 24), 0), ((22, 23, 24, 25), 1)],
)
async def test_three_prompts_in_week_4(store: SqlStore, days: tuple[int, ...], kept: int) -> None:
    await opted(store, ADA)
    await opted(store, BOB)
    for day in days:
        await answered(store, ADA, prompt=f"p{day}", at=NOW + day * DAY, r1="hit", r2="hit")
    assert (await usage(store)).opted.kept == kept


async def test_practice_by_day_without_anybodys_id(store: SqlStore) -> None:
    at = NOW + 30 * DAY
    for prompt in ("p1", "p1", "p2"):
        await answered(store, ADA, prompt=prompt, at=at)
    await answered(store, ADA, "S.X.1", at=at)
    await answered(store, ADA, "S.X.1", at=at + DAY)
    await answered(store, ADA, "S.X.1", at=NOW)
    await reviewed(store, ADA, at=at)
    await reviewed(store, BOB, at=at)
    await reviewed(store, BOB, at=at, kind="prompt")
    found = await usage(store)
    assert sorted(found.practice, key=str) == sorted(
        [
            PracticeDay(answers={"B.X.1": 3, "S.X.1": 1}, micro=1),
            PracticeDay(answers={"S.X.1": 1}),
            PracticeDay(answers={}, micro=1),
        ],
        key=str,
    )
    assert found.answers == 6


async def test_prompts_delivered_and_answered_by_their_own_person(store: SqlStore) -> None:
    stream = await opted(store, ADA)
    ids = []
    for number in range(4):
        sent, _ = await charged(
            store, stream, key=f"k{number}", status="sent", local_date=NOW.date() + number * DAY, now=NOW + 30 * DAY
        )
        ids.append(sent)
    await charged(store, stream, key="late", local_date=NOW.date() + 9 * DAY, now=NOW + 30 * DAY, status="pending")
    await charged(store, stream, key="old", local_date=NOW.date() - DAY, status="sent", now=NOW)
    shared = await subscribed(store, channel())
    await charged(store, shared, key="shared", status="sent", now=NOW + 30 * DAY)
    await answered(store, ADA, prompt=ids[0].id)
    await answered(store, ADA, prompt=ids[0].id)
    await answered(store, BOB, prompt=ids[1].id)
    found = await usage(store)
    assert sum(count for count, _ in found.prompted.values()) == 4
    assert sum(done for _, done in found.prompted.values()) == 1
    assert found.prompted[ids[0].category][1] == 1
    await write(store, delivery.delete())
    assert (await usage(store)).prompted == {}


async def test_disputes_of_questions_and_of_verdicts(store: SqlStore) -> None:
    answer = await answered(store, ADA, r1="missed", r2="missed")
    learner = await store.subscriptions.learner(ADA, now=NOW)
    await store.practice.contest(learner_id=learner, answer_id=answer, point_id="r1", place=HERE, now=NOW)
    for number, step in enumerate(("disputed", "disputed", "resumed")):
        one = DisputeStep(id=f"s{number}", item_id="B.X.1", step=step, user=ADA, at=NOW)  # type: ignore[arg-type]
        await store.disputes.dispute(HERE, one)
    found = await usage(store)
    assert (found.disputed, found.contested, found.answers) == (2, 1, 1)
