"""A.WF.4-001: tests derived from the code pin its bug."""

from typing import Any

from tests.content.proofs.code import code_of


def _loaded(code: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(code, space)
    return space


def test_the_threshold_itself_pays() -> None:
    code = code_of("A.WF.4-001")
    wrong = _loaded(code)["shipping_fee"]
    assert [wrong(total) for total in (49.99, 50, 50.01)] == [4.90, 4.90, 0]
    right = _loaded(code.replace(">", ">="))["shipping_fee"]
    assert [right(total) for total in (49.99, 50.00, 50.01)] == [4.90, 0, 0]


def test_the_variant() -> None:
    code = code_of("A.WF.4-001", variant=0)
    assert [_loaded(code)["discount"](items) for items in (2, 3, 4)] == [0.0, 0.0, 0.10]
    assert [_loaded(code.replace(">", ">="))["discount"](items) for items in (2, 3, 4)] == [0.0, 0.10, 0.10]
