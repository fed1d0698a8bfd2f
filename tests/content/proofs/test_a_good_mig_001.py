"""A.GOOD.MIG-001: the remainder of negative numbers in Go or Java, and in Python."""

import math
import random
from typing import Any

import pytest

from tests.content.proofs.code import code_of

CASES = [({}, 8, 37.5), ({"variant": 0}, 10, 40.0)]


def _ported(which: dict[str, Any], h: int) -> int:
    space: dict[str, Any] = {"h": h}
    exec(code_of("A.GOOD.MIG-001", **which).split("\n\n")[1], space)
    return int(space["b"])


def _original(h: int, modulus: int) -> int:
    b = int(math.fmod(h, modulus))  # truncated, as Go and Java specify it
    return -b if b < 0 else b


@pytest.mark.parametrize(("which", "modulus", "share"), CASES)
def test_the_two_differ_for_negative_hashes_and_by_the_share_given(
    which: dict[str, Any], modulus: int, share: float
) -> None:
    hashes = range(-10 * modulus, 10 * modulus)
    differ = [h for h in hashes if _ported(which, h) != _original(h, modulus)]
    assert all(h < 0 and -h % modulus not in (0, modulus // 2) for h in differ)
    assert 100 * len(differ) / len(hashes) == share
    assert (_original(-3, modulus), _ported(which, -3)) == (3, modulus - 3)


@pytest.mark.parametrize(("which", "modulus", "share"), CASES)
def test_the_line_of_the_answer_is_equal(which: dict[str, Any], modulus: int, share: float) -> None:
    rng = random.Random(7)
    for h in [-(2**31), 2**31 - 1, 0, *(rng.randrange(-(2**31), 2**31) for _ in range(2_000))]:
        assert abs(h) % modulus == _original(h, modulus)
