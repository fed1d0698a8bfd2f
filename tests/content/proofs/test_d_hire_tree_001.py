"""D.HIRE.TREE-001: the calls of size() are the sum of the levels."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of


@dataclass
class Folder:
    """Stands for a folder and, under the names of the variant, for a cost centre."""

    own: int = 1
    children: list["Folder"] = field(default_factory=list)
    path: str = "/"

    @property
    def spent(self) -> int:
        return self.own

    @property
    def parts(self) -> list["Folder"]:
        return self.children

    @property
    def name(self) -> str:
        return self.path


def _levels(folder: Folder, level: int = 1) -> Iterator[int]:
    yield level
    for child in folder.children:
        yield from _levels(child, level + 1)


def _chain(length: int) -> Folder:
    top = Folder()
    for _ in range(length - 1):
        top = Folder(children=[top])
    return top


def _calls(root: Folder, variant: int | None) -> tuple[int, list[int]]:
    """How often the measuring function ran, and what was printed."""
    measure, report = ("size", "report") if variant is None else ("total", "table")
    printed: list[int] = []
    scope: dict[str, Any] = {"print": lambda _path, size: printed.append(size)}
    exec(code_of("D.HIRE.TREE-001", variant=variant), scope)
    inner, count = scope[measure], SimpleNamespace(calls=0)

    def counted(folder: Folder) -> Any:
        count.calls += 1
        return inner(folder)

    scope[measure] = counted
    scope[report](root)
    return count.calls, printed


@pytest.mark.parametrize("variant", [None, 0])
def test_the_calls_are_the_sum_of_the_levels_and_a_chain_is_worst(variant: int | None) -> None:
    bushy = Folder(children=[Folder(children=[Folder(), Folder()]), Folder()])
    assert _calls(bushy, variant) == (sum(_levels(bushy)), [5, 3, 1, 1, 1])
    assert _calls(_chain(60), variant)[0] == 60 * 61 // 2


def test_a_walk_with_a_stack_measures_each_folder_once_at_any_depth() -> None:
    root = _chain(5000)
    order: list[tuple[Folder, Folder | None]] = [(root, None)]
    for folder, _ in order:
        order.extend((child, folder) for child in folder.children)
    sizes = {id(folder): folder.own for folder, _ in order}
    for folder, parent in reversed(order):
        if parent:
            sizes[id(parent)] += sizes[id(folder)]
    assert sizes[id(root)] == len(order) == 5000
    with pytest.raises(RecursionError):
        _calls(root, None)
