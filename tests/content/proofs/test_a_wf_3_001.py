"""A.WF.3-001: the overlap check that misses only the enclosing request."""

from collections.abc import Callable
from itertools import product
from types import SimpleNamespace
from typing import Any

from tests.content.proofs.code import code_of


def _is_free(**which: Any) -> Callable[..., bool]:
    space: dict[str, Any] = {}
    exec(code_of("A.WF.3-001", **which), space)
    function: Callable[..., bool] = space["is_free"]
    return function


def test_only_an_enclosing_request_is_accepted_wrongly() -> None:
    is_free = _is_free()
    taken = [SimpleNamespace(start=10, end=12)]
    wrong = []
    for start, end in product(range(7, 16), repeat=2):
        if start < end and is_free(taken, start, end) != set(range(start, end)).isdisjoint(range(10, 12)):
            wrong.append((start, end))
    assert (9, 13) in wrong
    assert wrong == [(start, end) for start, end in product(range(7, 10), range(13, 16))]


def test_the_condition_of_the_answer_is_right_for_all_small_intervals() -> None:
    for start, end, b_start, b_end in product(range(6), repeat=4):
        if start < end and b_start < b_end:
            clash = start < b_end and b_start < end
            assert clash != set(range(start, end)).isdisjoint(range(b_start, b_end))


def test_the_green_tests_of_the_prompt_are_green() -> None:
    is_free = _is_free()
    taken = [SimpleNamespace(start=10, end=12)]
    assert not any(is_free(taken, *request) for request in [(9, 11), (11, 13), (10, 11), (10, 12)])
    assert is_free(taken, 12, 13)


def test_the_variant_with_inclusive_days() -> None:
    is_free = _is_free(variant=0)
    taken = [SimpleNamespace(first=10, last=12)]
    for first, last in product(range(7, 16), repeat=2):
        if first <= last:
            truth = set(range(first, last + 1)).isdisjoint(range(10, 13))
            assert (is_free(taken, first, last) != truth) == (first < 10 and last > 12)
            assert (first <= 12 and last >= 10) != truth
