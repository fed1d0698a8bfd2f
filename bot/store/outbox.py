"""Prompts on their way to people, and the history of those that were sent."""

import uuid
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.balance import Credits
from bot.core.model import Delivery, DeliveryStatus, MessageRef, ThreadRef
from bot.core.stream import Draw, Stream
from bot.store.engine import Database
from bot.store.subscriptions import target_of
from bot.store.tables import credit, delivery, subscription
from bot.store.upsert import insert_new
from knowledge.model import CATEGORIES, Category

_WITH_TARGET = select(
    delivery,
    subscription.c.platform,
    subscription.c.workspace,
    subscription.c.channel.label("target_channel"),
    subscription.c.user_id,
).join(subscription, subscription.c.id == delivery.c.subscription_id)


def _delivery(row: Row[Any]) -> Delivery:
    names = row._mapping  # noqa: SLF001 - the documented way to a row's names
    target = target_of({**names, "channel": names["target_channel"]})
    message = None
    if row.message:
        place = ThreadRef(platform=row.platform, workspace=row.workspace, channel=row.channel, thread=row.thread)
        message = MessageRef(thread=place, id=row.message)
    return Delivery(
        id=row.id,
        key=row.key,
        subscription_id=row.subscription_id,
        target=target,
        local_date=row.local_date,
        category=row.category,
        item_id=row.item_id,
        status=row.status,
        not_before=row.not_before,
        expires_at=row.expires_at,
        attempt=row.attempt,
        message=message,
        kind=row.kind,
        about=row.about,
        touched_at=row.touched_at,
        sent_at=row.sent_at,
    )


async def _stream(connection: AsyncConnection, subscription_id: str) -> Stream:
    head = (
        await connection.execute(
            select(subscription.c.last_category, subscription.c.shown).where(subscription.c.id == subscription_id)
        )
    ).one()
    owed = dict.fromkeys(CATEGORIES, 0)
    for row in await connection.execute(select(credit).where(credit.c.subscription_id == subscription_id)):
        owed[row.category] = row.thousandths
    shown = await connection.execute(
        select(delivery.c.item_id, func.max(delivery.c.ordinal).label("ordinal"))
        .where(delivery.c.subscription_id == subscription_id)
        .group_by(delivery.c.item_id)
    )
    return Stream(
        credits=Credits(owed=owed, last=head.last_category),
        shown={row.item_id: row.ordinal for row in shown},
        count=head.shown,
    )


async def _store_credits(connection: AsyncConnection, subscription_id: str, drawn: Draw, count: int) -> None:
    await connection.execute(
        update(subscription)
        .where(subscription.c.id == subscription_id)
        .values(last_category=drawn.category, shown=count)
    )
    for category, thousandths in drawn.credits.owed.items():
        fresh = await insert_new(
            connection, credit, subscription_id=subscription_id, category=category, thousandths=thousandths
        )
        if not fresh:
            await connection.execute(
                update(credit)
                .where(credit.c.subscription_id == subscription_id, credit.c.category == category)
                .values(thousandths=thousandths)
            )


