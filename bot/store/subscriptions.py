"""People, and the streams of prompts they or their channels asked for."""

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, select, true, update

from bot.core.balance import format_split, parse_split
from bot.core.model import Subscription, ThreadRef, UserRef
from bot.store.engine import Database
from bot.store.tables import identity, learner, subscription
from bot.store.upsert import insert_new


def _columns(target: UserRef | ThreadRef) -> dict[str, str]:
    if isinstance(target, UserRef):
        return {"platform": target.platform, "workspace": target.workspace, "channel": "", "user_id": target.id}
    return {"platform": target.platform, "workspace": target.workspace, "channel": target.channel, "user_id": ""}


def target_of(row: Mapping[Any, Any]) -> UserRef | ThreadRef:
    """Whom a subscription's row is for."""
    if row["user_id"]:
        return UserRef(platform=row["platform"], workspace=row["workspace"], id=row["user_id"])
    return ThreadRef(platform=row["platform"], workspace=row["workspace"], channel=row["channel"])


def _subscription(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.id,
        target=target_of(row._mapping),  # noqa: SLF001 - the documented way to a row's names
        learner_id=row.learner_id,
        active=row.active,
        zone=row.zone,
        local_time=time.fromisoformat(row.local_time),
        days=frozenset(map(int, row.days)),
        split=parse_split(row.split),
        next_due=row.next_due,
        rhythm=row.rhythm,
        quiet=(time.fromisoformat(row.quiet_from), time.fromisoformat(row.quiet_to)) if row.quiet_from else None,
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
        query = select(subscription).filter_by(**_columns(target))
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
        columns = _columns(wanted.target)
        async with self._database.transaction() as connection:
            created = await insert_new(
                connection,
                subscription,
                id=wanted.id,
                learner_id=wanted.learner_id,
                last_category=None,
                shown=0,
                created_at=now,
                **columns,
                **values,
            )
            if not created:
                await connection.execute(update(subscription).filter_by(**columns).values(**values))
            row = (await connection.execute(select(subscription).filter_by(**columns))).one()
        return _subscription(row)

    async def due(self, now: datetime, *, limit: int, platforms: Collection[str] | None = None) -> list[Subscription]:
        """See the port."""
        query = (
            select(subscription)
            .where(subscription.c.active.is_(True), subscription.c.next_due <= now, _on(platforms))
            .order_by(subscription.c.next_due, subscription.c.id)
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
        async with self._database.transaction() as connection:
            await connection.execute(
                update(subscription)
                .where(subscription.c.id == subscription_id, subscription.c.next_due == seen)
                .values(next_due=to)
            )
