"""What progress is counted from: one learner's history, a team's counts, everybody's."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.model import UserRef
from bot.core.progress import TEAM_SIZE, Attempt, History, Prompt, Rated, TeamCounts
from bot.core.usage import KEPT, WEEK_4, Opted, PracticeDay, UsageRows
from bot.store.engine import Database
from bot.store.tables import answer, delivery, dispute, identity, review, subscription, team_member, verdict
from bot.store.upsert import insert_new

_ARRIVED = and_(delivery.c.kind == "nudge", delivery.c.status == "sent")
_PERSONAL = subscription.c.learner_id.is_not(None)
_OPTED = or_(subscription.c.active.is_(True), subscription.c.activated_at.is_not(None))
_SINCE = func.coalesce(subscription.c.activated_at, subscription.c.created_at)


def _learner(user: UserRef) -> Select[tuple[str]]:
    return select(identity.c.learner_id).where(
        identity.c.platform == user.platform, identity.c.workspace == user.workspace, identity.c.user_id == user.id
    )


def _attempt(rows: Iterable[Any]) -> Attempt:
    """The rows of one answer, one a verdict; a single one without any."""
    each = list(rows)
    return Attempt(
        at=each[0].created_at,
        item_id=each[0].item_id,
        prompt=each[0].delivery_id,
        judged=frozenset(row.point_id for row in each if row.point_id is not None),
        hit=frozenset(row.point_id for row in each if row.verdict == "hit"),
    )


class SqlProgress:
    """`bot.core.progress.ProgressStore` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(self, user: UserRef) -> History:
        """See the port."""
        async with self._database.single() as connection:
            learner = (await connection.execute(_learner(user))).scalar()
            if learner is None:
                return History(prompts=[], attempts=[], ratings=[])
            prompts = await connection.execute(
                select(delivery.c.id, delivery.c.category, delivery.c.local_date)
                .join(subscription)
                .where(subscription.c.learner_id == learner, _ARRIVED)
                .order_by(delivery.c.local_date, delivery.c.ordinal)
            )
            attempts = await connection.execute(
                select(
                    answer.c.id,
                    answer.c.created_at,
                    answer.c.item_id,
                    answer.c.delivery_id,
                    verdict.c.point_id,
                    verdict.c.verdict,
                )
                .outerjoin(verdict)
                .where(answer.c.learner_id == learner)
                .order_by(answer.c.created_at, answer.c.id)
            )
            ratings = await connection.execute(
                select(review.c.at, review.c.item_id, review.c.rating, review.c.kind)
                .where(review.c.learner_id == learner)
                .order_by(review.c.at, review.c.id)
            )
        return History(
            prompts=[Prompt(id=row.id, category=row.category, day=row.local_date) for row in prompts],
            attempts=[_attempt(rows) for _, rows in groupby(attempts, key=lambda row: row.id)],
            ratings=[Rated(at=row.at, item_id=row.item_id, rating=row.rating, kind=row.kind) for row in ratings],
        )

    # --- a team ------------------------------------------------------------------------------

    async def member(self, user: UserRef, place: str) -> bool:
        """See the port."""
        query = select(team_member.c.since).where(
            team_member.c.learner_id.in_(_learner(user)), team_member.c.place == place
        )
        async with self._database.single() as connection:
            return (await connection.execute(query)).first() is not None

    async def join(self, learner_id: str, place: str, *, now: datetime) -> bool:
        """See the port."""
        async with self._database.transaction() as connection:
            return await insert_new(connection, team_member, learner_id=learner_id, place=place, since=now)

    async def leave(self, learner_id: str, place: str) -> bool:
        """See the port."""
        mine = and_(team_member.c.learner_id == learner_id, team_member.c.place == place)
        async with self._database.transaction() as connection:
            gone = await connection.execute(delete(team_member).where(mine).returning(team_member.c.place))
            return gone.first() is not None

    async def team(self, place: str, *, since: datetime) -> TeamCounts | None:
        """See the port."""
        members = select(team_member.c.learner_id).where(team_member.c.place == place)
        answered = and_(answer.c.learner_id.in_(members), answer.c.created_at > since)
        recalled = and_(review.c.learner_id.in_(members), review.c.at > since)
        who = select(answer.c.learner_id).where(answered).union(select(review.c.learner_id).where(recalled))
        answers = select(answer.c.item_id, func.count()).where(answered).group_by(answer.c.item_id)
        micro = select(review.c.item_id, func.count()).where(recalled, review.c.kind == "micro")
        async with self._database.single() as connection:
            count = await _count(connection, members)
            if count < TEAM_SIZE:
                return None
            return TeamCounts(
                members=count,
                practised=await _count(connection, who),
                answers=await _by_item(connection, answers),
                micro=await _by_item(connection, micro.group_by(review.c.item_id)),
            )

    # --- everybody ---------------------------------------------------------------------------

    async def usage(self, *, since: datetime, now: datetime) -> UsageRows:
        """See the port."""
        channels = select(subscription.c.id).where(subscription.c.learner_id.is_(None), subscription.c.active.is_(True))
        async with self._database.single() as connection:
            return UsageRows(
                opted=await _opted(connection, now),
                practice=await _practice(connection, since),
                prompted=await _prompted(connection, since),
                channels_on=await _count(connection, channels),
                disputed=await _count(connection, select(dispute.c.id).where(dispute.c.step == "disputed")),
                contested=await _count(
                    connection, select(verdict.c.answer_id).where(verdict.c.contested_at.is_not(None))
                ),
                answers=await _count(connection, select(answer.c.id)),
            )


