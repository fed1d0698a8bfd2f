"""INSERT … ON CONFLICT DO NOTHING on both databases."""

from functools import cache
from typing import Any

from sqlalchemy import Insert, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


async def insert_new(connection: AsyncConnection, table: Table, **values: Any) -> bool:
    """Insert a row; False if one with its key or another unique value exists already."""
    statement = _statement(table, connection.dialect.name, tuple(values))
    inserted = await connection.execute(statement, {f"new_{name}": value for name, value in values.items()})
    return inserted.rowcount == 1 if connection.dialect.name == "sqlite" else inserted.first() is not None


@cache
def _statement(table: Table, dialect: str, columns: tuple[str, ...]) -> Insert:
    values = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns}
    if dialect == "sqlite":
        return sqlite.insert(table).values(**values).on_conflict_do_nothing()
    # RETURNING here, because psycopg reports a row count of -1 on a conflict
    key = next(iter(table.primary_key.columns))
    returning: Insert = postgresql.insert(table).values(**values).on_conflict_do_nothing().returning(key)
    return returning
