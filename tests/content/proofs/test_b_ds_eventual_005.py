"""B.DS.EVENTUAL-005: a merge that adds counts the same likes again; a maximum per node does not."""

from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = pytest.mark.parametrize(
    ("variant", "name", "add", "a", "b"), [(None, "Likes", "like", 5, 3), (0, "Views", "view", 7, 4)]
)
ADDS, KEEPS = "self.n.get(node, 0) + k", "max(self.n.get(node, 0), k)"


def _two(code: str, name: str, add: str, counts: tuple[int, int]) -> tuple[Any, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    nodes = names[name]("A"), names[name]("B")
    for node, count in zip(nodes, counts, strict=True):
        for _ in range(count):
            getattr(node, add)()
    return nodes


@FORMS
def test_the_own_count_comes_back_and_is_added(variant: int | None, name: str, add: str, a: int, b: int) -> None:
    one, two = _two(code_of("B.DS.EVENTUAL-005", variant=variant), name, add, (a, b))
    two.merge(one)
    one.merge(two)
    assert one.value() == 2 * a + b


@FORMS
def test_a_maximum_may_be_repeated(variant: int | None, name: str, add: str, a: int, b: int) -> None:
    code = code_of("B.DS.EVENTUAL-005", variant=variant)
    assert ADDS in code
    one, two = _two(code.replace(ADDS, KEEPS), name, add, (a, b))
    for _ in range(3):
        two.merge(one)
        one.merge(two)
    assert one.value() == two.value() == a + b
    again, _ = _two(code.replace(ADDS, KEEPS), name, add, (2, 0))  # A after a crash, under its old name
    two.merge(again)
    assert two.value() == a + b  # its two new ones are swallowed
    two.n["B"] -= 1  # counting down is undone by the next exchange
    two.merge(one)
    assert two.value() == a + b
