"""A.GOOD.TEST-001: three generated tests that stay green with an empty function."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from tests.content.proofs.code import code_of

CASES = [({}, "transfer", "audit_entries"), ({"variant": 0}, "cancel", "outbox")]


def _generated(which: dict[str, Any], **names: Any) -> dict[str, Any]:
    space: dict[str, Any] = {"Mock": Mock, **names}
    exec(code_of("A.GOOD.TEST-001", **which), space)
    return {name: value for name, value in space.items() if name.startswith("test_")}


def _empty(*_: object) -> None:
    pass


@pytest.mark.parametrize(("which", "name", "records"), CASES)
def test_all_three_stay_green_with_an_empty_function(which: dict[str, Any], name: str, records: str) -> None:
    function = Mock(side_effect=_empty)
    tests = _generated(which, **{name: function, records: list})
    assert len(tests) == 3
    for number, test in enumerate(tests.values(), start=1):
        function.reset_mock()
        test()
        assert function.called == (number != 2)  # the second one never calls the code under test


@pytest.mark.parametrize(("which", "name", "records"), CASES)
def test_the_third_one_can_fail_only_when_there_is_an_entry(which: dict[str, Any], name: str, records: str) -> None:
    wrong = SimpleNamespace(amount=-1, order_id="other")
    tests = _generated(which, **{name: _empty, records: lambda: [wrong]})
    with pytest.raises(AssertionError):
        tests[max(tests)]()


def test_the_repairs_of_the_answer_turn_red() -> None:
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"), pytest.raises(ValueError, match="negative"):
        _empty("A", "B", -5)
    balances = {"A": 100, "B": 0}
    _empty("A", "B", 10)
    assert balances != {"A": 90, "B": 10}
    entries: list[object] = []
    assert len(entries) != 1
