"""INSERT … ON CONFLICT DO NOTHING on both databases."""

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_new(connection: AsyncConnection, table: Table, **values: Any) -> bool:
    """Insert a row; False if one with its key or another unique value exists already."""
    if connection.dialect.name == "sqlite":
        inserted = await connection.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
        return inserted.rowcount == 1
    # RETURNING here, because psycopg reports a row count of -1 on a conflict
    key = next(iter(table.primary_key.columns))
    statement = postgresql.insert(table).values(**values).on_conflict_do_nothing().returning(key)
    return (await connection.execute(statement)).first() is not None
