"""The history of prompts: what was sent to whom, where it stands, and what a stream is owed."""

from typing import Any

from sqlalchemy import Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.balance import Credits
from bot.core.model import MessageRef, ThreadRef
from bot.core.records import Delivery, DeliveryKind
from bot.core.stream import Stream
from bot.store.engine import Database
from bot.store.subscriptions import target_of
from bot.store.tables import credit, delivery, paused_item, subscription
from knowledge.model import CATEGORIES

_PROMPTS: tuple[DeliveryKind, ...] = ("nudge", "extra")
_before = delivery.alias("before")
WITH_TARGET = select(
    delivery,
    select(func.count())
    .where(
        _before.c.subscription_id == delivery.c.subscription_id,
        _before.c.item_id == delivery.c.item_id,
        _before.c.kind.in_(_PROMPTS),
        _before.c.created_at < delivery.c.created_at,
    )
    .correlate(delivery)
    .scalar_subquery()
    .label("times"),
    select(paused_item.c.item_id).where(paused_item.c.item_id == delivery.c.item_id).exists().label("contested"),
    subscription.c.digest,
    subscription.c.platform,
    subscription.c.workspace,
    subscription.c.channel.label("target_channel"),
    subscription.c.user_id,
).join(subscription, subscription.c.id == delivery.c.subscription_id)


def delivery_of(row: Row[Any]) -> Delivery:
    """A row of WITH_TARGET."""
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
        times=row.times,
        lease_until=row.lease_until,
        reason=row.reason,
        contested=bool(row.contested),
        digest=row.digest,
    )


async def stream_of(connection: AsyncConnection, subscription_id: str) -> Stream:
    """What the stream has shown and is owed, within a transaction."""
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


class SqlHistory:
    """What of `bot.core.ports.Outbox` only reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stream(self, subscription_id: str) -> Stream:
        """See the port."""
        async with self._database.single() as connection:
            return await stream_of(connection, subscription_id)

    async def get(self, delivery_id: str) -> Delivery | None:
        """See the port."""
        async with self._database.single() as connection:
            row = (await connection.execute(WITH_TARGET.where(delivery.c.id == delivery_id))).first()
        return delivery_of(row) if row else None

    async def latest(self, subscription_id: str) -> Delivery | None:
        """See the port."""
        query = WITH_TARGET.where(
            delivery.c.subscription_id == subscription_id, delivery.c.kind.in_(_PROMPTS)
        ).order_by(delivery.c.ordinal.desc())
        async with self._database.single() as connection:
            row = (await connection.execute(query.limit(1))).first()
        return delivery_of(row) if row else None

    async def reason(self, delivery_id: str) -> str:
        """Why a delivery did not go out, or ""."""
        async with self._database.single() as connection:
            found = await connection.execute(select(delivery.c.reason).where(delivery.c.id == delivery_id))
            return str(found.scalar() or "")

    async def overview(self) -> tuple[int, list[tuple[int, str, str, str]]]:
        """How many streams are active, and (count, status, platform, reason) of what did not arrive
        or was put off."""
        active = select(func.count()).select_from(subscription).where(subscription.c.active.is_(True))
        problems = (
            select(func.count(), delivery.c.status, subscription.c.platform, delivery.c.reason)
            .join(subscription, subscription.c.id == delivery.c.subscription_id)
            .where(
                or_(
                    delivery.c.status.in_(("failed", "unknown", "dropped")),
                    and_(delivery.c.status == "pending", delivery.c.reason != ""),
                )
            )
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
            WITH_TARGET.where(
                subscription.c.platform == where.platform,
                delivery.c.kind.in_(_PROMPTS),
                delivery.c.channel == where.channel,
                or_(delivery.c.thread == where.thread, delivery.c.message == where.thread),
            )
            .order_by(delivery.c.created_at.desc())
            .limit(1)
        )
        async with self._database.single() as connection:
            row = (await connection.execute(query)).first()
        return delivery_of(row) if row else None
