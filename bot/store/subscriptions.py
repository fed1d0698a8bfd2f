"""People, and the streams of prompts they or their channels asked for."""

import uuid
from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, and_, bindparam, distinct, func, or_, select, true, update

from bot.core.attention import Newest
from bot.core.balance import format_split, parse_split
from bot.core.model import ThreadRef, UserRef
from bot.core.ports import Move
from bot.core.records import Subscription
from bot.store.bulk import among, execute_many
from bot.store.engine import Database
from bot.store.tables import delivery, identity, learner, subscription
from bot.store.upsert import insert_new

_A_WEEK_AT_MOST = timedelta(days=8)
"""No two prompts of a daily stream are further apart without holidays or time off."""
_THREE_WEEKS_AT_MOST = timedelta(days=22)
"""With holidays or once a week."""
_MOVE = (
    update(subscription)
    .where(subscription.c.id == bindparam("stream"), subscription.c.next_due == bindparam("seen"))
    .values(
        next_due=bindparam("following"),
        ignored=func.coalesce(bindparam("untouched", type_=Integer), subscription.c.ignored),
    )
)


def columns_of(target: UserRef | ThreadRef) -> dict[str, str]:
    """How a row says whom it is for: a person has no channel, a channel no user."""
    if isinstance(target, UserRef):
        return {"platform": target.platform, "workspace": target.workspace, "channel": "", "user_id": target.id}
    return {"platform": target.platform, "workspace": target.workspace, "channel": target.channel, "user_id": ""}


def target_of(row: Mapping[Any, Any]) -> UserRef | ThreadRef:
    """Whom a subscription's row is for."""
    if row["user_id"]:
        return UserRef(platform=row["platform"], workspace=row["workspace"], id=row["user_id"])
    return ThreadRef(platform=row["platform"], workspace=row["workspace"], channel=row["channel"])


_time = cache(time.fromisoformat)
_split = lru_cache(maxsize=1000)(parse_split)


@cache
def _days(text: str) -> frozenset[int]:
    return frozenset(map(int, text))


_STREAM = select(
    *(
        column
        for column in subscription.c
        if column.name not in {"last_category", "shown", "activated_at", "stopped_at", "created_at"}
    )
)


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        target=target_of(row._mapping),  # noqa: SLF001 - the documented way to a row's names
        learner_id=row.learner_id,
        active=row.active,
        zone=row.zone,
        local_time=_time(row.local_time),
        days=_days(row.days),
        split=_split(row.split),
        next_due=row.next_due,
        rhythm=row.rhythm,
        quiet=(_time(row.quiet_from), _time(row.quiet_to)) if row.quiet_from else None,
        holidays=row.holidays,
        off_until=row.off_until,
        ignored=row.ignored,
        digest=row.digest,
    )


def _on(platforms: Collection[str] | None) -> ColumnElement[bool]:
    return true() if platforms is None else subscription.c.platform.in_(platforms)