async def _count(connection: AsyncConnection, query: Any) -> int:
    return int((await connection.execute(select(func.count()).select_from(query.subquery()))).scalar_one())


async def _by_item(connection: AsyncConnection, query: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in await connection.execute(query)}


async def _opted(connection: AsyncConnection, now: datetime) -> Opted:
    ever = select(subscription.c.id).where(_PERSONAL, _OPTED)
    off = ever.where(subscription.c.active.is_(False), subscription.c.stopped_at.is_not(None))
    begin, end = WEEK_4
    fourth = (
        select(subscription.c.id, _SINCE.label("opted_at"), answer.c.created_at, answer.c.id, answer.c.delivery_id)
        .outerjoin(answer, answer.c.learner_id == subscription.c.learner_id)
        .where(_PERSONAL, _OPTED, now - end >= _SINCE)
    )
    prompts: dict[str, set[str]] = {}
    for stream_id, opted_at, at, answer_id, delivery_id in await connection.execute(fourth):
        answered = prompts.setdefault(stream_id, set())
        if at is not None and begin <= at - opted_at < end:
            answered.add(delivery_id or answer_id)
    return Opted(
        people=await _count(connection, ever),
        on=await _count(connection, ever.where(subscription.c.active.is_(True))),
        stopped=await _count(connection, off),
        reached_week_4=len(prompts),
        kept=sum(len(answered) >= KEPT for answered in prompts.values()),
    )


async def _practice(connection: AsyncConnection, since: datetime) -> list[PracticeDay]:
    """Days in UTC, which is near enough for how long people practise."""
    answers: dict[tuple[str, date], dict[str, int]] = defaultdict(dict)
    micro: dict[tuple[str, date], int] = defaultdict(int)
    on = func.date(answer.c.created_at)
    parts = select(answer.c.learner_id, on, answer.c.item_id, func.count()).where(answer.c.created_at > since)
    for who, day, item_id, times in await connection.execute(parts.group_by(answer.c.learner_id, on, answer.c.item_id)):
        answers[who, day][item_id] = times
    on = func.date(review.c.at)
    recalled = select(review.c.learner_id, on, func.count()).where(review.c.kind == "micro", review.c.at > since)
    for who, day, times in await connection.execute(recalled.group_by(review.c.learner_id, on)):
        micro[who, day] = times
    return [PracticeDay(answers=answers.get(key, {}), micro=micro.get(key, 0)) for key in {**answers, **micro}]


async def _prompted(connection: AsyncConnection, since: datetime) -> dict[Any, tuple[int, int]]:
    mine = and_(answer.c.delivery_id == delivery.c.id, answer.c.learner_id == subscription.c.learner_id)
    answered = exists().where(mine).correlate(delivery, subscription)
    sent = (
        select(delivery.c.category, func.count(), func.count().filter(answered))
        .join(subscription)
        .where(_PERSONAL, _ARRIVED, delivery.c.created_at > since)
        .group_by(delivery.c.category)
    )
    return {category: (count, done) for category, count, done in await connection.execute(sent)}
