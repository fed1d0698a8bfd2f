"""B.DB.QOPT-004: the count and EXISTS decide alike; the bounded count stops at 100."""

import re
import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [
    (None, "CREATE TABLE message (user_id, unread)", "INSERT INTO message VALUES (?, 1)", "u"),
    (0, "CREATE TABLE orders (supplier_id)", "INSERT INTO orders VALUES (?)", "s"),
]


@pytest.mark.parametrize(("variant", "table", "insert", "name"), CASES)
def test_exists_answers_the_same_question(variant: int | None, table: str, insert: str, name: str) -> None:
    match = re.search(r"SELECT count\(\*\) (FROM [^;]*);", code_of("B.DB.QOPT-004", variant=variant))
    assert match
    database = sqlite3.connect(":memory:")
    database.execute(table)
    database.executemany(insert, [[1]] * 3 + [[2]] * 400)
    bounded = f"SELECT count(*) FROM (SELECT 1 {match[1]} LIMIT 100) t"
    for key, number in {1: 3, 2: 400, 3: 0}.items():
        values = {name: key}
        assert database.execute(match[0], values).fetchone() == (number,)
        assert database.execute(f"SELECT EXISTS (SELECT 1 {match[1]})", values).fetchone() == (number > 0,)
        assert database.execute(bounded, values).fetchone() == (min(number, 100),)
