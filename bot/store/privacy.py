"""Everything about one person: given out, forgotten, and dropped when its time is over.

The tables say in `info["privacy"]` how rows belong to a person; nothing here names a table that could be forgotten.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Table, and_, false, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.model import UserRef
from bot.store.engine import Database
from bot.store.tables import answer, identity, metadata, subscription


def _learners(user: UserRef) -> Select[tuple[str]]:
    return select(identity.c.learner_id).where(
        identity.c.platform == user.platform, identity.c.workspace == user.workspace, identity.c.user_id == user.id
    )


def _rows_of(table: Table, learners: list[str], people: list[tuple[str, str, str]]) -> ColumnElement[bool]:
    """The condition for the rows of `table` that belong to these learners and their platform identities."""
    rule = table.info["privacy"]
    if rule == "learner":
        return table.c["learner_id" if "learner_id" in table.c else "id"].in_(learners)
    if rule == "subscription":
        mine = select(subscription.c.id).where(subscription.c.learner_id.in_(learners))
        return table.c.subscription_id.in_(mine)
    if rule == "answer":
        return table.c.answer_id.in_(select(answer.c.id).where(answer.c.learner_id.in_(learners)))
    if rule == "person":
        return or_(
            false(),
            *(
                and_(table.c.platform == platform, table.c.workspace == workspace, table.c.user_id == user_id)
                for platform, workspace, user_id in people
            ),
        )
    return false()


class SqlPrivacy:
    """`bot.core.ports.Privacy` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _who(self, connection: AsyncConnection, user: UserRef) -> tuple[list[str], list[tuple[str, str, str]]]:
        learners = [str(one) for one in (await connection.execute(_learners(user))).scalars()]
        linked = select(identity.c.platform, identity.c.workspace, identity.c.user_id).where(
            identity.c.learner_id.in_(learners)
        )
        people = {(row.platform, row.workspace, row.user_id) for row in await connection.execute(linked)}
        return learners, sorted(people | {(user.platform, user.workspace, user.id)})

    async def export(self, user: UserRef) -> dict[str, list[dict[str, Any]]]:
        """See the port."""
        found: dict[str, list[dict[str, Any]]] = {}
        async with self._database.single() as connection:
            learners, people = await self._who(connection, user)
            for table in metadata.sorted_tables:
                rows = await connection.execute(select(table).where(_rows_of(table, learners, people)))
                if listed := [dict(row._mapping) for row in rows]:  # noqa: SLF001 - the documented way
                    found[table.name] = listed
        return found

    async def forget(self, user: UserRef) -> int:
        """See the port."""
        async with self._database.transaction() as connection:
            learners, people = await self._who(connection, user)
            count = 0
            for table in reversed(metadata.sorted_tables):
                gone = await connection.execute(
                    table.delete().where(_rows_of(table, learners, people)).returning(next(iter(table.primary_key)))
                )
                count += len(gone.all())
        await self._erase_traces()
        return count

    async def _erase_traces(self) -> None:
        if self._database.sqlite:  # the write-ahead log still holds the deleted pages
            async with self._database.single() as connection:
                await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))

    async def purge(self, now: datetime) -> int:
        """See the port."""
        count = 0
        async with self._database.transaction() as connection:
            for table in metadata.sorted_tables:
                if table.info["keep_days"] is None:
                    continue
                since = table.c[table.info["since"]]
                limit = now - timedelta(days=table.info["keep_days"])
                over = since <= limit.date() if isinstance(since.type, Date) else since < limit
                gone = await connection.execute(table.delete().where(over).returning(next(iter(table.primary_key))))
                count += len(gone.all())
        await self._erase_traces()
        return count
