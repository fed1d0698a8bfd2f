"""D.HIRE.GRAPH-004: two parallel links are reported as a bridge, and a second island is never walked."""

from collections import defaultdict
from typing import Any

import pytest

from tests.content.proofs.code import code_of

Links = list[tuple[str, str]]


def _reported(variant: int | None, links: Links) -> Links:
    near: dict[str, list[str]] = defaultdict(list)
    for a, b in links:
        near[a].append(b)
        near[b].append(a)
    found: Links = []
    first = links[0][0]
    scope: dict[str, Any]
    if variant is None:
        scope = {"near": near, "seen": {}, "low": {}, "first": first, "report": lambda n, m: found.append((n, m))}
    else:
        scope = {"lines": near, "at": {}, "up": {}, "head_office": first, "critical": found}
    exec(code_of("D.HIRE.GRAPH-004", variant=variant), scope)
    return found


def _parts(links: Links, nodes: set[str]) -> int:
    root = {n: n for n in nodes}

    def find(n: str) -> str:
        while root[n] != n:
            n = root[n]
        return n

    for a, b in links:
        root[find(a)] = find(b)
    return len({find(n) for n in nodes})


def _bridges(links: Links) -> set[frozenset[str]]:
    nodes = {n for link in links for n in link}
    whole = _parts(links, nodes)
    return {frozenset(x) for i, x in enumerate(links) if _parts(links[:i] + links[i + 1 :], nodes) > whole}


def _repaired(links: Links) -> set[frozenset[str]]:
    near: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, (a, b) in enumerate(links):
        near[a].append((b, number))
        near[b].append((a, number))
    seen: dict[str, int] = {}
    low: dict[str, int] = {}
    found: set[frozenset[str]] = set()

    def visit(n: str, used: int | None) -> None:
        seen[n] = low[n] = len(seen)
        for m, number in near[n]:
            if number == used:
                continue
            if m not in seen:
                visit(m, number)
                if low[m] > seen[n]:
                    found.add(frozenset((n, m)))
            low[n] = min(low[n], low[m])

    for n in list(near):
        if n not in seen:
            visit(n, None)
    return found


SIMPLE: Links = [("A", "B"), ("B", "C"), ("C", "A"), ("C", "D"), ("D", "E"), ("E", "F"), ("F", "D"), ("F", "G")]


@pytest.mark.parametrize("variant", [None, 0])
def test_it_is_right_without_parallel_links(variant: int | None) -> None:
    assert {frozenset(x) for x in _reported(variant, SIMPLE)} == _bridges(SIMPLE)


@pytest.mark.parametrize("variant", [None, 0])
def test_two_cables_are_reported_and_the_other_island_is_not(variant: int | None) -> None:
    assert _reported(variant, [("A", "B"), ("A", "B")]) == [("A", "B")]
    assert _bridges([("A", "B"), ("A", "B")]) == set()
    assert _reported(variant, [("A", "B"), ("B", "C"), ("C", "A"), ("X", "Y")]) == []


def test_link_numbers_and_a_start_in_every_part_repair_it() -> None:
    for links in (SIMPLE, [*SIMPLE, ("C", "D")], [("A", "B"), ("A", "B")], [*SIMPLE, ("X", "Y")]):
        assert _repaired(links) == _bridges(links)


def test_two_rings_that_share_a_router_have_no_bridge_but_a_cut_vertex() -> None:
    rings: Links = [("A", "B"), ("B", "H"), ("H", "A"), ("C", "D"), ("D", "H"), ("H", "C")]
    assert _repaired(rings) == set()
    left = [x for x in rings if "H" not in x]
    assert _parts(left, {"A", "B", "C", "D"}) == 2
