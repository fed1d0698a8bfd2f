"""Verdicts that people disagree with, the rulings on them, and what is learned from those."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.model import UserRef
from bot.core.rulings import EXEMPLARS, Exemplar, Judged, Logged, Ruled, Ruling
from bot.store.engine import Database
from bot.store.tables import answer, correction, correction_author, identity, verdict

_MOST = 100
_JUDGED = select(verdict, answer.c.item_id, answer.c.learner_id, answer.c.text).join(answer)


def _judged(row: Row[Any]) -> Judged:
    return Judged(
        answer_id=row.answer_id,
        item_id=row.item_id,
        point_id=row.point_id,
        verdict=row.verdict,
        text=row.text,
        quote=row.quote,
        sentence=row.sentence or "",
        open=row.contested and row.ruled_at is None,
        ruled=row.ruled_at is not None,
    )


def _contested_here(place: str) -> ColumnElement[bool]:
    """That some verdict on the answer was contested in this place, which is what lets people there see it."""
    return verdict.c.answer_id.in_(
        select(verdict.c.answer_id).where(verdict.c.place == place, verdict.c.contested.is_(True))
    )


class SqlCorrections:
    """`bot.core.rulings.Corrections` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def own(self, *, learner_id: str, answer_id: str) -> list[Judged]:
        """See the port."""
        query = _JUDGED.where(answer.c.id == answer_id, answer.c.learner_id == learner_id)
        async with self._database.single() as connection:
            return [_judged(row) for row in await connection.execute(query.order_by(verdict.c.point_id))]

    async def contested(self, place: str) -> list[Judged]:
        """See the port."""
        query = (
            _JUDGED.where(verdict.c.place == place, verdict.c.contested.is_(True), verdict.c.ruled_at.is_(None))
            .order_by(verdict.c.contested_at, verdict.c.answer_id, verdict.c.point_id)
            .limit(_MOST)
        )
        async with self._database.single() as connection:
            return [_judged(row) for row in await connection.execute(query)]

    async def verdicts(self, place: str, answer_id: str) -> list[Judged]:
        """See the port."""
        query = _JUDGED.where(verdict.c.answer_id == answer_id, _contested_here(place)).order_by(verdict.c.point_id)
        async with self._database.single() as connection:
            return [_judged(row) for row in await connection.execute(query)]

    async def rule(self, place: str, ruling: Ruling, *, now: datetime) -> Ruled | None:
        """See the port."""
        key = and_(verdict.c.answer_id == ruling.answer_id, verdict.c.point_id == ruling.point_id)
        waits = and_(verdict.c.contested.is_(True), verdict.c.ruled_at.is_(None))
        changes = ruling.seen != ruling.verdict
        condition = and_(key, _contested_here(place), verdict.c.verdict == ruling.seen)
        async with self._database.transaction() as connection:
            done = await connection.execute(
                update(verdict)
                .where(condition if changes else and_(condition, waits))
                .values(verdict=ruling.verdict, ruled_at=now)
                .returning(verdict.c.answer_id)
            )
            if done.first() is None:
                return None
            of = (await connection.execute(select(answer).where(answer.c.id == ruling.answer_id))).one()
            if changes:
                await _add_to_score(connection, ruling)
            new = str(uuid.uuid4())
            await connection.execute(
                insert(correction).values(
                    id=new,
                    learner_id=of.learner_id,
                    place=place,
                    item_id=of.item_id,
                    point_id=ruling.point_id,
                    before=ruling.seen,
                    after=ruling.verdict,
                    exemplar=ruling.exemplar,
                    ruled_at=now,
                )
            )
            by = ruling.by
            await connection.execute(
                insert(correction_author).values(
                    correction_id=new, platform=by.platform, workspace=by.workspace, user_id=by.id
                )
            )
            return Ruled(id=new, learner=await _learner(connection, of.learner_id, place))

    async def exemplars(self, place: str, item_id: str) -> list[Exemplar]:
        """See the port."""
        newest = func.row_number().over(
            partition_by=correction.c.point_id, order_by=(correction.c.ruled_at.desc(), correction.c.id)
        )
        ranked = (
            select(correction, newest.label("rank"))
            .where(correction.c.place == place, correction.c.item_id == item_id, correction.c.exemplar != "")
            .subquery()
        )
        query = select(ranked).where(ranked.c.rank <= EXEMPLARS).order_by(ranked.c.point_id, ranked.c.rank)
        async with self._database.single() as connection:
            return [
                Exemplar(point_id=row.point_id, hit=row.after == "hit", text=row.exemplar)
                for row in await connection.execute(query)
            ]

    async def log(self, place: str, *, limit: int) -> list[Logged]:
        """See the port."""
        query = (
            select(correction, correction_author.c.user_id)
            .outerjoin(correction_author)
            .where(correction.c.place == place)
            .order_by(correction.c.ruled_at.desc(), correction.c.id)
            .limit(limit)
        )
        async with self._database.single() as connection:
            return [
                Logged(
                    at=row.ruled_at,
                    item_id=row.item_id,
                    point_id=row.point_id,
                    before=row.before,
                    after=row.after,
                    by=row.user_id,
                )
                for row in await connection.execute(query)
            ]


async def _add_to_score(connection: AsyncConnection, ruling: Ruling) -> None:
    score = answer.c.score + ruling.gain
    bounded = case((score > 1.0, 1.0), (score < 0.0, 0.0), else_=score)
    await connection.execute(update(answer).where(answer.c.id == ruling.answer_id).values(score=bounded))


async def _learner(connection: AsyncConnection, learner_id: str, place: str) -> UserRef | None:
    """The person as the platform of this place knows them."""
    platform, _, workspace = place.partition(":")
    query = (
        select(identity)
        .where(
            identity.c.learner_id == learner_id,
            identity.c.platform == platform,
            or_(identity.c.workspace == workspace, identity.c.workspace == ""),
        )
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    return UserRef(platform=row.platform, workspace=row.workspace, id=row.user_id) if row else None
