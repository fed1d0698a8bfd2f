"""D.HIRE.GRAPH-005: the largest flow, the smallest cut, and what each upgrade brings."""

import re
from itertools import chain, combinations

import pytest

from tests.content.proofs.code import code_of


def _links(variant: int | None) -> dict[tuple[str, str], int]:
    found = re.findall(r"(\w)-(\w) (\d+)", code_of("D.HIRE.GRAPH-005", variant=variant))
    return {(a, b): int(size) for a, b, size in found}


def _smallest_cut(links: dict[tuple[str, str], int]) -> tuple[int, list[tuple[str, str]]]:
    inner = ["K", "B", "C", "D"]
    sides = chain.from_iterable(combinations(inner, n) for n in range(len(inner) + 1))
    cuts = []
    for side in sides:
        here = {"S", *side}
        crossing = [x for x in links if x[0] in here and x[1] not in here]
        cuts.append((sum(links[x] for x in crossing), sorted(crossing)))
    return min(cuts)


@pytest.mark.parametrize(("variant", "add", "today", "wide", "late"), [(None, 5, 13, 18, 15), (0, 6, 21, 27, 26)])
def test_the_numbers(variant: int | None, add: int, today: int, wide: int, late: int) -> None:
    links = _links(variant)
    assert len(links) == 7
    assert _smallest_cut(links) == (today, [("D", "T"), ("K", "C")])
    for link, value in ((("K", "C"), wide), (("D", "T"), late), (("S", "K"), today)):
        assert _smallest_cut({**links, link: links[link] + add})[0] == value
