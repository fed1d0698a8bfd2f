"""D.HIRE.ARR-001: the slow count, and the difference array that replaces it."""

from itertools import accumulate
from typing import Any

import pytest

from tests.content.proofs.code import code_of

SMALL = ((0, 3), (2, 5), (2, 4), (9, 10))


def _slow(variant: int | None, length: str, name: str) -> list[int]:
    code = code_of("D.HIRE.ARR-001", variant=variant)
    assert code.count(length) == 2
    scope: dict[str, Any] = {name: SMALL}
    exec(code.replace(length, "10"), scope)
    assert scope["best"] == 2
    return list(scope["load"])


@pytest.mark.parametrize(("variant", "length", "name"), [(None, "525600", "bookings"), (0, "2678400", "calls")])
def test_two_writes_per_interval_and_a_running_sum_give_the_same_load(
    variant: int | None, length: str, name: str
) -> None:
    load = _slow(variant, length, name)
    assert sum(load) == sum(end - start for start, end in SMALL)  # one increment per minute of each interval
    diff = [0] * 11
    for start, end in SMALL:
        diff[start] += 1
        diff[end] -= 1
    assert list(accumulate(diff))[:10] == load


def test_without_the_extra_slot_the_end_of_the_period_is_out_of_range() -> None:
    diff = [0] * 10
    with pytest.raises(IndexError):
        diff[SMALL[-1][1]] -= 1


def test_the_sweep_over_sorted_events_needs_no_array_and_takes_ends_before_starts() -> None:
    events = sorted((at, change) for start, end in SMALL for at, change in ((start, 1), (end, -1)))
    levels = list(accumulate(change for _, change in events))
    assert max(levels) == 3
    assert max(accumulate(change for _, change in sorted([(0, 1), (5, -1), (5, 1), (9, -1)]))) == 1
