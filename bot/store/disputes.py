"""Questions that people find unfit: paused where they said so, until somebody decides."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.model import UserRef
from bot.core.rulings import DisputeStep, PausedItem
from bot.store.engine import Database
from bot.store.tables import dispute, paused_item
from bot.store.upsert import insert_new

_MOST = 200
_SAME = and_(dispute.c.place == paused_item.c.workspace, dispute.c.item_id == paused_item.c.item_id)


def _step(row: Row[Any]) -> DisputeStep:
    return DisputeStep(
        id=row.id,
        item_id=row.item_id,
        step=row.step,
        user=UserRef(platform=row.platform, workspace=row.workspace, id=row.user_id),
        at=row.at,
        reason=row.reason,
    )


async def _logged(connection: AsyncConnection, place: str, step: DisputeStep) -> bool:
    return await insert_new(
        connection,
        dispute,
        id=step.id,
        platform=step.user.platform,
        workspace=step.user.workspace,
        user_id=step.user.id,
        place=place,
        item_id=step.item_id,
        step=step.step,
        reason=step.reason,
        at=step.at,
    )


class SqlDisputes:
    """`bot.core.rulings.Disputes` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def dispute(self, place: str, step: DisputeStep) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            if await _logged(connection, place, step):
                await insert_new(
                    connection, paused_item, workspace=place, item_id=step.item_id, kept_out=False, since=step.at
                )

    async def waiting(self, place: str, user: UserRef) -> int:
        """See the port."""
        query = (
            select(func.count(dispute.c.item_id.distinct()))
            .select_from(dispute.join(paused_item, _SAME))
            .where(_by(user), dispute.c.place == place, paused_item.c.kept_out.is_(False))
        )
        async with self._database.single() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def listed(self, place: str) -> list[PausedItem]:
        """See the port."""
        held = (
            select(paused_item)
            .where(paused_item.c.workspace == place)
            .order_by(paused_item.c.kept_out, paused_item.c.since, paused_item.c.item_id)
            .limit(_MOST)
        )
        async with self._database.single() as connection:
            rows = (await connection.execute(held)).all()
            said = select(dispute).where(dispute.c.place == place, dispute.c.item_id.in_([row.item_id for row in rows]))
            steps = [_step(row) for row in await connection.execute(said.order_by(dispute.c.at, dispute.c.id))]
        return [
            PausedItem(
                item_id=row.item_id,
                kept_out=row.kept_out,
                since=row.since,
                steps=tuple(one for one in steps if one.item_id == row.item_id),
            )
            for row in rows
        ]

    async def settle(self, place: str, step: DisputeStep) -> bool:
        """See the port."""
        here = and_(paused_item.c.workspace == place, paused_item.c.item_id == step.item_id)
        change = (
            delete(paused_item).where(here)
            if step.step == "resumed"
            else update(paused_item).where(here, paused_item.c.kept_out.is_(False)).values(kept_out=True)
        )
        async with self._database.transaction() as connection:
            if (await connection.execute(change.returning(paused_item.c.item_id))).first() is None:
                return False
            return await _logged(connection, place, step)

    async def paused(self, places: Collection[str], user: UserRef | None) -> frozenset[str]:
        """See the port."""
        alone = [place for place in places if place.endswith(":")]
        for_all = or_(paused_item.c.kept_out.is_(True), paused_item.c.workspace.not_in(alone))
        applies = and_(paused_item.c.workspace.in_(places), for_all)
        if user is not None:
            applies = or_(applies, select(dispute.c.id).where(_SAME, _by(user)).correlate(paused_item).exists())
        query = select(paused_item.c.item_id).where(applies)
        async with self._database.single() as connection:
            return frozenset((await connection.execute(query)).scalars())


def _by(user: UserRef) -> ColumnElement[bool]:
    """A dispute by this person."""
    return and_(
        dispute.c.step == "disputed",
        dispute.c.platform == user.platform,
        dispute.c.workspace == user.workspace,
        dispute.c.user_id == user.id,
    )
