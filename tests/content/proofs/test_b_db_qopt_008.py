"""B.DB.QOPT-008: one lookup per device gives what GROUP BY gives (SQLite has no LATERAL: a correlated subquery)."""

import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [(None, "readings", "device_id"), (0, "prices", "share_id")]


@pytest.mark.parametrize(("variant", "table", "key"), CASES)
def test_one_lookup_per_group(variant: int | None, table: str, key: str) -> None:
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE {table} ({key}, at)")
    database.execute(f"CREATE INDEX i ON {table} ({key}, at)")
    database.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(n % 5, n) for n in range(1000)])
    database.execute("CREATE TABLE parent AS SELECT value AS id FROM json_each('[0, 1, 2, 3, 4]')")
    last = f"SELECT at FROM {table} r WHERE r.{key} = p.id ORDER BY at DESC LIMIT 1"
    jump = f"SELECT p.id, ({last}) FROM parent p ORDER BY 1"
    grouped = code_of("B.DB.QOPT-008", variant=variant)
    assert database.execute(jump).fetchall() == sorted(database.execute(grouped).fetchall())
    assert "SEARCH r USING COVERING INDEX i" in str(database.execute("EXPLAIN QUERY PLAN " + jump).fetchall())
    assert "SCAN" in str(database.execute("EXPLAIN QUERY PLAN " + grouped).fetchall())
