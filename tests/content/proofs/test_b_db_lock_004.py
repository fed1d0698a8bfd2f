"""B.DB.LOCK-004: both searches find nothing, so there is nothing to lock, and both inserts succeed.

Recorded on PostgreSQL 15.18 as well, with two sessions: both SELECT ... FOR UPDATE return at once, two rows are left.
"""

import re
import sqlite3

import pytest

from tests.content.proofs.code import code_of


@pytest.mark.parametrize(("variant", "table", "name"), [(None, "booking", "me"), (0, "duty", "s")])
def test_no_row_no_lock(variant: int | None, table: str, name: str) -> None:
    code = code_of("B.DB.LOCK-004", variant=variant)
    read, write = re.findall(r"^(?:SELECT|INSERT)[^;]*", code, re.MULTILINE)
    assert read.endswith(" FOR UPDATE")
    read = read.removesuffix(" FOR UPDATE")  # all that SQLite does not know
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, room, day, {'who' if variant is None else 'surgeon'})")
    assert [db.execute(read).fetchall() for _ in range(2)] == [[], []]  # both look before one writes
    for person in ("a", "b"):
        db.execute(write, {name: person})
    assert len(db.execute(read).fetchall()) == 2
    db.execute(f"DELETE FROM {table}")
    db.execute(f"CREATE UNIQUE INDEX one ON {table} (room, day)")
    db.execute(write, {name: "a"})
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(write, {name: "b"})
