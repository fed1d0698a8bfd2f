"""A.WF.2-001: a fallback that turns an outage, and every bug, into a wrong amount."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of

BASIC_ERRORS = (TimeoutError, KeyError, AttributeError, PermissionError)


def _loaded(code: str, **names: Any) -> dict[str, Any]:
    space: dict[str, Any] = dict(names)
    exec(code, space)
    return space


def _raising(error: type[Exception]) -> SimpleNamespace:
    def fetch(*_: str) -> float:
        raise error

    return SimpleNamespace(fetch=fetch)


@pytest.mark.parametrize("error", BASIC_ERRORS)
def test_whatever_fails_is_sold_at_the_default(error: type[Exception]) -> None:
    price_of = _loaded(code_of("A.WF.2-001"), prices=_raising(error))["price_of"]
    assert price_of("laptop") == 9.90


def test_the_loss_of_ten_minutes() -> None:
    price_of = _loaded(code_of("A.WF.2-001"), prices=_raising(TimeoutError))["price_of"]
    assert sum(74.90 - price_of("any") for _ in range(10 * 30)) == pytest.approx(19_500)


@pytest.mark.parametrize("error", BASIC_ERRORS)
def test_the_variant_pays_kroner_as_euro(error: type[Exception]) -> None:
    to_euro = _loaded(code_of("A.WF.2-001", variant=0), rates=_raising(error))["to_euro"]
    assert to_euro(460) == 460
    assert 12 * 5 * (to_euro(460) - 40) == 25_200
