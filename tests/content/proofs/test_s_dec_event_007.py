"""S.DEC.EVENT-007: a change by an amount drifts with every repeat; the value itself does not, once it has been published."""

from collections import Counter
from typing import Any

import pytest

from tests.content.proofs.code import code_of


@pytest.mark.parametrize(("variant", "key"), [(None, "sku"), (0, "member")])
def test_a_repeat_is_added_for_ever(variant: int | None, key: str) -> None:
    names: dict[str, Any] = {}
    exec(code_of("S.DEC.EVENT-007", fence=0, variant=variant), names)
    mirror: Counter[str] = Counter(x=100)
    events = [{key: "x", "delta": -2}, {key: "x", "delta": 7}, {key: "x", "delta": -1}]
    for event in [events[0], *events]:  # the first one arrives twice
        names["on_event"](mirror, event)
    assert mirror["x"] == 100 + 4 - 2  # and no later event puts it right


def test_the_value_survives_a_repeat_and_a_loss_but_what_does_not_move_needs_a_full_publication() -> None:
    def on_event(mirror: dict[str, int], e: dict[str, Any]) -> None:
        mirror[e["sku"]] = e["stock"]

    truth = {"x": 104, "idle": 7}
    mirror = {"x": 100, "idle": 9}  # wrong already
    first, second, third = ({"sku": "x", "stock": stock} for stock in (98, 105, 104))
    for event in (first, first, third, third):  # repeats, and the second one is lost
        on_event(mirror, event)
    assert second not in (first, third)
    assert mirror == {"x": 104, "idle": 9}  # no event ever reaches the idle one
    for sku, stock in truth.items():
        on_event(mirror, {"sku": sku, "stock": stock})
    assert mirror == truth
