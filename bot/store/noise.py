"""Who has had their one message of a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.core.model import ThreadRef, UserRef
from bot.core.noise import Unsolicited
from bot.store.engine import Database
from bot.store.subscriptions import columns_of
from bot.store.tables import unsolicited

_AT_ONCE = 1000
_WHO = (unsolicited.c.platform, unsolicited.c.workspace, unsolicited.c.channel, unsolicited.c.user_id)


class SqlNoise:
    """`bot.core.noise.Noise` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        put = (sqlite.insert if database.sqlite else postgresql.insert)(unsolicited)
        # the key that stands there is given back, whosever it is
        self._insert = put.on_conflict_do_update(
            index_elements=list(unsolicited.primary_key), set_={"key": unsolicited.c.key}
        ).returning(unsolicited)

    async def take(self, target: UserRef | ThreadRef, day: date, key: str) -> bool:
        """See the port."""
        (taken,) = await self.take_all([Unsolicited(target=target, day=day, key=key)])
        return taken

    async def take_all(self, wanted: Sequence[Unsolicited]) -> list[bool]:
        """See the port."""
        taken: list[bool] = []
        for start in range(0, len(wanted), _AT_ONCE):
            taken += await self._take(wanted[start : start + _AT_ONCE])
        return taken

    async def used(self, target: UserRef | ThreadRef, key: str) -> date | None:
        """See the port."""
        query = select(func.min(unsolicited.c.day)).filter_by(**columns_of(target), key=key)
        async with self._database.single() as connection:
            found: date | None = (await connection.execute(query)).scalar()
        return found

    async def _take(self, wanted: Sequence[Unsolicited]) -> list[bool]:
        rows = [{**columns_of(one.target), "day": one.day, "key": one.key} for one in wanted]
        # in one order everywhere, so that two replicas do not wait for one another
        ordered = sorted({_place(row): row for row in reversed(rows)}.items())
        async with self._database.transaction() as connection:
            stored = await connection.execute(self._insert, [row for _, row in ordered])
            held = {_place(row._mapping): row.key for row in stored}  # noqa: SLF001 - the documented way
        return [held[_place(row)] == row["key"] for row in rows]


def _place(row: Any) -> tuple[Any, ...]:
    return (*(row[column.name] for column in _WHO), row["day"])
