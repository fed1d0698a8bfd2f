"""B.DB.TXN-005: the retry writes the stale value, and three failures look like a success."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from tests.content.proofs.code import code_of


class SerializationFailure(Exception):
    pass


class Database:
    """Two calls run at once: the other one commits after our read, and our first attempts fail."""

    def __init__(self, start: int, other: int, failures: int) -> None:
        self.left, self.given, self.other, self.failures = start, 0, other, failures

    def balance(self, _: str) -> int:
        return self.left

    free = balance

    @contextmanager
    def serializable(self) -> Iterator[None]:
        before = (self.left, self.given)
        yield
        if self.failures:
            self.failures -= 1
            self.left, self.given = before
            if self.other:
                self.left, self.given, self.other = self.left - self.other, self.given + self.other, 0
            raise SerializationFailure

    def set(self, _: str, value: int) -> None:
        self.left = value

    def add(self, _: str, value: int) -> None:
        self.given += value


@pytest.mark.parametrize(("variant", "name", "start", "part"), [(None, "transfer", 100, 60), (0, "reserve", 50, 30)])
def test_the_retry_is_blind(variant: int | None, name: str, start: int, part: int) -> None:
    code = code_of("B.DB.TXN-005", variant=variant)
    names: dict[str, object] = {"SerializationFailure": SerializationFailure, "TooLittle": OverflowError}
    names["SoldOut"] = OverflowError
    exec(code, names)
    call = SimpleNamespace(run=names[name]).run
    db = Database(start, part, failures=1)
    call(db, "a", "b", part)
    assert (db.left, db.given) == (start - part, 2 * part)  # more went out than there was

    silent = Database(start, 0, failures=3)
    assert call(silent, "a", "b", part) is None
    assert (silent.left, silent.given) == (start, 0)

    header, rest = code.split("\n", 1)
    read, check, loop = rest.split("\n", 2)
    block = "      with db.serializable():\n"
    assert block in loop
    inside = "".join("      " + line + "\n" for line in (read, check))
    exec(header + "\n" + loop.replace(block, block + inside), names)
    with pytest.raises(OverflowError):
        SimpleNamespace(run=names[name]).run(Database(start, part, failures=1), "a", "b", part)
