"""D.HIRE.DFSBFS-001: a diamond is taken for a loop; three colours tell them apart."""

import sys
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest

from tests.content.proofs.code import code_of

DIAMONDS = {
    None: {"A": ["B", "C"], "B": ["D"], "C": ["D"], "D": []},
    0: {"app": ["auth", "db"], "auth": ["log"], "db": ["log"], "log": []},
}
LOOP = {"A": ["B"], "B": ["C"], "C": ["A"]}


def _has_cycle(variant: int | None = None) -> Any:
    scope: dict[str, Any] = {}
    exec(code_of("D.HIRE.DFSBFS-001", variant=variant), scope)
    return scope["has_cycle"]


def _three_colours(graph: Mapping[str, Sequence[str]]) -> bool:
    path: set[str] = set()
    done: set[str] = set()

    def visit(node: str) -> bool:
        if node in path:
            return True
        if node in done:
            return False
        path.add(node)
        found = any(visit(below) for below in graph[node])
        path.remove(node)
        done.add(node)
        return found

    return any(visit(node) for node in graph)


@pytest.mark.parametrize("variant", DIAMONDS)
def test_a_diamond_is_refused_although_it_has_no_loop(variant: int | None) -> None:
    graph = DIAMONDS[variant]
    assert _has_cycle(variant)(graph) is True
    assert len(list(TopologicalSorter(graph).static_order())) == 4  # Kahn's way finds an order
    assert _three_colours(graph) is False


def test_a_real_loop_is_found_by_all() -> None:
    assert _has_cycle()(LOOP) is True
    assert _three_colours(LOOP) is True
    with pytest.raises(CycleError):
        TopologicalSorter(LOOP).prepare()


def test_a_chain_of_5000_jobs_exceeds_the_recursion_limit() -> None:
    chain = {number: [number + 1] for number in range(5000)} | {5000: []}
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    try:
        with pytest.raises(RecursionError):
            _has_cycle()(chain)
    finally:
        sys.setrecursionlimit(limit)
    assert len(list(TopologicalSorter(chain).static_order())) == 5001
