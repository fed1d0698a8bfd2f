"""D.HIRE.MAP-003: joined texts are ambiguous as keys, before and after hashing; pairs and length prefixes are not."""

from hashlib import sha256
from itertools import product
from typing import Any

import pytest

from tests.content.proofs.code import code_of


@pytest.mark.parametrize(
    ("variant", "first", "second"),
    [(None, ("acme", "eu-7"), ("acme-eu", "7")), (0, ("max", "1spring"), ("max1", "spring"))],
)
def test_two_pairs_share_a_key_and_a_digest(
    variant: int | None, first: tuple[str, str], second: tuple[str, str]
) -> None:
    scope: dict[str, Any] = {}
    exec(code_of("D.HIRE.MAP-003", variant=variant), scope)
    one, other = scope["key"](*first), scope["key"](*second)
    assert first != second
    assert one == other
    assert sha256(one.encode()).digest() == sha256(other.encode()).digest()


def test_a_length_prefix_keeps_all_pairs_apart() -> None:
    ids = ["".join(letters) for length in (1, 2, 3) for letters in product("a-", repeat=length)]
    pairs = list(product(ids, repeat=2))
    assert len({f"{a}-{b}" for a, b in pairs}) < len(pairs)
    assert len({f"{len(a)}:{a}{b}" for a, b in pairs}) == len(pairs)
