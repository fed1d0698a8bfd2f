"""B.DS.RETRY-006: a stream that was read in part is not sent as a whole by the second try."""

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pytest

from tests.content.proofs.code import code_of


def _function(variant: int | None, pauses: list[int]) -> Callable[..., Any]:
    names: dict[str, Any] = {"sleep": pauses.append}
    exec(code_of("B.DS.RETRY-006", fence=0, variant=variant), names)
    return names["upload" if variant is None else "export"]


@pytest.fixture
def path(tmp_path: Path) -> str:
    file = tmp_path / "ten"
    file.write_bytes(bytes(range(10)))  # a byte stands for a megabyte
    return str(file)


class Store:
    """Breaks off once when a part has been read."""

    def __init__(self, part: int) -> None:
        self.part, self.held = part, b""

    def put(self, _: str, file: IO[bytes]) -> int:
        if self.part:
            file.read(self.part)
            self.part = 0
            raise TimeoutError
        self.held = file.read()
        return len(self.held)


def test_only_the_rest_of_the_file_is_stored_and_that_is_called_success(path: str) -> None:
    store = Store(part=6)
    assert _function(None, [])(store.put, path) == 4
    assert store.held == bytes(range(6, 10))


def test_rewound_it_is_whole(path: str) -> None:
    store = Store(part=6)

    def put(name: str, file: IO[bytes]) -> int:
        file.seek(0)
        return store.put(name, file)

    assert _function(None, [])(put, path) == 10
    assert store.held == bytes(range(10))


def test_when_all_tries_time_out_nothing_is_returned_and_nothing_raised(path: str) -> None:
    def put(*_: Any) -> int:
        raise TimeoutError

    pauses: list[int] = []
    assert _function(None, pauses)(put, path) is None
    assert pauses == [1, 2, 4, 8]  # the last for nothing


def test_a_generator_goes_on_where_it_was_left() -> None:
    stored: list[int] = []
    broken = [True]

    def send(rows: Iterable[int]) -> int:
        if broken:
            broken.clear()
            list(islice(rows, 300))
            raise TimeoutError
        stored.extend(rows)
        return len(stored)

    assert _function(0, [])(send, lambda: range(1000)) == 700
    assert stored == list(range(300, 1000))
