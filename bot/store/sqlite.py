"""SQLite for asyncio with one change of thread a statement.

aiosqlite makes four or five (cursor, execute, fetch, close), each of which costs more than the statement itself.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Self

import aiosqlite


class _Cursor:
    """What SQLAlchemy's adapter asks of an aiosqlite cursor; a statement runs, is read and closed at once."""

    arraysize = 1

    def __init__(self, connection: "OneHopConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Any = ()) -> Self:
        return await self._run(lambda connection: connection.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Sequence[Any]) -> Self:
        return await self._run(lambda connection: connection.executemany(sql, parameters))

    async def _run(self, statement: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> Self:
        await self._connection.on_thread(lambda connection: self._read(statement(connection)))
        return self

    def _read(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else []
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []


class OneHopConnection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors are `_Cursor`."""

    def cursor(self) -> Any:
        """A cursor; nothing happens on the thread yet."""
        return _Cursor(self)

    async def on_thread(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Run `work` on the connection's own thread."""
        await self._execute(work, self._conn)  # type: ignore[no-untyped-call]


def connect(dialect: Any, _record: Any, arguments: Sequence[Any], options: dict[str, Any]) -> Any:
    """For SQLAlchemy's `do_connect` event: a connection of ours."""
    return dialect.dbapi.connect(*arguments, async_creator_fn=_open, **options)


async def _open(database: str, **options: Any) -> aiosqlite.Connection:
    connection = OneHopConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does: one that hangs does not keep the process
    return await connection
