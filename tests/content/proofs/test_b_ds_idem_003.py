"""B.DS.IDEM-003: a key made from the content swallows honest requests and lets a late repeat through."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from tests.content.proofs.code import code_of


def _key(variant: int | None) -> Callable[..., str]:
    names: dict[str, Any] = {"sha256": sha256}
    exec(code_of("B.DS.IDEM-003", fence=0, variant=variant), names)
    return names["key"]


@pytest.mark.parametrize(
    ("variant", "own", "others"),
    [(None, (12, 3450), [(123, 450), (1, 23450)]), (0, (31, 277), [(312, 77), (3, 1277)])],
)
def test_other_people_share_the_key(variant: int | None, own: tuple[int, int], others: list[tuple[int, int]]) -> None:
    key = _key(variant)
    assert {key(*one, "2026-11-24") for one in others} == {key(*own, "2026-11-24")}


@pytest.mark.parametrize(("variant", "own"), [(None, (12, 3450)), (0, (31, 277))])
def test_a_second_one_is_swallowed_and_a_repeat_after_midnight_is_not(
    variant: int | None, own: tuple[int, int]
) -> None:
    key = _key(variant)
    assert key(*own, "2026-11-24") == key(*own, "2026-11-24")
    assert key(*own, "2026-11-24") != key(*own, "2026-11-25")