class SqlSubscriptions:
    """`bot.core.ports.Subscriptions` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def learner(self, user: UserRef, *, now: datetime) -> str:
        """See the port."""
        who = and_(
            identity.c.platform == user.platform,
            identity.c.workspace == user.workspace,
            identity.c.user_id == user.id,
        )
        async with self._database.single() as connection:
            found = (await connection.execute(select(identity.c.learner_id).where(who))).scalar()
        if found is not None:
            return str(found)
        async with self._database.transaction() as connection:
            new = str(uuid.uuid4())
            await connection.execute(learner.insert().values(id=new, created_at=now))
            created = await insert_new(
                connection,
                identity,
                platform=user.platform,
                workspace=user.workspace,
                user_id=user.id,
                learner_id=new,
            )
            if created:
                return new
            await connection.execute(learner.delete().where(learner.c.id == new))
            return str((await connection.execute(select(identity.c.learner_id).where(who))).scalar_one())

    async def find(self, target: UserRef | ThreadRef) -> Subscription | None:
        """See the port."""
        query = select(subscription).filter_by(**columns_of(target))
        async with self._database.single() as connection:
            row = (await connection.execute(query)).first()
        return _subscription(row) if row else None

    async def save(self, wanted: Subscription, *, now: datetime) -> Subscription:
        """See the port."""
        values: dict[str, Any] = {
            "active": wanted.active,
            "zone": wanted.zone,
            "local_time": wanted.local_time.strftime("%H:%M"),
            "days": "".join(map(str, sorted(wanted.days))),
            "split": format_split(wanted.split),
            "next_due": wanted.next_due,
            "rhythm": wanted.rhythm,
            "quiet_from": f"{wanted.quiet[0]:%H:%M}" if wanted.quiet else None,
            "quiet_to": f"{wanted.quiet[1]:%H:%M}" if wanted.quiet else None,
            "holidays": wanted.holidays,
            "off_until": wanted.off_until,
            "ignored": wanted.ignored,
            "digest": wanted.digest,
        }
        columns = columns_of(wanted.target)
        async with self._database.transaction() as connection:
            created = await insert_new(
                connection,
                subscription,
                id=wanted.id,
                learner_id=wanted.learner_id,
                last_category=None,
                shown=0,
                activated_at=now if wanted.active else None,
                created_at=now,
                **columns,
                **values,
            )
            if not created:
                mine = update(subscription).filter_by(**columns)
                switched = {"activated_at": now, "stopped_at": None} if wanted.active else {"stopped_at": now}
                await connection.execute(mine.where(subscription.c.active.is_(not wanted.active)).values(**switched))
                await connection.execute(mine.values(**values))
            row = (await connection.execute(select(subscription).filter_by(**columns))).one()
        return _subscription(row)

    async def due(self, now: datetime, *, limit: int, platforms: Collection[str] | None = None) -> list[Subscription]:
        """See the port."""
        query = (
            _STREAM.where(subscription.c.active.is_(True), subscription.c.next_due <= now, _on(platforms))
            .order_by(subscription.c.next_due)  # and by nothing else, so that the index alone orders a crowd
            .limit(limit)
        )
        async with self._database.single() as connection:
            return [_subscription(row) for row in (await connection.execute(query)).all()]

    async def next_due(self, platforms: Collection[str] | None = None) -> datetime | None:
        """See the port."""
        query = (
            select(subscription.c.next_due)
            .where(subscription.c.active.is_(True), subscription.c.next_due.is_not(None), _on(platforms))
            .order_by(subscription.c.next_due)
            .limit(1)
        )
        async with self._database.single() as connection:
            found: datetime | None = (await connection.execute(query)).scalar()
        return found

    async def move(self, subscription_id: str, *, seen: datetime, to: datetime) -> None:
        """See the port."""
        await self.move_all([Move(subscription_id=subscription_id, seen=seen, to=to)])

    async def move_all(self, moves: Collection[Move]) -> None:
        """See the port."""
        if moves:
            async with self._database.transaction() as connection:
                rows = [
                    {"stream": one.subscription_id, "seen": one.seen, "following": one.to, "untouched": one.ignored}
                    for one in moves
                ]
                await execute_many(connection, _MOVE, rows)

    async def touched(self, subscription_id: str) -> None:
        """See the port."""
        mine = update(subscription).where(subscription.c.id == subscription_id, subscription.c.ignored > 0)
        async with self._database.single() as connection:
            await connection.execute(mine.values(ignored=0))

    async def newest(self, subscription_ids: Collection[str]) -> Mapping[str, Newest]:
        """See the port."""
        order = func.row_number().over(partition_by=delivery.c.subscription_id, order_by=delivery.c.created_at.desc())
        sent = (
            select(
                delivery.c.subscription_id,
                delivery.c.kind,
                delivery.c.status,
                delivery.c.touched_at,
                order.label("nth"),
            )
            .where(
                among(delivery.c.subscription_id, subscription_ids, sqlite=self._database.sqlite),
                delivery.c.kind.in_(("nudge", "offer")),
            )
            .subquery()
        )
        async with self._database.single() as connection:
            return {
                row.subscription_id: Newest(
                    kind=row.kind, sent=row.status == "sent", touched=row.touched_at is not None
                )
                for row in await connection.execute(select(sent).where(sent.c.nth == 1))
            }

    async def last_day(self, subscription_id: str) -> date | None:
        """See the port."""
        mine = and_(delivery.c.subscription_id == subscription_id, delivery.c.kind == "nudge")
        async with self._database.single() as connection:
            found: date | None = (
                await connection.execute(select(func.max(delivery.c.local_date)).where(mine))
            ).scalar()
        return found

    async def stranded(self, now: datetime, *, limit: int) -> list[Subscription]:
        """See the port."""
        off = and_(subscription.c.off_until.is_not(None), subscription.c.off_until > now.date())
        plain = and_(subscription.c.rhythm == "daily", subscription.c.holidays.is_(None))
        query = (
            select(subscription)
            .where(subscription.c.active.is_(True), subscription.c.next_due > now + _A_WEEK_AT_MOST, ~off)
            .where(or_(plain, subscription.c.next_due > now + _THREE_WEEKS_AT_MOST))
            .where(func.coalesce(subscription.c.activated_at, subscription.c.created_at) <= now)
            .limit(limit)
        )
        async with self._database.single() as connection:
            return [_subscription(row) for row in (await connection.execute(query)).all()]

    async def zones(self) -> Mapping[str, int]:
        """How many active streams there are a zone."""
        query = (
            select(subscription.c.zone, func.count())
            .where(subscription.c.active.is_(True))
            .group_by(subscription.c.zone)
        )
        async with self._database.single() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}

    async def ahead(self, now: datetime) -> int:
        """How many active streams have sent a prompt of a local date that is nowhere yet."""
        later = and_(delivery.c.kind == "nudge", delivery.c.local_date > (now + timedelta(days=2)).date())
        query = (
            select(func.count(distinct(delivery.c.subscription_id)))
            .join(subscription, subscription.c.id == delivery.c.subscription_id)
            .where(later, subscription.c.active.is_(True))
        )
        async with self._database.single() as connection:
            return int((await connection.execute(query)).scalar_one())
