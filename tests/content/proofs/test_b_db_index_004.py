"""B.DB.INDEX-004: the index that is a prefix serves nothing that the longer one does not; the others are needed."""

import re
import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [
    (None, (2, 3, "customer_id = 5"), (5, "created_at BETWEEN 7 AND 8")),
    (0, (3, 4, "device_id = 5"), (2, "page_id = 7")),
]


def _plan(database: sqlite3.Connection, condition: str) -> str:
    return str(database.execute(f"EXPLAIN QUERY PLAN SELECT note FROM t WHERE {condition}").fetchall())


@pytest.mark.parametrize(("variant", "prefix", "needed"), CASES)
def test_the_prefix_goes_and_the_other_stays(
    variant: int | None, prefix: tuple[int, int, str], needed: tuple[int, str]
) -> None:
    drop, longer, lookup = prefix
    other, search = needed
    code = code_of("B.DB.INDEX-004", variant=variant)
    listed = re.findall(r"^(\d)  (PRIMARY KEY|UNIQUE)? ?\((.*)\)$", code, re.MULTILINE)
    assert len(listed) == 5
    columns = dict.fromkeys(", ".join(row[2] for row in listed).split(", "))
    database = sqlite3.connect(":memory:", cached_statements=0)  # else an old plan is shown
    database.execute(f"CREATE TABLE t ({', '.join(columns)}, note)")
    for number, kind, on in listed:
        database.execute(f"CREATE {'UNIQUE ' if kind else ''}INDEX i{number} ON t ({on})")
    database.execute(f"DROP INDEX i{drop}")
    assert f"SEARCH t USING INDEX i{longer}" in _plan(database, lookup)
    assert f"SEARCH t USING INDEX i{other}" in _plan(database, search)
    database.execute(f"DROP INDEX i{other}")
    assert "SEARCH" not in _plan(database, search)
