"""What people know, how hard they want it, and what they do not want to be asked."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Insert, Row, and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.level import Level
from bot.core.model import ThreadRef
from bot.core.review import Card, Kind, NewRating, Rating, rated, replayed
from bot.store.engine import Database
from bot.store.tables import card, delivery, learner, learner_level, review, subscription, unwanted
from bot.store.upsert import insert_new


async def _take_turns(connection: AsyncConnection, learner_id: str) -> None:
    """Let two replicas rate for one learner one after the other; SQLite's BEGIN IMMEDIATE does so already."""
    await connection.execute(select(learner.c.id).where(learner.c.id == learner_id).with_for_update())


async def _made_again(connection: AsyncConnection, learner_id: str, item_id: str) -> Card:
    """The item's card as its log makes it, stored."""
    log = (
        select(review.c.at, review.c.rating)
        .where(review.c.learner_id == learner_id, review.c.item_id == item_id)
        .order_by(review.c.at, review.c.id)
    )
    made = replayed(item_id, [(row.at, row.rating) for row in await connection.execute(log)])
    if made is None:
        raise AssertionError("a card is made from at least one rating")
    values = _values(made)
    if not await insert_new(connection, card, learner_id=learner_id, item_id=item_id, **values):
        mine = and_(card.c.learner_id == learner_id, card.c.item_id == item_id)
        await connection.execute(update(card).where(mine).values(**values))
    return made


def _card(row: Row[Any]) -> Card:
    return Card(
        item_id=row.item_id,
        stability=row.stability,
        difficulty=row.difficulty,
        due=row.due,
        reviewed_at=row.reviewed_at,
        reps=row.reps,
        lapses=row.lapses,
    )


def _values(one: Card) -> dict[str, Any]:
    """The columns of a card but for whose it is."""
    return {
        "stability": one.stability,
        "difficulty": one.difficulty,
        "due": one.due,
        "reviewed_at": one.reviewed_at,
        "reps": one.reps,
        "lapses": one.lapses,
    }


def _put(database: Database) -> Insert:
    """A card, new or changed."""
    insert: Any = sqlite.insert(card) if database.sqlite else postgresql.insert(card)
    names = ("stability", "difficulty", "due", "reviewed_at", "reps", "lapses")
    return cast(
        "Insert",
        insert.on_conflict_do_update(
            index_elements=["learner_id", "item_id"], set_={name: insert.excluded[name] for name in names}
        ),
    )


