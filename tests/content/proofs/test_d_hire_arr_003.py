"""D.HIRE.ARR-003: an outage inside another shortens the stretch, and the last stretch is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.content.proofs.code import code_of

CASES = [
    (None, "down_minutes", [(10, 90), (25, 40), (60, 130)], 30, 120),
    (0, "busy", [(5, 50), (12, 20), (35, 75)], 15, 70),
]


def _function(variant: int | None, name: str) -> Callable[[list[tuple[int, int]]], int]:
    scope: dict[str, Any] = {}
    exec(code_of("D.HIRE.ARR-003", variant=variant), scope)
    function: Callable[[list[tuple[int, int]]], int] = scope[name]
    return function


def _union(spans: list[tuple[int, int]]) -> int:
    return len({minute for start, end in spans for minute in range(start, end)})


def _repaired(spans: list[tuple[int, int]]) -> int:
    if not spans:
        return 0
    first, *rest = sorted(spans)
    total, (s, e) = 0, first
    for start, end in rest:
        if start <= e:
            e = max(e, end)
        else:
            total += e - s
            s, e = start, end
    return total + e - s


@pytest.mark.parametrize(("variant", "name", "spans", "returned", "right"), CASES)
def test_the_example_returns_too_little(
    variant: int | None, name: str, spans: list[tuple[int, int]], returned: int, right: int
) -> None:
    assert _function(variant, name)(list(spans)) == returned
    assert _union(spans) == right == _repaired(spans)


@pytest.mark.parametrize(("variant", "name"), [case[:2] for case in CASES])
def test_one_entry_counts_as_nothing_and_none_crashes(variant: int | None, name: str) -> None:
    function = _function(variant, name)
    assert function([(3, 8)]) == 0
    with pytest.raises(IndexError):
        function([])


def test_the_repaired_sweep_agrees_with_counting_minutes() -> None:
    for a in range(5):
        for b in range(a + 1, 7):
            for c in range(6):
                spans = [(a, b), (c, c + 2), (1, 3)]
                assert _repaired(spans) == _union(spans)
    assert _repaired([]) == 0
