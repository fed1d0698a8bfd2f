"""B.DB.TXN-007: a commit between the two statements is in the second sum only; one statement sees both alike."""

import re
import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [(None, "ledger", "balance", "cents"), (0, "movement", "stock", "pieces")]


@pytest.mark.parametrize(("variant", "log", "state", "value"), CASES)
def test_two_snapshots(variant: int | None, log: str, state: str, value: str) -> None:
    first, second = re.findall(r"SELECT[^;]*", code_of("B.DB.TXN-007", variant=variant))
    database = sqlite3.connect(":memory:")
    database.executescript(f"CREATE TABLE {log} ({value}); CREATE TABLE {state} ({value})")

    def change() -> None:
        database.executescript(f"BEGIN; INSERT INTO {log} VALUES (5); INSERT INTO {state} VALUES (5); COMMIT")

    change()
    before = database.execute(first).fetchone()
    change()
    assert before < database.execute(second).fetchone()
    one, other = database.execute(f"SELECT ({first}), ({second})").fetchone()
    assert one == other
