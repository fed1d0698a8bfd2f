"""B.DB.QOPT-006: UNION ALL doubles rows that match both halves, <> loses NULLs, IS DISTINCT FROM and UNION are right.

SQLite spells IS DISTINCT FROM as IS NOT.
"""

import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [(None, "message", "body", "sender", "recipient"), (0, "transfer", "cents", "payer", "payee")]
ROWS = [(1, "a", 7, 8), (2, "b", 7, 7), (3, "c", None, 7), (4, "d", 8, 9), (5, "e", 8, 7)]


@pytest.mark.parametrize(("variant", "table", "value", "first", "second"), CASES)
def test_the_halves(variant: int | None, table: str, value: str, first: str, second: str) -> None:
    code = code_of("B.DB.QOPT-006", variant=variant).rstrip().rstrip(";")
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE {table} (id, {value}, {first}, {second})")
    database.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?)", ROWS)

    def ids(query: str) -> list[int]:
        return [row[0] for row in database.execute(query, {"u": 7})]

    before = ids(f"SELECT id FROM {table} WHERE {first} = :u OR {second} = :u ORDER BY id DESC LIMIT 20")
    assert before == [5, 3, 2, 1]
    assert ids(code) == [5, 3, 2, 2, 1]
    half = f"WHERE {second} = :u"
    assert half in code
    assert ids(code.replace(half, f"{half} AND {first} <> :u")) == [5, 2, 1]
    assert ids(code.replace(half, f"{half} AND {first} IS NOT :u")) == before
    assert ids(code.replace("UNION ALL", "UNION")) == before
