"""B.DS.IDEM-008: a key made from the position pays one twice and one never, once the list has changed."""

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = pytest.mark.parametrize(("variant", "rows", "done"), [(None, 200, 120), (0, 90, 60)])


class Killed(Exception):
    """The process is gone."""


class Provider:
    """Answers a known key with its first result and does nothing."""

    def __init__(self) -> None:
        self.results: dict[str, str] = {}
        self.done: Counter[str] = Counter()
        self.dies_after = 0

    def __call__(self, key: str, row: Any) -> str:
        if key not in self.results:
            if self.dies_after and len(self.results) == self.dies_after:
                raise Killed
            self.results[key] = row.supplier
            self.done[row.supplier] += 1
        return self.results[key]


def _rows(*names: str) -> list[Any]:
    return [SimpleNamespace(supplier=name) for name in names]


def _crashed(
    variant: int | None, rows: int, done: int, part: str = "i"
) -> tuple[Callable[..., Any], Provider, list[str]]:
    names: dict[str, Any] = {}
    exec(code_of("B.DS.IDEM-008", fence=0, variant=variant).replace("{i}", f"{{{part}}}"), names)
    suppliers = [f"s{number:03}" for number in range(1, rows + 1)]
    provider = Provider()
    provider.dies_after = done
    with pytest.raises(Killed):
        names["run"]("r", lambda: _rows(*suppliers), provider)
    provider.dies_after = 0
    return names["run"], provider, suppliers


@FORMS
def test_one_added_in_front_is_never_served_and_the_last_served_is_served_twice(
    variant: int | None, rows: int, done: int
) -> None:
    run, provider, suppliers = _crashed(variant, rows, done)
    run("r", lambda: _rows(*suppliers, "a"), provider)
    assert len(provider.results) == provider.done.total() == rows + 1  # each count is right
    assert provider.done["a"] == 0
    assert [name for name, times in provider.done.items() if times > 1] == [f"s{done:03}"]


@FORMS
def test_one_deleted_leaves_the_first_that_was_open_unserved(variant: int | None, rows: int, done: int) -> None:
    run, provider, suppliers = _crashed(variant, rows, done)
    run("r", lambda: _rows(*suppliers[1:]), provider)
    assert [name for name in suppliers if provider.done[name] == 0] == [f"s{done + 1:03}"]
    assert set(provider.done.values()) == {1}


@FORMS
def test_with_the_supplier_in_the_key_everybody_is_served_once(variant: int | None, rows: int, done: int) -> None:
    run, provider, suppliers = _crashed(variant, rows, done, part="r.supplier")
    run("r", lambda: _rows(*suppliers, "a"), provider)
    assert provider.done == Counter([*suppliers, "a"])
