"""D.HIRE.GRAPH-001: one cost per node is not enough when the legs are limited."""

import math
from heapq import heappop, heappush
from typing import Any

import pytest

from tests.content.proofs.code import code_of

Graph = dict[str, dict[str, int]]
REGIONS: Graph = {"A": {"B": 1, "C": 5}, "B": {"C": 1}, "C": {"E": 1}, "E": {"D": 1}, "D": {}}
BANKS: Graph = {"P": {"Q": 2, "R": 8}, "Q": {"R": 1}, "R": {"S": 2}, "S": {"T": 1}, "T": {}}


def _function(variant: int | None) -> Any:
    scope: dict[str, Any] = {"heappop": heappop, "heappush": heappush}
    exec(code_of("D.HIRE.GRAPH-001", variant=variant), scope)
    return scope["cheapest" if variant is None else "fee"]


def _fewer_legs(graph: Graph, start: str, goal: str, legs: int) -> int | None:
    fewest: dict[str, int] = {}
    heap = [(0, 0, start)]
    while heap:
        cost, used, node = heappop(heap)
        if node == goal:
            return cost
        if used == legs or used >= fewest.get(node, legs):
            continue
        fewest[node] = used
        for other, price in graph[node].items():
            heappush(heap, (cost + price, used + 1, other))
    return None


def _bellman_ford(graph: Graph, start: str, goal: str, legs: int) -> tuple[float, int]:
    best = dict.fromkeys(graph, math.inf) | {start: 0}
    relaxed = 0
    for _ in range(legs):
        before = dict(best)
        for node, links in graph.items():
            for other, price in links.items():
                best[other] = min(best[other], before[node] + price)
                relaxed += 1
    return best[goal], relaxed


@pytest.mark.parametrize(
    ("variant", "graph", "ends", "cost"), [(None, REGIONS, ("A", "D"), 7), (0, BANKS, ("P", "T"), 11)]
)
def test_the_cheap_arrival_closes_the_node_and_the_route_is_missed(
    variant: int | None, graph: Graph, ends: tuple[str, str], cost: int
) -> None:
    assert _function(variant)(graph, *ends, 3) is None
    assert _fewer_legs(graph, *ends, 3) == cost
    assert _bellman_ford(graph, *ends, 3) == (cost, 3 * 5)
    assert _function(variant)(graph, *ends, 4) == cost - (3 if variant is None else 5)


def test_a_credit_breaks_the_early_return_but_not_the_rounds() -> None:
    graph: Graph = {"A": {"D": 1, "B": 2}, "B": {"D": -2}, "D": {}}
    assert _function(None)(graph, "A", "D", 3) == 1
    assert _fewer_legs(graph, "A", "D", 3) == 1
    assert _bellman_ford(graph, "A", "D", 3)[0] == 0
    assert _bellman_ford({"A": {"B": -2}, "B": {"A": 1, "D": 1}, "D": {}}, "A", "D", 4)[0] == -2
