"""D.HIRE.MAP-001: the empty prefix is missing from the set."""

import re
from itertools import accumulate
from typing import Any

import pytest

from tests.content.proofs.code import code_of

NAMES = {None: "has_zero_run", 0: "reverted"}


def _function(variant: int | None, *, fixed: bool = False) -> Any:
    code = code_of("D.HIRE.MAP-001", variant=variant)
    if fixed:
        code, changed = re.subn(r"set\(\), 0", "{0}, 0", code)
        assert changed == 1
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope[NAMES[variant]]


def _brute_force(amounts: list[int]) -> int:
    ends = range(1, len(amounts) + 1)
    return sum(sum(amounts[start:end]) == 0 for end in ends for start in range(end))


@pytest.mark.parametrize("variant", NAMES)
def test_a_run_that_begins_with_the_first_entry_is_missed(variant: int | None) -> None:
    assert _function(variant)([5, -5]) is False
    assert _function(variant)([1, 5, -5]) is True
    assert _function(variant, fixed=True)([5, -5]) is True
    assert _function(variant, fixed=True)([5, -4]) is False


def test_floats_break_the_equality() -> None:
    assert _function(None, fixed=True)([0.1, 0.2, -0.3]) is False
    assert _function(None, fixed=True)([10, 20, -30]) is True


def test_counts_per_total_count_the_runs() -> None:
    amounts = [3, -3, 2, 1, -3, 0, 4, -4, 0]
    seen, found = {0: 1}, 0
    for total in accumulate(amounts):
        found += seen.get(total, 0)
        seen[total] = seen.get(total, 0) + 1
    assert found == _brute_force(amounts) > 3
