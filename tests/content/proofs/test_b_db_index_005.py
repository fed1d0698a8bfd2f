"""B.DB.INDEX-005: NULLs never collide, so the rule is broken; the partial index keeps it."""

import sqlite3

import pytest

from tests.content.proofs.code import code_of

CASES = [
    (
        None,
        "INSERT INTO member (email, deleted_at) VALUES ('a@x', ?)",
        "DROP INDEX member_email",
        "CREATE UNIQUE INDEX i ON member (email) WHERE deleted_at IS NULL",
        "DELETE FROM member",
    ),
    (
        0,
        "INSERT INTO rental (locker, email, returned_at) VALUES (7, 'a@x', ?)",
        "DROP INDEX one_rental",
        "CREATE UNIQUE INDEX i ON rental (locker) WHERE returned_at IS NULL",
        "DELETE FROM rental",
    ),
]


@pytest.mark.parametrize(("variant", "insert", "drop", "right", "clear"), CASES)
def test_two_living_rows_pass_until_the_index_is_partial(
    variant: int | None, insert: str, drop: str, right: str, clear: str
) -> None:
    database = sqlite3.connect(":memory:")
    database.executescript(code_of("B.DB.INDEX-005", variant=variant))
    database.execute(insert, [None])
    database.execute(insert, [None])  # the forbidden pair
    database.execute(insert, ["2026-01-01"])
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(insert, ["2026-01-01"])
    database.execute(drop)
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(right)  # the build fails while duplicates exist
    database.execute(clear)
    database.execute(right)
    for time in ("2026-01-01", "2026-01-01", None):
        database.execute(insert, [time])
    with pytest.raises(sqlite3.IntegrityError):
        database.execute(insert, [None])
