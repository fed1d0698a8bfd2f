"""D.HIRE.STR-003: the repaired patterns accept the same names, and n letters can be split in 2^(n-1) ways."""

import re
from itertools import product

import pytest


@pytest.mark.parametrize(
    ("pattern", "repaired", "alphabet"),
    [
        (r"^([a-z0-9]+-?)*$", r"^([a-z0-9]+(-[a-z0-9]+)*-?)?$", "a-!"),
        (r"^([a-z]+ ?)*$", r"^([a-z]+( [a-z]+)* ?)?$", "a 1"),
    ],
)
def test_the_repaired_pattern_accepts_the_same_texts(pattern: str, repaired: str, alphabet: str) -> None:
    for length in range(7):
        for letters in product(alphabet, repeat=length):
            text = "".join(letters)
            assert bool(re.match(pattern, text)) == bool(re.match(repaired, text))


def test_the_repaired_pattern_refuses_a_long_text_at_once() -> None:
    assert re.match(r"^([a-z0-9]+(-[a-z0-9]+)*-?)?$", "a" * 5000 + "!") is None


def _splits(letters: int) -> int:
    return 1 if letters == 0 else sum(_splits(letters - first) for first in range(1, letters + 1))


def test_the_ways_to_cut_a_run_into_groups_double_with_each_letter() -> None:
    assert [_splits(n) for n in range(1, 9)] == [2 ** (n - 1) for n in range(1, 9)]
