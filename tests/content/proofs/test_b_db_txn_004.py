"""B.DB.TXN-004: after one error the transaction refuses the rest, and COMMIT is a rollback; a savepoint saves it.

The stand-in behaves as PostgreSQL 15.18 did in a recorded session (COMMIT answers ROLLBACK and raises nothing).
"""

import pytest

from tests.content.proofs.code import code_of


class DatabaseError(Exception):
    pass


class Database:
    def __init__(self) -> None:
        self.stored: list[int] = []
        self.open: list[int] = []
        self.mark = 0
        self.aborted = False
        self.tag = ""

    def execute(self, statement: str, key: int | None = None) -> None:
        if statement == "COMMIT":
            self.tag = "ROLLBACK" if self.aborted else "COMMIT"
            self.stored += [] if self.aborted else self.open
        elif statement == "ROLLBACK TO s":
            self.aborted = False
            del self.open[self.mark :]
        elif self.aborted:
            raise DatabaseError("current transaction is aborted")
        elif statement == "SAVEPOINT s":
            self.mark = len(self.open)
        elif key is not None:
            if key in self.open:
                self.aborted = True
                raise DatabaseError("duplicate key")
            self.open.append(key)


@pytest.mark.parametrize(("variant", "count", "bad", "lost"), [(None, 10_000, 40, 9_961), (0, 5_000, 200, 4_801)])
def test_nothing_is_stored(variant: int | None, count: int, bad: int, lost: int) -> None:
    keys = list(range(count))
    keys[bad - 1] = 0
    failed: list[int] = []
    db = Database()
    names = {
        "db": db,
        "rows": keys,
        "fees": keys,
        "INSERT": "INSERT",
        "DatabaseError": DatabaseError,
        "skipped": 0,
        "failed": failed,
        "print": lambda *_: None,
        "mail": lambda _: None,
    }
    code = code_of("B.DB.TXN-004", variant=variant)
    exec(code, names)
    assert (names["skipped"] or len(failed)) == lost
    assert db.stored == []
    assert db.tag == "ROLLBACK"

    again = Database()
    again.execute("BEGIN")
    for key in keys:
        again.execute("SAVEPOINT s")
        try:
            again.execute("INSERT", key)
        except DatabaseError:
            again.execute("ROLLBACK TO s")
    again.execute("COMMIT")
    assert len(again.stored) == count - 1
