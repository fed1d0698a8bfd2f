"""Questions without an answer, the owners of topics, and the cases that came of them."""

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Row, delete, insert, or_, select, update

from bot.core.memory import EvaluationCase, Gap
from bot.core.model import ThreadRef, UserRef
from bot.store.engine import Database
from bot.store.tables import evaluation_case, gap, topic_owner
from bot.store.upsert import insert_new

_MOST = 500


def _gap(row: Row[Any]) -> Gap:
    return Gap(
        id=row.id,
        where=ThreadRef(
            platform=row.platform, workspace=row.place_workspace, channel=row.channel, thread=row.thread or None
        ),
        user=UserRef(platform=row.platform, workspace=row.workspace, id=row.user_id),
        direct=row.direct,
        question=row.question,
        reason=row.reason,
        asked_at=row.asked_at,
        vector=row.vector,
        sent_at=row.sent_at,
    )


class SqlGaps:
    """`bot.core.memory.Gaps` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, one: Gap) -> None:
        """See the port."""
        async with self._database.single() as connection:
            await insert_new(
                connection,
                gap,
                id=one.id,
                platform=one.where.platform,
                place_workspace=one.where.workspace,
                channel=one.where.channel,
                thread=one.where.thread or "",
                workspace=one.user.workspace,
                user_id=one.user.id,
                direct=one.direct,
                question=one.question,
                vector=one.vector,
                reason=one.reason,
                status="open",
                asked_at=one.asked_at,
                sent_at=None,
            )

    async def open(self, platform: str, workspace: str) -> list[Gap]:
        """See the port."""
        query = (
            select(gap)
            .filter_by(platform=platform, place_workspace=workspace, status="open")
            .order_by(gap.c.asked_at, gap.c.id)
            .limit(_MOST)
        )
        async with self._database.single() as connection:
            return [_gap(row) for row in await connection.execute(query)]

    async def close(
        self, platform: str, workspace: str, ids: Collection[str], status: Literal["answered", "dismissed"]
    ) -> list[Gap]:
        """See the port."""
        change = (
            update(gap)
            .filter_by(platform=platform, place_workspace=workspace, status="open")
            .where(gap.c.id.in_(ids))
            .values(status=status)
            .returning(gap)
        )
        async with self._database.transaction() as connection:
            return [_gap(row) for row in (await connection.execute(change)).all()]

    async def claim(
        self,
        platform: str,
        workspace: str,
        ids: Collection[str],
        *,
        now: datetime,
        every: timedelta,
        owner: UserRef | None = None,
    ) -> list[Gap]:
        """See the port."""
        here = {"platform": platform, "place_workspace": workspace}
        change = (
            update(gap)
            .filter_by(**here, status="open")
            .where(gap.c.id.in_(ids), or_(gap.c.sent_at.is_(None), gap.c.sent_at <= now - every))
            .values(sent_at=now)
            .returning(gap)
        )
        async with self._database.transaction() as connection:
            if owner is not None:
                mine = {**here, "workspace": owner.workspace, "user_id": owner.id}
                turns = select(topic_owner.c.sent_at).filter_by(**mine).with_for_update()
                if any(at and at > now - every for at in (await connection.execute(turns)).scalars()):
                    return []
                await connection.execute(update(topic_owner).filter_by(**mine).values(sent_at=now))
            rows = (await connection.execute(change)).all()
        return sorted(map(_gap, rows), key=lambda one: (one.asked_at, one.id))

    async def owners(self, platform: str, workspace: str) -> dict[str, UserRef]:
        """See the port."""
        query = (
            select(topic_owner).filter_by(platform=platform, place_workspace=workspace).order_by(topic_owner.c.topic)
        )
        async with self._database.single() as connection:
            return {
                row.topic: UserRef(platform=row.platform, workspace=row.workspace, id=row.user_id)
                for row in await connection.execute(query)
            }

    async def own(self, platform: str, workspace: str, topic: str, user: UserRef | None) -> None:
        """See the port."""
        key = {"platform": platform, "place_workspace": workspace, "topic": topic}
        async with self._database.transaction() as connection:
            await connection.execute(delete(topic_owner).filter_by(**key))
            if user is not None:
                await connection.execute(insert(topic_owner).values(**key, workspace=user.workspace, user_id=user.id))

    async def workspaces(self) -> list[tuple[str, str]]:
        """See the port."""
        query = select(gap.c.platform, gap.c.place_workspace).where(gap.c.status == "open").distinct()
        async with self._database.single() as connection:
            return sorted((row.platform, row.place_workspace) for row in await connection.execute(query))

    async def add_case(self, workspace: str, case: EvaluationCase, *, now: datetime) -> None:
        """See the port."""
        async with self._database.single() as connection:
            await connection.execute(
                insert(evaluation_case).values(
                    id=str(uuid.uuid4()),
                    workspace=workspace,
                    question=case.question,
                    section=case.section[:300],
                    quote=case.quote,
                    added_at=now,
                )
            )

    async def cases(self, workspace: str) -> list[EvaluationCase]:
        """See the port."""
        query = (
            select(evaluation_case)
            .where(evaluation_case.c.workspace == workspace)
            .order_by(evaluation_case.c.added_at, evaluation_case.c.id)
        )
        async with self._database.single() as connection:
            return [
                EvaluationCase(question=row.question, section=row.section, quote=row.quote)
                for row in await connection.execute(query)
            ]
