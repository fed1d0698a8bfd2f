"""B.DB.LOCK-003: row locks taken one by one in different order can form a cycle, in one order they cannot.

Recorded on PostgreSQL 15.18 as well: two such statements with the rows (1, 2) and (2, 1) end in "deadlock detected".
"""

import itertools
import sqlite3

import pytest

from tests.content.proofs.code import code_of


def deadlocks(first: list[int], second: list[int], schedule: tuple[int, ...]) -> bool:
    """Whether both wait for each other, when each locks its rows in order and keeps them until its end."""
    orders, at, held = (first, second), [0, 0], {}
    for turn in [*schedule, *([0, 1] * len(first + second))]:
        if at[turn] == len(orders[turn]):
            held = {row: who for row, who in held.items() if who != turn}  # committed
            continue
        row = orders[turn][at[turn]]
        if held.get(row, turn) == turn:
            held[row] = turn
            at[turn] += 1
    return at != [len(first), len(second)]


@pytest.mark.parametrize("variant", [None, 0])
def test_order_decides(variant: int | None) -> None:
    code = code_of("B.DB.LOCK-003", variant=variant)
    columns = "sku INTEGER PRIMARY KEY, " + ("cents" if variant is None else "n")
    table = "price" if variant is None else "stock"
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE {table} ({columns})")
    statement = code.replace("(...), (...), ...", "(7, 1), (9, 2)")
    for _ in range(2):
        db.execute(statement)  # an upsert of several rows
    assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (2,)
    schedules = list(itertools.product([0, 1], repeat=4))
    assert any(deadlocks([7, 9], [9, 7], schedule) for schedule in schedules)
    assert not any(deadlocks([7, 9], [7, 9], schedule) for schedule in schedules)
    assert not any(deadlocks([3, 7, 9], [7, 8, 9], schedule) for schedule in schedules)