class SqlOutbox:
    """`bot.core.ports.Outbox` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def charge(
        self,
        subscription_id: str,
        *,
        key: str,
        local_date: date,
        not_before: datetime,
        expires_at: datetime,
        status: DeliveryStatus,
        now: datetime,
        draw: Callable[[Stream], Draw],
    ) -> tuple[Delivery, bool]:
        """See the port."""
        async with self._database.transaction() as connection:
            # the lock makes two replicas take turns; SQLite's BEGIN IMMEDIATE does so already
            await connection.execute(
                select(subscription.c.id).where(subscription.c.id == subscription_id).with_for_update()
            )
            query = _WITH_TARGET.where(delivery.c.key == key)
            if row := (await connection.execute(query)).first():
                return _delivery(row), False
            stream = await _stream(connection, subscription_id)
            drawn = draw(stream)
            await connection.execute(
                delivery.insert().values(
                    id=str(uuid.uuid4()),
                    key=key,
                    subscription_id=subscription_id,
                    ordinal=stream.count + 1,
                    local_date=local_date,
                    category=drawn.category,
                    item_id=drawn.item_id,
                    status=status,
                    not_before=not_before,
                    expires_at=expires_at,
                    attempt=0,
                    reason="",
                    created_at=now,
                )
            )
            await _store_credits(connection, subscription_id, drawn, stream.count + 1)
            return _delivery((await connection.execute(query)).one()), True

    async def add_extra(
        self, subscription_id: str, *, key: str, local_date: date, item_id: str, category: Category, now: datetime
    ) -> Delivery:
        """See the port."""
        async with self._database.transaction() as connection:
            count = select(subscription.c.shown).where(subscription.c.id == subscription_id)
            await insert_new(
                connection,
                delivery,
                id=str(uuid.uuid4()),
                key=key,
                subscription_id=subscription_id,
                ordinal=(await connection.execute(count)).scalar_one(),
                local_date=local_date,
                category=category,
                item_id=item_id,
                status="sent",
                not_before=now,
                expires_at=now,
                attempt=0,
                reason="",
                kind="extra",
                created_at=now,
            )
            return _delivery((await connection.execute(_WITH_TARGET.where(delivery.c.key == key))).one())

    async def stream(self, subscription_id: str) -> Stream:
        """See the port."""
        async with self._database.single() as connection:
            return await _stream(connection, subscription_id)

    async def get(self, delivery_id: str) -> Delivery | None:
        """See the port."""
        async with self._database.single() as connection:
            row = (await connection.execute(_WITH_TARGET.where(delivery.c.id == delivery_id))).first()
        return _delivery(row) if row else None

    async def latest(self, subscription_id: str) -> Delivery | None:
        """See the port."""
        query = _WITH_TARGET.where(delivery.c.subscription_id == subscription_id).order_by(delivery.c.ordinal.desc())
        async with self._database.single() as connection:
            row = (await connection.execute(query.limit(1))).first()
        return _delivery(row) if row else None

    async def reason(self, delivery_id: str) -> str:
        """Why a delivery did not go out, or ""."""
        async with self._database.single() as connection:
            found = await connection.execute(select(delivery.c.reason).where(delivery.c.id == delivery_id))
            return str(found.scalar() or "")

    async def overview(self) -> tuple[int, list[tuple[int, str, str, str]]]:
        """How many streams are active, and (count, status, platform, reason) of what did not arrive."""
        active = select(func.count()).select_from(subscription).where(subscription.c.active.is_(True))
        problems = (
            select(func.count(), delivery.c.status, subscription.c.platform, delivery.c.reason)
            .join(subscription, subscription.c.id == delivery.c.subscription_id)
            .where(delivery.c.status.in_(("failed", "unknown", "dropped")))
            .group_by(delivery.c.status, subscription.c.platform, delivery.c.reason)
            .order_by(func.count().desc())
            .limit(10)
        )
        async with self._database.single() as connection:
            count = int((await connection.execute(active)).scalar_one())
            rows = (await connection.execute(problems)).all()
        return count, [(int(row[0]), str(row[1]), str(row[2]), str(row[3])) for row in rows]

    async def in_thread(self, where: ThreadRef) -> Delivery | None:
        """See the port."""
        if where.thread is None:
            return None
        query = (
            _WITH_TARGET.where(
                subscription.c.platform == where.platform,
                delivery.c.channel == where.channel,
                or_(delivery.c.thread == where.thread, delivery.c.message == where.thread),
            )
            .order_by(delivery.c.created_at.desc())
            .limit(1)
        )
        async with self._database.single() as connection:
            row = (await connection.execute(query)).first()
        return _delivery(row) if row else None

    async def claim(self, platforms: Collection[str], *, now: datetime, lease: timedelta, limit: int) -> list[Delivery]:
        """See the port."""
        ready = (
            select(delivery.c.id)
            .join(subscription, subscription.c.id == delivery.c.subscription_id)
            .where(
                subscription.c.platform.in_(platforms),
                subscription.c.active.is_(True),
                or_(
                    and_(delivery.c.status == "pending", delivery.c.not_before <= now),
                    and_(delivery.c.status == "sending", delivery.c.lease_until < now),
                ),
            )
            .order_by(delivery.c.not_before)
            .limit(limit)
            .with_for_update(skip_locked=True, of=delivery)
        )
        claim = (
            update(delivery)
            .where(delivery.c.id.in_(ready.scalar_subquery()))
            .values(status="sending", lease_until=now + lease, attempt=delivery.c.attempt + 1)
            .returning(delivery.c.id)
        )
        async with self._database.transaction() as connection:
            ids = list((await connection.execute(claim)).scalars())
            if not ids:
                return []
            rows = await connection.execute(_WITH_TARGET.where(delivery.c.id.in_(ids)).order_by(delivery.c.not_before))
            return [_delivery(row) for row in rows]

    async def settle(
        self, delivery_id: str, status: DeliveryStatus, *, message: MessageRef | None = None, reason: str = ""
    ) -> None:
        """See the port."""
        values: dict[str, Any] = {"status": status, "reason": reason[:200], "lease_until": None}
        if message is not None:
            values |= {"channel": message.thread.channel, "thread": message.thread.thread, "message": message.id}
        async with self._database.transaction() as connection:
            await connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(**values))

    async def postpone(self, delivery_id: str, *, until: datetime, reason: str, certain: bool = False) -> None:
        """See the port."""
        values: dict[str, Any] = {"attempt": 0} if certain else {}
        async with self._database.transaction() as connection:
            await connection.execute(
                update(delivery)
                .where(delivery.c.id == delivery_id)
                .values(status="pending", not_before=until, lease_until=None, reason=reason[:200], **values)
            )
