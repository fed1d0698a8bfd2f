"""Prompts on their way to people: charged, put off, claimed, sent."""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.model import MessageRef
from bot.core.records import Delivery, DeliveryKind, DeliveryStatus
from bot.core.sending import Outcome
from bot.core.stream import Draw, Stream
from bot.store.history import WITH_TARGET, SqlHistory, delivery_of, stream_of
from bot.store.tables import credit, delivery, subscription
from bot.store.upsert import insert_new
from knowledge.model import Category


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


def _ready(state: ColumnElement[bool]) -> Select[tuple[str]]:
    """The rows in a state that somebody has to see to: those of a stream that was stopped only once they are too late."""
    return (
        select(delivery.c.id)
        .join(subscription, subscription.c.id == delivery.c.subscription_id)
        .where(
            state,
            subscription.c.platform.in_(bindparam("platforms", expanding=True)),
            or_(subscription.c.active.is_(True), delivery.c.expires_at < bindparam("now")),
        )
    )


# a lease that ends after `unheard_of` was taken by a clock that has been put back since
_GIVEN_UP = _ready(
    and_(
        delivery.c.status == "sending",
        or_(delivery.c.lease_until < bindparam("now"), delivery.c.lease_until > bindparam("unheard_of")),
    )
)
_WAITING = _ready(and_(delivery.c.status == "pending", delivery.c.not_before <= bindparam("now")))
_ANYTHING = select(or_(_GIVEN_UP.exists(), _WAITING.exists()))
_CLAIMS = tuple(
    update(delivery)
    .where(
        delivery.c.id.in_(
            select(
                ready.order_by(order)
                .limit(bindparam("room"))
                .with_for_update(skip_locked=True, of=delivery)
                .cte("ready")  # a plain subquery may be run more than once, and lock more rows than there is room for
                .c.id
            )
        )
    )
    .values(status="sending", lease_until=bindparam("until"), attempt=delivery.c.attempt + 1)
    .returning(delivery.c.id)
    for ready, order in ((_GIVEN_UP, delivery.c.lease_until), (_WAITING, delivery.c.not_before))
)
_RECORD = (
    update(delivery)
    .where(delivery.c.id == bindparam("of"))
    .values(
        **{
            name: bindparam(f"new_{name}")
            for name in ("status", "reason", "attempt", "not_before", "sent_at", "channel", "thread", "message")
        },
        lease_until=None,
    )
)
_HELD = and_(delivery.c.status == "sending", delivery.c.lease_until == bindparam("held"))
_NOT_SENT_YET = and_(delivery.c.status != "sent", delivery.c.touched_at.is_(None))


def _values(outcome: Outcome) -> dict[str, Any]:
    """The parameters of _RECORD."""
    before, message = outcome.delivery, outcome.message or outcome.delivery.message
    return {
        "of": before.id,
        "held": before.lease_until,
        "new_status": outcome.status,
        "new_reason": outcome.reason[:200],
        "new_attempt": 0 if outcome.certain else before.attempt,
        "new_not_before": outcome.not_before or before.not_before,
        "new_sent_at": outcome.at if outcome.status == "sent" else None if outcome.certain else before.sent_at,
        "new_channel": message.thread.channel if message else None,
        "new_thread": message.thread.thread if message else None,
        "new_message": message.id if message else None,
    }