class SqlReviews:
    """`bot.core.review.Reviews` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = _put(database)

    async def cards(self, learner_id: str) -> Mapping[str, Card]:
        """See the port."""
        async with self._database.single() as connection:
            rows = await connection.execute(select(card).where(card.c.learner_id == learner_id))
            return {row.item_id: _card(row) for row in rows}

    async def rating(self, *, learner_id: str, delivery_id: str) -> Rating | None:
        """See the port."""
        query = select(review.c.rating).where(review.c.learner_id == learner_id, review.c.delivery_id == delivery_id)
        async with self._database.single() as connection:
            found: Rating | None = (await connection.execute(query.limit(1))).scalar()
        return found

    async def record(
        self,
        *,
        learner_id: str,
        item_id: str,
        rating: Rating,
        kind: Kind,
        delivery_id: str | None,
        now: datetime,
    ) -> Card:
        """See the port."""
        same = and_(review.c.learner_id == learner_id, review.c.item_id == item_id, review.c.delivery_id == delivery_id)
        async with self._database.transaction() as connection:
            await _take_turns(connection, learner_id)
            replaced = None
            if delivery_id is not None:
                changed = update(review).where(same).values(rating=rating).returning(review.c.id)
                replaced = (await connection.execute(changed)).first()
            if replaced is None:
                await connection.execute(
                    review.insert().values(
                        id=str(uuid.uuid4()),
                        learner_id=learner_id,
                        item_id=item_id,
                        delivery_id=delivery_id,
                        kind=kind,
                        rating=rating,
                        at=now,
                    )
                )
            return await _made_again(connection, learner_id, item_id)

    async def record_all(self, ratings: Sequence[NewRating]) -> list[Card]:
        """See the port."""
        if not ratings:
            return []
        learners = sorted({one.learner_id for one in ratings})
        made: list[Card] = []
        async with self._database.transaction() as connection:
            await connection.execute(
                select(learner.c.id).where(learner.c.id.in_(learners)).order_by(learner.c.id).with_for_update()
            )
            met = select(card).where(
                card.c.learner_id.in_(learners), card.c.item_id.in_({one.item_id for one in ratings})
            )
            cards = {(row.learner_id, row.item_id): _card(row) for row in await connection.execute(met)}
            for one in ratings:
                key = one.learner_id, one.item_id
                cards[key] = rated(cards.get(key), one.item_id, one.rating, one.at)
                made.append(cards[key])
            await connection.execute(review.insert(), [{"id": str(uuid.uuid4()), **asdict(one)} for one in ratings])
            rows = {(one.learner_id, one.item_id) for one in ratings}
            await connection.execute(
                self._put,
                [{"learner_id": who, "item_id": item, **_values(cards[who, item])} for who, item in sorted(rows)],
            )
        return made

    async def override(
        self,
        *,
        learner_id: str,
        delivery_id: str,
        rating: Rating,
        now: datetime,  # noqa: ARG002 - memory was tested when the first rating was logged
    ) -> Card | None:
        """See the port."""
        mine = and_(review.c.learner_id == learner_id, review.c.delivery_id == delivery_id)
        async with self._database.transaction() as connection:
            await _take_turns(connection, learner_id)
            changed = update(review).where(mine).values(rating=rating).returning(review.c.item_id)
            item_id = (await connection.execute(changed)).scalar()
            return await _made_again(connection, learner_id, item_id) if item_id else None

    async def level(self, learner_id: str) -> Level | None:
        """See the port."""
        query = select(learner_level).where(learner_level.c.learner_id == learner_id)
        async with self._database.single() as connection:
            row = (await connection.execute(query)).first()
        return Level(value=row.level, placed=row.placed) if row else None

    async def set_level(self, learner_id: str, level: Level, *, now: datetime) -> None:
        """See the port."""
        values = {"level": level.value, "placed": level.placed, "changed_at": now}
        async with self._database.transaction() as connection:
            if not await insert_new(connection, learner_level, learner_id=learner_id, **values):
                mine = learner_level.c.learner_id == learner_id
                await connection.execute(update(learner_level).where(mine).values(**values))

    async def unwanted(self, learner_id: str) -> frozenset[str]:
        """See the port."""
        query = select(unwanted.c.item_id).where(unwanted.c.learner_id == learner_id)
        async with self._database.single() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def add_unwanted(self, learner_id: str, item_id: str, *, now: datetime) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            await insert_new(connection, unwanted, learner_id=learner_id, item_id=item_id, at=now)

    async def remove_unwanted(self, learner_id: str, item_id: str) -> None:
        """See the port."""
        mine = and_(unwanted.c.learner_id == learner_id, unwanted.c.item_id == item_id)
        async with self._database.transaction() as connection:
            await connection.execute(unwanted.delete().where(mine))

    async def open_items(self, learner_id: str, where: ThreadRef, *, since: date) -> frozenset[str]:
        """See the port."""
        shared_here = and_(
            subscription.c.platform == where.platform,
            subscription.c.workspace == where.workspace,
            subscription.c.user_id == "",
        )
        query = (
            select(delivery.c.item_id)
            .join(subscription, subscription.c.id == delivery.c.subscription_id)
            .where(
                or_(subscription.c.learner_id == learner_id, shared_here),
                or_(delivery.c.local_date >= since, delivery.c.status.in_(("pending", "sending"))),
            )
        )
        async with self._database.single() as connection:
            return frozenset((await connection.execute(query)).scalars())
