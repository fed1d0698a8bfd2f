"""B.DS.QUEUE-006: a committed offset says that everything below it is done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = pytest.mark.parametrize(
    ("variant", "name", "first", "last"), [(None, "run", 100, 107), (0, "index_all", 500, 519)]
)


class Done:
    """A future that ends when the test says so."""

    def __init__(self) -> None:
        self.callbacks: list[Callable[[Any], None]] = []

    def add_done_callback(self, function: Callable[[Any], None]) -> None:
        self.callbacks.append(function)

    def end(self) -> None:
        for function in self.callbacks:
            function(self)


class Pool:
    def __init__(self) -> None:
        self.futures: list[Done] = []

    def submit(self, *_: Any) -> Done:
        self.futures.append(Done())
        return self.futures[-1]


class Log:
    def __init__(self, first: int, last: int) -> None:
        self.offsets, self.position = range(first, last + 1), first

    def __iter__(self) -> Any:
        return (SimpleNamespace(offset=number, pos=number) for number in self.offsets)

    def commit(self, offset: int) -> None:
        self.position = offset

    save = commit


def _started(variant: int | None, name: str, first: int, last: int) -> tuple[Log, Pool]:
    names: dict[str, Any] = {"handle": None}
    exec(code_of("B.DS.QUEUE-006", fence=0, variant=variant), names)
    log, pool = Log(first, last), Pool()
    names[name](log, pool)
    return log, pool


@FORMS
def test_one_late_offset_that_ends_first_skips_the_others(
    variant: int | None, name: str, first: int, last: int
) -> None:
    log, pool = _started(variant, name, first, last)
    pool.futures[-1].end()
    assert log.position == last + 1  # a restart begins here; all before it are lost


@FORMS
def test_the_first_one_ending_last_moves_the_position_back(
    variant: int | None, name: str, first: int, last: int
) -> None:
    log, pool = _started(variant, name, first, last)
    for future in reversed(pool.futures):
        future.end()
    assert log.position == first + 1


def test_a_handler_that_raises_is_committed_too() -> None:
    def handle(_: Any) -> None:
        raise ValueError

    names: dict[str, Any] = {"handle": handle}
    exec(code_of("B.DS.QUEUE-006", fence=0), names)
    log = Log(100, 100)
    with ThreadPoolExecutor(1) as pool:
        names["run"](log, pool)
    assert log.position == 101
