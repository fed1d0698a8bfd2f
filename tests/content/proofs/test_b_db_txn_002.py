"""B.DB.TXN-002: two interleaved clients lose an update; the relative UPDATE does not, and stops at zero."""

import re
import sqlite3

import pytest

from tests.content.proofs.code import code_of

FIXED = {
    None: "UPDATE stock SET left_over = left_over - 1 WHERE id = 5 AND left_over > 0",
    0: "UPDATE voucher SET uses = uses - 1 WHERE code = 'MAY' AND uses > 0",
}
SET_UP = {
    None: "CREATE TABLE stock (id, left_over); INSERT INTO stock VALUES (5, 2)",
    0: "CREATE TABLE voucher (code, uses); INSERT INTO voucher VALUES ('MAY', 2)",
}


@pytest.mark.parametrize("variant", [None, 0])
def test_the_later_write_overwrites_the_earlier(variant: int | None) -> None:
    code = code_of("B.DB.TXN-002", fence=0, variant=variant)
    select, update = re.findall(r"(?:SELECT|UPDATE)[^;]*", code)[:2]
    database = sqlite3.connect(":memory:")
    database.executescript(SET_UP[variant])
    read = [database.execute(select).fetchone()[0] for _ in range(2)]
    for value in read:
        database.execute(update, {"n": value - 1})
    assert database.execute(select).fetchone() == (1,)
    assert [database.execute(FIXED[variant]).rowcount for _ in range(2)] == [1, 0]
    assert database.execute(select).fetchone() == (0,)
