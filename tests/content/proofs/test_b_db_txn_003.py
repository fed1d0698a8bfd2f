"""B.DB.TXN-003: two snapshots pass the check, two different rows are written, the rule is broken.

Each session gets a copy of the database as its snapshot; its write goes to the shared one. Recorded on PostgreSQL
15.18 as well: REPEATABLE READ breaks the rule, also with the parent row locked FOR UPDATE by the first statement;
locking the counted rows, updating the parent row, or SERIALIZABLE make one of the two fail with 40001.
"""

import re
import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [
    (None, ("CREATE TABLE owner (team, person)", "INSERT INTO owner VALUES (7, ?)"), ("me", 2, 0)),
    (0, ("CREATE TABLE account (id, customer, cents)", "INSERT INTO account VALUES (?, 7, 50)"), ("mine", 80, -60)),
]


@pytest.mark.parametrize(("variant", "set_up", "case"), CASES)
def test_write_skew(variant: int | None, set_up: tuple[str, str], case: tuple[str, int, int]) -> None:
    code = code_of("B.DB.TXN-003", variant=variant)
    read, write = re.findall(r"^(?:SELECT|DELETE|UPDATE)[^;]*", code, re.MULTILINE)
    table, insert = set_up
    name, enough, left = case
    rows = [1, 2]
    shared = sqlite3.connect(":memory:")
    shared.execute(table)
    shared.executemany(insert, [[row] for row in rows])
    shared.commit()
    snapshots = [sqlite3.connect(":memory:") for _ in rows]
    for snapshot in snapshots:
        shared.backup(snapshot)
    for row, snapshot in zip(rows, snapshots, strict=True):
        assert snapshot.execute(read).fetchone()[0] >= enough  # the check passes
        assert shared.execute(write, {name: row}).rowcount == 1  # and each writes a row of its own
    assert shared.execute(read).fetchone() == (left,)
