"""B.DS.IDEM-002: a key that is stored before the effect answers for what was never done."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.content.proofs.code import code_of


class Killed(Exception):
    """The pod is gone."""


class Keys:
    def __init__(self) -> None:
        self.known: set[str] = set()

    def add(self, key: str) -> bool:
        new = key not in self.known
        self.known.add(key)
        return new


class Step:
    """An effect that is counted, and that may die before it happens."""

    def __init__(self, dies: bool = False) -> None:
        self.done, self.dies = 0, dies

    def __call__(self, _: str) -> None:
        if self.dies:
            self.dies = False
            raise Killed
        self.done += 1

    charge = send = mark_paid = mark_issued = __call__


def _function(variant: int | None) -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec(code_of("B.DS.IDEM-002", fence=0, variant=variant), names)
    return names["pay" if variant is None else "issue"]


@pytest.mark.parametrize(("variant", "said"), [(None, "ok"), (0, "sent")])
@pytest.mark.parametrize(("at", "effects"), [("effect", 0), ("mark", 1)])
def test_a_crash_leaves_a_key_that_answers(variant: int | None, said: str, at: str, effects: int) -> None:
    function, keys = _function(variant), Keys()
    effect, mark = Step(dies=at == "effect"), Step(dies=at == "mark")
    with pytest.raises(Killed):
        function(keys, effect, mark, "k1", "o1")
    assert function(keys, effect, mark, "k1", "o1") == said
    assert (effect.done, mark.done) == (effects, 0)
