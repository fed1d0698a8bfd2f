"""Answers to prompts, what the grader saw in them, and the help that was taken."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select, update

from bot.core.model import ThreadRef, UserRef
from bot.core.ports import GivenAnswer
from bot.core.records import Grade
from bot.store.engine import Database
from bot.store.tables import answer, delivery, help_taken, subscription, verdict
from bot.store.upsert import insert_new

_PERSONAL = and_(subscription.c.workspace == bindparam("user_workspace"), subscription.c.user_id == bindparam("user"))
_SHARED = and_(subscription.c.workspace == bindparam("place_workspace"), subscription.c.channel == bindparam("channel"))
_RECENT = (
    select(delivery.c.item_id)
    .join(subscription)
    .where(
        subscription.c.platform == bindparam("platform"),
        or_(_PERSONAL, _SHARED),
        delivery.c.local_date >= bindparam("since"),
    )
)


class SqlPractice:
    """`bot.core.ports.Practice` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save_answer(
        self,
        *,
        inbound_id: str,
        learner_id: str,
        delivery_id: str,
        item_id: str,
        text: str,
        grade: Grade,
        now: datetime,
    ) -> str:
        """See the port."""
        async with self._database.transaction() as connection:
            new = str(uuid.uuid4())
            taken = select(help_taken.c.hints).where(
                help_taken.c.delivery_id == delivery_id, help_taken.c.learner_id == learner_id
            )
            hints = (await connection.execute(taken)).scalar() or 0
            fresh = await insert_new(
                connection,
                answer,
                id=new,
                inbound_key=inbound_id,
                learner_id=learner_id,
                delivery_id=delivery_id,
                item_id=item_id,
                text=text,
                score=grade.score,
                hints=hints,
                created_at=now,
            )
            if not fresh:
                found = select(answer.c.id).where(answer.c.inbound_key == inbound_id)
                return str((await connection.execute(found)).scalar_one())
            if grade.points:
                await connection.execute(
                    verdict.insert(),
                    [
                        {
                            "answer_id": new,
                            "point_id": p.point_id,
                            "verdict": p.verdict,
                            "quote": p.quote,
                            "contested": False,
                        }
                        for p in grade.points
                    ],
                )
            return new

    async def judged(self, *, learner_id: str, delivery_id: str) -> frozenset[str]:
        """See the port."""
        query = (
            select(verdict.c.point_id)
            .join(answer, answer.c.id == verdict.c.answer_id)
            .where(answer.c.learner_id == learner_id, answer.c.delivery_id == delivery_id)
        )
        async with self._database.single() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def contest(
        self,
        *,
        learner_id: str,
        answer_id: str,
        point_id: str,
        place: str = "",
        sentence: str = "",
        now: datetime | None = None,
    ) -> bool:
        """See the port."""
        mine = select(answer.c.id).where(answer.c.id == answer_id, answer.c.learner_id == learner_id)
        async with self._database.transaction() as connection:
            changed = await connection.execute(
                update(verdict)
                .where(verdict.c.answer_id.in_(mine), verdict.c.point_id == point_id, verdict.c.ruled_at.is_(None))
                .values(contested=True, place=place, sentence=sentence, contested_at=now)
                .returning(verdict.c.point_id)
            )
            return changed.first() is not None

    async def answers(self, delivery_id: str) -> list[GivenAnswer]:
        """See the port."""
        query = (
            select(
                answer.c.id,
                answer.c.learner_id,
                answer.c.text,
                answer.c.quotable,
                verdict.c.point_id,
                verdict.c.verdict,
            )
            .join(verdict, verdict.c.answer_id == answer.c.id)
            .where(answer.c.delivery_id == delivery_id)
            .order_by(answer.c.created_at, answer.c.id)
        )
        async with self._database.single() as connection:
            rows = (await connection.execute(query)).all()
        found: dict[str, list[Any]] = {}
        for row in rows:
            found.setdefault(row.id, []).append(row)
        return [
            GivenAnswer(
                learner_id=some[0].learner_id,
                text=some[0].text,
                verdicts={row.point_id: row.verdict for row in some},
                quotable=some[0].quotable,
            )
            for some in found.values()
        ]

    async def allow_quote(self, inbound_id: str) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            await connection.execute(update(answer).where(answer.c.inbound_key == inbound_id).values(quotable=True))

    async def take_hint(self, *, learner_id: str, delivery_id: str, available: int) -> int:
        """See the port."""
        mine = (help_taken.c.delivery_id == delivery_id) & (help_taken.c.learner_id == learner_id)
        async with self._database.transaction() as connection:
            await insert_new(
                connection, help_taken, delivery_id=delivery_id, learner_id=learner_id, hints=0, revealed=False
            )
            taken = int((await connection.execute(select(help_taken.c.hints).where(mine))).scalar_one())
            await connection.execute(update(help_taken).where(mine).values(hints=min(taken + 1, available)))
            return min(taken, available - 1)

    async def recent_items(self, user: UserRef, where: ThreadRef, *, since: date) -> frozenset[str]:
        """See the port."""
        asked = {
            "platform": user.platform,
            "user_workspace": user.workspace,
            "user": user.id,
            "place_workspace": where.workspace,
            "channel": where.channel,
            "since": since,
        }
        async with self._database.single() as connection:
            return frozenset((await connection.execute(_RECENT, asked)).scalars())

    async def reveal(self, *, learner_id: str, delivery_id: str) -> None:
        """See the port."""
        mine = (help_taken.c.delivery_id == delivery_id) & (help_taken.c.learner_id == learner_id)
        async with self._database.transaction() as connection:
            await insert_new(
                connection, help_taken, delivery_id=delivery_id, learner_id=learner_id, hints=0, revealed=True
            )
            await connection.execute(update(help_taken).where(mine).values(revealed=True))

    async def help_taken(self, *, learner_id: str, delivery_id: str) -> tuple[int, bool]:
        """See the port."""
        query = select(help_taken.c.hints, help_taken.c.revealed).where(
            help_taken.c.delivery_id == delivery_id, help_taken.c.learner_id == learner_id
        )
        async with self._database.single() as connection:
            row = (await connection.execute(query)).first()
        return (row.hints, row.revealed) if row else (0, False)
