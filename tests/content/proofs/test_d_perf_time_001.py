"""D.PERF.TIME-001: the comparisons grow with the square; a hash structure makes them linear."""

from typing import Any, ClassVar

import pytest

from tests.content.proofs.code import code_of


class Value:
    """A value that counts how often it is compared."""

    compared: ClassVar[int] = 0

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        Value.compared += 1
        return isinstance(other, Value) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)


def _function(variant: int | None) -> Any:
    scope: dict[str, Any] = {}
    exec(code_of("D.PERF.TIME-001", variant=variant), scope)
    return scope["distinct" if variant is None else "join"]


def _comparisons(size: int, variant: int | None) -> int:
    Value.compared = 0
    if variant is None:
        assert len(_function(variant)([Value(number) for number in range(size)])) == size
    else:
        customers = [{"id": Value(number)} for number in range(size)]
        assert len(_function(variant)([{"customer": Value(number)} for number in range(size)], customers)) == size
    return Value.compared


@pytest.mark.parametrize("variant", [None, 0])
def test_ten_times_the_rows_are_a_hundred_times_the_comparisons(variant: int | None) -> None:
    assert _comparisons(200, variant) / _comparisons(20, variant) == pytest.approx(100, rel=0.06)


def test_a_dict_keeps_the_order_and_needs_no_comparisons() -> None:
    Value.compared = 0
    rows = [Value(number) for number in (3, 1, 2)]
    assert [row.value for row in dict.fromkeys(rows)] == [3, 1, 2]
    assert Value.compared == 0
    with pytest.raises(TypeError):
        dict.fromkeys([{"a": 1}])
