"""D.HIRE.TREE-005: folders below keep the inherited answer after the right is withdrawn."""

from types import SimpleNamespace
from typing import Any

from tests.content.proofs.code import code_of


def test_a_child_asked_before_stays_readable() -> None:
    scope: dict[str, Any] = {"cache": {}}
    exec(code_of("D.HIRE.TREE-005"), scope)
    allowed, set_rule = scope["allowed"], scope["set_rule"]
    root = SimpleNamespace(id=1, parent=None, rules={"u": True})
    child = SimpleNamespace(id=2, parent=root, rules={})
    unseen = SimpleNamespace(id=3, parent=root, rules={})
    assert allowed(root, "u")
    assert allowed(child, "u")
    assert not allowed(child, "other")
    set_rule(root, "u", False)
    assert not allowed(root, "u")
    assert allowed(child, "u")  # the failure
    assert not allowed(unseen, "u")
    scope["cache"].clear()
    assert not allowed(child, "u")


def test_a_branch_asked_before_keeps_the_old_price() -> None:
    scope: dict[str, Any] = {}
    exec(code_of("D.HIRE.TREE-005", variant=0), scope)
    top = SimpleNamespace(id=1, parent=None, prices={"x": 5})
    shop = SimpleNamespace(id=2, parent=top, prices={})
    assert scope["price"](shop, "x") == 5
    assert scope["price"](shop, "y") is None
    scope["set_price"](top, "x", 7)
    assert scope["price"](top, "x") == 7
    assert scope["price"](shop, "x") == 5  # the failure