class SqlOutbox(SqlHistory):
    """`bot.core.ports.Outbox` on the database."""

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
            query = WITH_TARGET.where(delivery.c.key == key)
            if row := (await connection.execute(query)).first():
                return delivery_of(row), False
            stream = await stream_of(connection, subscription_id)
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
            return delivery_of((await connection.execute(query)).one()), True

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
            return delivery_of((await connection.execute(WITH_TARGET.where(delivery.c.key == key))).one())

    async def add_later(
        self,
        subscription_id: str,
        *,
        key: str,
        kind: DeliveryKind,
        about: str | None,
        local_date: date,
        not_before: datetime,
        expires_at: datetime,
        now: datetime,
    ) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            told = select(delivery.c.category, delivery.c.item_id).where(delivery.c.id == about)
            found = (await connection.execute(told)).first() if about else None
            await insert_new(
                connection,
                delivery,
                id=str(uuid.uuid4()),
                key=key,
                subscription_id=subscription_id,
                ordinal=0,
                local_date=local_date,
                category=found.category if found else "",
                item_id=found.item_id if found else "",
                status="pending",
                not_before=not_before,
                expires_at=expires_at,
                attempt=0,
                reason="",
                kind=kind,
                about=about,
                created_at=now,
            )

    async def touch(self, delivery_id: str, *, now: datetime, skipped: bool = False) -> None:
        """See the port."""
        values: dict[str, Any] = {"touched_at": func.coalesce(delivery.c.touched_at, now)}
        if skipped:
            values["skipped"] = True
        async with self._database.transaction() as connection:
            touched = await connection.execute(
                update(delivery)
                .where(delivery.c.id == delivery_id)
                .values(**values)
                .returning(delivery.c.subscription_id)
            )
            if (stream := touched.scalar()) is not None:
                await connection.execute(
                    update(subscription)
                    .where(subscription.c.id == stream, subscription.c.ignored > 0)
                    .values(ignored=0)
                )

    async def snooze(self, delivery_id: str, *, until: datetime, expires_at: datetime, now: datetime) -> bool:
        """See the port."""
        async with self._database.transaction() as connection:
            moved = await connection.execute(
                update(delivery)
                .where(delivery.c.id == delivery_id, delivery.c.status != "sending")
                .values(
                    status="pending",
                    not_before=until,
                    expires_at=expires_at,
                    attempt=0,
                    sent_at=None,
                    touched_at=func.coalesce(delivery.c.touched_at, now),
                )
                .returning(delivery.c.id)
            )
            return moved.first() is not None

    async def claim(self, platforms: Collection[str], *, now: datetime, lease: timedelta, limit: int) -> list[Delivery]:
        """See the port."""
        asked = {"platforms": list(platforms), "now": now, "unheard_of": now + 2 * lease}
        async with self._database.single() as connection:
            if not (await connection.execute(_ANYTHING, asked)).scalar():
                return []
        ids: list[str] = []
        async with self._database.transaction() as connection:
            for claim in _CLAIMS:
                if (room := limit - len(ids)) > 0:
                    claimed = await connection.execute(claim, {**asked, "until": now + lease, "room": room})
                    ids += claimed.scalars()
            if not ids:
                return []
            rows = await connection.execute(WITH_TARGET.where(delivery.c.id.in_(ids)).order_by(delivery.c.not_before))
            return [delivery_of(row) for row in rows]

    async def begin(self, deliveries: Sequence[Delivery], *, now: datetime) -> frozenset[str]:
        """See the port."""
        by_lease: dict[datetime | None, list[str]] = {}
        for one in deliveries:
            by_lease.setdefault(one.lease_until, []).append(one.id)
        held: set[str] = set()
        async with self._database.single() as connection:
            for lease_until, ids in by_lease.items():
                begun = (
                    update(delivery)
                    .where(
                        delivery.c.id.in_(ids), delivery.c.status == "sending", delivery.c.lease_until == lease_until
                    )
                    .values(sent_at=now)
                    .returning(delivery.c.id)
                )
                held.update((await connection.execute(begun)).scalars())
        return frozenset(held)

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """See the port."""
        sent = [_values(one) for one in outcomes if one.status == "sent"]
        others = [_values(one) for one in outcomes if one.status != "sent"]
        stopped = {one.delivery.subscription_id: one for one in outcomes if one.stops}
        async with self._database.transaction() as connection:
            if sent:
                await connection.execute(_RECORD.where(or_(_HELD, _NOT_SENT_YET)), sent)
            if others:
                await connection.execute(_RECORD.where(_HELD), others)
            if stopped:
                stop = update(subscription).where(subscription.c.id.in_(list(stopped)), subscription.c.active.is_(True))
                when = next(iter(stopped.values())).at
                await connection.execute(stop.values(active=False, next_due=None, stopped_at=when))

    async def settle(
        self,
        delivery_id: str,
        status: DeliveryStatus,
        *,
        message: MessageRef | None = None,
        reason: str = "",
        at: datetime | None = None,
    ) -> None:
        """See the port."""
        values: dict[str, Any] = {"status": status, "reason": reason[:200], "lease_until": None}
        if at is not None:
            values["sent_at"] = at
        if message is not None:
            values |= {"channel": message.thread.channel, "thread": message.thread.thread, "message": message.id}
        async with self._database.transaction() as connection:
            await connection.execute(update(delivery).where(delivery.c.id == delivery_id).values(**values))

    async def postpone(self, delivery_id: str, *, until: datetime, reason: str, certain: bool = False) -> None:
        """See the port."""
        values: dict[str, Any] = {"attempt": 0, "sent_at": None} if certain else {}
        async with self._database.transaction() as connection:
            await connection.execute(
                update(delivery)
                .where(delivery.c.id == delivery_id)
                .values(status="pending", not_before=until, lease_until=None, reason=reason[:200], **values)
            )
