"""Many due prompts in one transaction: rows of the outbox, credits, and when each stream is due next."""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.balance import Credits
from bot.core.charging import Charge
from bot.core.level import Level
from bot.core.model import UserRef
from bot.core.review import Card
from bot.core.stream import Draw, Learned, Stream
from bot.store.bulk import among, execute_many
from bot.store.engine import Database
from bot.store.tables import card, credit, delivery, dispute, learner_level, paused_item, subscription, unwanted
from knowledge.model import CATEGORIES, Category

_BREATH = 64
"""Draws after which others get their turn; one may take a tenth of a millisecond."""
_INSERT = delivery.insert()
_ADVANCE = (
    update(subscription)
    .where(subscription.c.id == bindparam("stream"))
    .values(
        next_due=bindparam("following"),
        ignored=bindparam("untouched"),
        last_category=bindparam("category"),
        shown=bindparam("count"),
    )
)


def _upsert(database: Database) -> Insert:
    """Credits of a stream, new or changed."""
    if database.sqlite:
        put = sqlite.insert(credit)
        return put.on_conflict_do_update(
            index_elements=["subscription_id", "category"], set_={"thousandths": put.excluded.thousandths}
        )
    also = postgresql.insert(credit)
    return also.on_conflict_do_update(
        index_elements=["subscription_id", "category"], set_={"thousandths": also.excluded.thousandths}
    )


class SqlCharges:
    """`bot.core.charging.Charges` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put_credits = _upsert(database)

    async def pausing(self) -> frozenset[UserRef] | None:
        """See the port."""
        async with self._database.single() as connection:
            if (await connection.execute(select(paused_item.c.item_id).limit(1))).first() is None:
                return None
            who = select(dispute.c.platform, dispute.c.workspace, dispute.c.user_id).distinct()
            rows = await connection.execute(who.where(dispute.c.step == "disputed"))
            return frozenset(UserRef(platform=row[0], workspace=row[1], id=row[2]) for row in rows)

    async def learned(self, learner_ids: Collection[str], *, now: datetime) -> Mapping[str, Learned]:
        """See the port."""
        cards: dict[str, dict[str, Card]] = defaultdict(dict)
        refused: dict[str, set[str]] = defaultdict(set)
        async with self._database.single() as connection:
            for row in await connection.execute(
                select(card).where(among(card.c.learner_id, learner_ids, sqlite=self._database.sqlite))
            ):
                cards[row.learner_id][row.item_id] = Card(
                    item_id=row.item_id,
                    stability=row.stability,
                    difficulty=row.difficulty,
                    due=row.due,
                    reviewed_at=row.reviewed_at,
                    reps=row.reps,
                    lapses=row.lapses,
                )
            for row in await connection.execute(
                select(unwanted).where(among(unwanted.c.learner_id, learner_ids, sqlite=self._database.sqlite))
            ):
                refused[row.learner_id].add(row.item_id)
            levels = {
                row.learner_id: Level(value=row.level, placed=row.placed)
                for row in await connection.execute(
                    select(learner_level).where(
                        among(learner_level.c.learner_id, learner_ids, sqlite=self._database.sqlite)
                    )
                )
            }
        return {
            name: Learned(
                cards=cards.get(name, {}),
                level=levels.get(name),
                unwanted=frozenset(refused.get(name, ())),
                now=now,
            )
            for name in {*cards, *refused, *levels}
        }

    async def write(
        self, charges: Sequence[Charge], *, now: datetime, draw: Callable[[Charge, Stream], Draw | None]
    ) -> int:
        """See the port."""
        seen = {one.subscription.id: one for one in charges}
        async with self._database.transaction() as connection:
            heads = await _locked(connection, seen)
            mine = [seen[name] for name in heads]
            if not mine:
                return 0
            held = select(delivery.c.key).where(
                among(delivery.c.key, [one.key for one in mine], sqlite=self._database.sqlite)
            )
            had = set((await connection.execute(held)).scalars())
            streams = await _streams(connection, heads)
            rows: list[dict[str, Any]] = []
            owed: list[dict[str, Any]] = []
            moves: list[dict[str, Any]] = []
            for number, one in enumerate(mine):
                name = one.subscription.id
                stream = streams[name]
                if not number % _BREATH:
                    await asyncio.sleep(0)
                drawn = draw(one, stream) if one.kind == "nudge" and one.key not in had else None
                if one.kind == "offer" and one.key not in had:
                    rows.append(_row(one, None, 0, now))
                if drawn is not None:
                    rows.append(_row(one, drawn, stream.count + 1, now))
                    owed += [
                        {"subscription_id": name, "category": category, "thousandths": thousandths}
                        for category, thousandths in drawn.credits.owed.items()
                    ]
                moves.append(
                    {
                        "stream": name,
                        "following": one.following,
                        "untouched": one.ignored,
                        "category": drawn.category if drawn else stream.credits.last,
                        "count": stream.count + (drawn is not None),
                    }
                )
            if rows:
                await execute_many(connection, _INSERT, rows)
            if owed:
                await execute_many(connection, self._put_credits, owed)
            await execute_many(connection, _ADVANCE, moves)
        return len(rows)


async def _locked(connection: AsyncConnection, seen: Mapping[str, Charge]) -> dict[str, tuple[Category | None, int]]:
    """Stream -> its last category and count, of those still due as they were seen and not at hand elsewhere."""
    wanted = (subscription.c.id, subscription.c.next_due, subscription.c.last_category, subscription.c.shown)
    query = (
        select(*wanted, subscription.c.active)  # not a condition, lest its index is used and not that of the ids
        .where(among(subscription.c.id, seen, sqlite=connection.dialect.name == "sqlite"))
        .with_for_update(skip_locked=True)
    )
    return {
        row[0]: (row[2], row[3])
        for row in await connection.execute(query)
        if row[4] and row[1] == seen[row[0]].subscription.next_due
    }


async def _streams(connection: AsyncConnection, heads: Mapping[str, tuple[Category | None, int]]) -> dict[str, Stream]:
    sqlite_ = connection.dialect.name == "sqlite"
    owed: dict[str, dict[Category, int]] = {name: dict.fromkeys(CATEGORIES, 0) for name in heads}
    for row in await connection.execute(select(credit).where(among(credit.c.subscription_id, heads, sqlite=sqlite_))):
        owed[row[0]][row[1]] = row[2]
    shown: dict[str, dict[str, int]] = {name: {} for name in heads}
    query = (
        select(delivery.c.subscription_id, delivery.c.item_id, func.max(delivery.c.ordinal))
        .where(among(delivery.c.subscription_id, heads, sqlite=sqlite_))
        .where(delivery.c.kind.in_(("nudge", "extra")))
        .group_by(delivery.c.subscription_id, delivery.c.item_id)
    )
    for row in await connection.execute(query):
        shown[row[0]][row[1]] = row[2]
    return {
        name: Stream(credits=Credits(owed=owed[name], last=last), shown=shown[name], count=count)
        for name, (last, count) in heads.items()
    }


def _row(charge: Charge, drawn: Draw | None, ordinal: int, now: datetime) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "key": charge.key,
        "subscription_id": charge.subscription.id,
        "ordinal": ordinal,
        "local_date": charge.local_date,
        "category": drawn.category if drawn else "",
        "item_id": drawn.item_id if drawn else "",
        "status": "pending",
        "not_before": charge.due,
        "expires_at": charge.expires_at,
        "attempt": 0,
        "reason": "",
        "kind": charge.kind,
        "skipped": False,
        "created_at": now,
    }
