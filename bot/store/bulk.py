"""Many rows at once, without SQLAlchemy's work a row: on SQLite that costs several times what the statement does."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, String, any_, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase


def among(column: ColumnElement[str], values: Collection[str], *, sqlite: bool) -> ColumnElement[bool]:
    """`column IN (values)` with one parameter, however many there are."""
    if sqlite:
        listed = func.json_each(json.dumps(list(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(literal(list(values), ARRAY(String)))


async def execute_many(connection: AsyncConnection, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> None:
    """`statement` for each of the rows, all of which name the same parameters, and every column with a default."""
    if connection.dialect.name != "sqlite":
        await connection.execute(statement, rows)
        return
    sql, names, processors = _compiled(statement, tuple(rows[0]), connection.dialect)
    made: dict[tuple[str, Any], Any] = {}

    def made_of(name: str, value: Any, process: Callable[[Any], Any]) -> Any:
        found = made.get((name, value))
        if found is None:
            found = made[name, value] = process(value)
        return found

    parameters = [
        tuple(
            row[name] if process is None or row[name] is None else made_of(name, row[name], process)
            for name, process in zip(names, processors, strict=True)
        )
        for row in rows
    ]
    await connection.exec_driver_sql(sql, parameters)


@cache
def _compiled(
    statement: UpdateBase, keys: tuple[str, ...], dialect: Dialect
) -> tuple[str, list[str], list[Callable[[Any], Any] | None]]:
    """The statement's text, its parameters in order, and how each value is written."""
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(keys))
    names = list(compiled.positiontup)
    return (
        str(compiled),
        names,
        [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names],
    )
