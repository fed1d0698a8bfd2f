"""A.GOOD.SQL-001: two one-to-many joins multiply each other."""

import sqlite3
from typing import Any

import pytest

from tests.content.proofs.code import code_of

CASES = [({}, [100, 50, 30], 2), ({"variant": 0}, [40, 40, 20], 3)]


def _shop(totals: list[int], tickets: int) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(
        "CREATE TABLE customers (id); CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id, total);"
        "CREATE TABLE tickets (id INTEGER PRIMARY KEY, customer_id); INSERT INTO customers VALUES (1), (2);"
    )
    db.executemany("INSERT INTO orders (customer_id, total) VALUES (1, ?)", [(total,) for total in totals])
    db.executemany("INSERT INTO tickets (customer_id) VALUES (?)", [(1,)] * tickets)
    return db


@pytest.mark.parametrize(("which", "totals", "tickets"), CASES)
def test_revenue_and_tickets_are_multiplied(which: dict[str, Any], totals: list[int], tickets: int) -> None:
    row = _shop(totals, tickets).execute(code_of("A.GOOD.SQL-001", **which)).fetchall()[0]
    assert row == (1, sum(totals) * tickets, len(totals) * tickets)
    assert row[1:] == {2: (360, 6), 3: (300, 9)}[tickets]


@pytest.mark.parametrize(("which", "totals", "tickets"), CASES)
def test_distinct_counts_equal_totals_once(which: dict[str, Any], totals: list[int], tickets: int) -> None:
    query = code_of("A.GOOD.SQL-001", **which).replace("SUM(", "SUM(DISTINCT ").replace("COUNT(", "COUNT(DISTINCT ")
    row = _shop(totals, tickets).execute(query).fetchall()[0]
    assert row == (1, {2: 180, 3: 60}[tickets], tickets)


@pytest.mark.parametrize(("which", "totals", "tickets"), CASES)
def test_aggregating_before_the_join_is_right(which: dict[str, Any], totals: list[int], tickets: int) -> None:
    query = (
        "SELECT c.id, COALESCE(o.revenue, 0), COALESCE(t.tickets, 0) FROM customers c "
        "LEFT JOIN (SELECT customer_id, SUM(total) AS revenue FROM orders GROUP BY customer_id) o "
        "ON o.customer_id = c.id "
        "LEFT JOIN (SELECT customer_id, COUNT(*) AS tickets FROM tickets GROUP BY customer_id) t "
        "ON t.customer_id = c.id ORDER BY c.id"
    )
    assert _shop(totals, tickets).execute(query).fetchall() == [(1, sum(totals), tickets), (2, 0, 0)]
