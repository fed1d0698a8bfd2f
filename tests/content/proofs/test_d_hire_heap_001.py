"""D.HIRE.HEAP-001: the sign decides which end is thrown away; ties compare the payload."""

import heapq
from typing import Any

import pytest

from tests.content.proofs.code import code_of

NAMES = {None: "slowest", 0: "cheapest"}


def _function(variant: int | None, code: str | None = None) -> Any:
    scope: dict[str, Any] = {"heapq": heapq}
    exec(code or code_of("D.HIRE.HEAP-001", variant=variant), scope)
    return scope[NAMES[variant]]


def test_it_returns_the_k_fastest() -> None:
    assert _function(None)([(9, "a"), (1, "b"), (5, "c"), (7, "d"), (2, "e")], 2) == [(2, "e"), (1, "b")]


def test_the_variant_returns_the_k_most_expensive() -> None:
    assert _function(0)([(9, "a"), (1, "b"), (5, "c"), (7, "d"), (2, "e")], 2) == [(7, "d"), (9, "a")]


def test_without_the_minus_it_returns_the_k_slowest() -> None:
    fixed = code_of("D.HIRE.HEAP-001").replace("(-ms, req)", "(ms, req)")
    fixed = fixed.replace("[(-a, r) for a, r in sorted(h)]", "sorted(h, reverse=True)")
    assert _function(None, fixed)([(9, "a"), (1, "b"), (5, "c"), (7, "d"), (2, "e")], 2) == [(9, "a"), (7, "d")]


@pytest.mark.parametrize("variant", [None, 0])
def test_equal_keys_with_dicts_raise(variant: int | None) -> None:
    with pytest.raises(TypeError):
        _function(variant)([(5, {"a": 1}), (5, {"b": 2})], 2)
