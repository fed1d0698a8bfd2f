"""S.REL-006: a fallback that is cached like an answer outlives the outage by its time to live."""

from typing import Any

import pytest

from tests.content.proofs.code import code_of


class _Cache:
    def __init__(self) -> None:
        self.now = 0.0
        self._kept: dict[str, tuple[Any, float]] = {}

    def get(self, key: str) -> Any:
        value, until = self._kept.get(key, (None, 0.0))
        return value if self.now < until else None

    def set(self, key: str, value: Any, ttl: float) -> None:
        self._kept[key] = value, self.now + ttl


@pytest.mark.parametrize(
    ("variant", "function", "wrong", "right", "hang", "rate", "ttl", "count"),
    [(None, "offers", [], ["shoes"], 45, 80, 3600, 3600), (0, "freight", 0, 7, 40, 12, 7200, 480)],
)
def test_the_fallback_stays_for_the_whole_ttl(
    variant: int | None, function: str, wrong: Any, right: Any, hang: int, rate: int, ttl: int, count: int
) -> None:
    cache = _Cache()

    def fetch(key: str, timeout: float) -> Any:
        if cache.now < hang:
            raise TimeoutError(timeout)
        return right

    names: dict[str, Any] = {"cache": cache, "fetch": fetch}
    exec(code_of("S.REL-006", fence=0, variant=variant), names)
    ask = names[function]
    hit = set()
    for second in range(hang):
        cache.now = float(second)
        for number in range(rate):
            key = f"{second}-{number}"
            if ask(key) == wrong:
                hit.add(key)
    assert len(hit) == count
    cache.now = hang + 1.0  # the service is well again
    assert ask("somebody else") == right
    assert all(ask(key) == wrong for key in hit)
    cache.now = float(hang + ttl)
    assert all(ask(key) == right for key in hit)
