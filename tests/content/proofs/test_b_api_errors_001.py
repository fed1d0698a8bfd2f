"""The feed of B.API.ERRORS-001 loses the ties of a page's last row, takes SQL from its cursor and has no bound."""

import sqlite3
from typing import Any

import pytest

from tests.content.proofs.code import code_of

OLDER = 30
FORMS = [(None, 120, 50), (0, 250, 100)]


def _page(variant: int | None) -> Any:
    names: dict[str, Any] = {}
    exec(code_of("B.API.ERRORS-001", variant=variant), names)
    return names["page"]


def _posts(imported: int) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE posts (id INTEGER PRIMARY KEY, created_at TEXT)")
    older = [(f"2026-01-{day:02}T00:00:00",) for day in range(1, OLDER + 1)]
    db.executemany("INSERT INTO posts (created_at) VALUES (?)", older + [("2026-06-01T00:00:00",)] * imported)
    return db


@pytest.mark.parametrize(("variant", "imported", "size"), FORMS)
def test_all_of_the_import_but_one_page_is_lost(variant: int | None, imported: int, size: int) -> None:
    db, page, seen, cursor = _posts(imported), _page(variant), set(), None
    while True:
        rows, cursor = page(db, cursor)
        seen |= {row[0] for row in rows}
        if cursor is None:
            break
    assert len({row for row in seen if row > OLDER}) == size
    assert OLDER + imported - len(seen) == imported - size


def test_less_or_equal_serves_the_same_page_for_ever() -> None:
    names: dict[str, Any] = {}
    exec(code_of("B.API.ERRORS-001").replace("created_at < ", "created_at <= "), names)
    db = _posts(120)
    second, cursor = names["page"](db, names["page"](db)[1])
    assert names["page"](db, cursor) == (second, cursor)


@pytest.mark.parametrize(("variant", "imported", "size"), FORMS)
def test_the_pair_as_cursor_shows_every_post_once(variant: int | None, imported: int, size: int) -> None:
    db = _posts(imported)
    seen: list[int] = []
    last = ("9999", 0)
    while rows := db.execute(
        "SELECT id, created_at FROM posts WHERE (created_at, id) < (:t, :id)"
        " ORDER BY created_at DESC, id DESC LIMIT :size",
        {"t": last[0], "id": last[1], "size": size},
    ).fetchall():
        seen += [row[0] for row in rows]
        last = (rows[-1][1], rows[-1][0])
    assert sorted(seen) == list(range(1, OLDER + imported + 1))


@pytest.mark.parametrize(("variant", "imported"), [(None, 120), (0, 250)])
def test_a_quote_in_the_cursor_is_sql_and_the_size_has_no_bound(variant: int | None, imported: int) -> None:
    db, page = _posts(imported), _page(variant)
    db.execute("CREATE TABLE secrets (word TEXT)")
    db.execute("INSERT INTO secrets VALUES ('stolen')")
    rows, _ = page(db, "' UNION SELECT word, '2026' AS created_at FROM secrets WHERE '' = '")
    assert ("stolen", "2026") in rows
    assert len(page(db, size=10_000_000)[0]) == OLDER + imported
