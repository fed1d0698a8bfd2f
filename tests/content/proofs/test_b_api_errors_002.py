"""The loop of B.API.ERRORS-002 skips a page for each page it removes; rereading page 1 does not, but may never end."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.content.proofs.code import code_of


class _Api:
    """A list by page number over what is there now."""

    def __init__(self, rows: int, refused: Iterable[int] = ()) -> None:
        self.ids = list(range(1, rows + 1))
        self.refused = set(refused)
        self.calls = 0

    def list(self, *, page: int, size: int, status: str = "open") -> list[dict[str, int]]:
        self.calls += 1
        return [{"id": one} for one in self.ids[(page - 1) * size : page * size]]

    def delete(self, one: int) -> bool:
        if one in self.refused:
            return False
        self.ids.remove(one)
        return True

    close = delete


@pytest.mark.parametrize(("variant", "rows", "left"), [(None, 1000, 500), (0, 900, 400)])
def test_every_second_page_stays(variant: int | None, rows: int, left: int) -> None:
    api = _Api(rows)
    exec(code_of("B.API.ERRORS-002", variant=variant), {"api": api})
    assert len(api.ids) == left
    size = 100 if variant is None else 200
    assert {(one - 1) // size % 2 for one in api.ids} == {1}  # the second, fourth, ... block of the original list


def test_reading_page_one_again_removes_all() -> None:
    api, names = _Api(1000), dict[str, Any]()
    exec(code_of("B.API.ERRORS-002").replace("page += 1", "page = 1"), names | {"api": api})
    assert api.ids == []


def _clean(api: _Api) -> None:
    while rows := api.list(page=1, size=100):
        if sum(api.delete(row["id"]) for row in rows) == 0:
            return


def test_with_refused_rows_only_a_loop_that_watches_its_progress_ends() -> None:
    api = _Api(1000, refused=range(101, 111))
    _clean(api)
    assert api.ids == list(range(101, 111))
    assert api.list(page=1, size=100)  # "until it is empty" would go on for ever


def test_collected_ids_and_the_way_backwards_remove_all() -> None:
    api = _Api(1000)
    for one in [row["id"] for page in range(1, 11) for row in api.list(page=page, size=100)]:
        api.delete(one)
    assert api.ids == []
    api = _Api(1000)
    for page in range(10, 0, -1):
        for row in api.list(page=page, size=100):
            api.delete(row["id"])
    assert api.ids == []
