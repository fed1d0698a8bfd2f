"""A.GOOD.BOIL-001: settings that are wrong only where the variables are set."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of


def _settings(environment: dict[str, str], **which: Any) -> dict[str, Any]:
    space: dict[str, Any] = {"os": SimpleNamespace(getenv=environment.get)}
    exec(code_of("A.GOOD.BOIL-001", **which), space)
    return space


def test_production_runs_in_debug_mode_with_the_known_secret() -> None:
    production = _settings({"DEBUG": "false", "TIMEOUT_S": "30"})
    assert (production["DEBUG"], production["SECRET"], production["TIMEOUT"]) == (True, "change-me", "30")
    with pytest.raises(TypeError):
        assert production["TIMEOUT"] > 10
    tests = _settings({})
    assert (tests["DEBUG"], tests["TIMEOUT"]) == (True, 5)


def test_the_variant_is_read_only_and_open() -> None:
    production = _settings({"READ_ONLY": "0", "PAGE_SIZE": "500"}, variant=0)
    assert (production["READ_ONLY"], production["ADMIN_TOKEN"]) == (True, "admin")
    with pytest.raises(TypeError):
        assert [1, 2, 3][: production["PAGE_SIZE"]]
    assert [1, 2, 3][: _settings({}, variant=0)["PAGE_SIZE"]] == [1, 2, 3]
