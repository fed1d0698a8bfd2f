"""B.DS.FAIL-005: a breaker without a way back, tripped by client errors and blind to every second call failing."""

from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = pytest.mark.parametrize(
    ("variant", "name", "method", "refused", "limit"),
    [(None, "Breaker", "call", "Open", 5), (0, "Guard", "run", "Stop", 8)],
)


def _call(variant: int | None, name: str, method: str, refused: str) -> tuple[Any, type[Exception]]:
    names: dict[str, Any] = {refused: type(refused, (Exception,), {})}
    exec(code_of("B.DS.FAIL-005", variant=variant), names)
    return getattr(names[name](), method), names[refused]


def _bad() -> None:
    raise ValueError("400")


@FORMS
def test_it_never_closes_again(variant: int | None, name: str, method: str, refused: str, limit: int) -> None:
    call, error = _call(variant, name, method, refused)
    for _ in range(limit):  # whatever is raised, a client error too
        with pytest.raises(ValueError, match="400"):
            call(_bad)
    for _ in range(100):  # the service is well again
        with pytest.raises(error):
            call(lambda: "ok")


@FORMS
def test_every_second_call_failing_never_opens_it(
    variant: int | None, name: str, method: str, refused: str, limit: int
) -> None:
    call, _ = _call(variant, name, method, refused)
    for _ in range(20 * limit):
        with pytest.raises(ValueError, match="400"):
            call(_bad)
        assert call(lambda: "ok") == "ok"
