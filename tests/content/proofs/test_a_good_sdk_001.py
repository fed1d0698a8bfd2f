"""A.GOOD.SDK-001: a prefix without its slash, and only the first page."""

from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from tests.content.proofs.code import code_of


class Store:
    """Lists by prefix in byte order, some keys a page, with a token for the next one."""

    def __init__(self, keys: list[str], page_size: int) -> None:
        self.keys, self.page_size = set(keys), page_size

    def list(self, prefix: str, token: str = "") -> SimpleNamespace:
        found = sorted(key for key in self.keys if key.startswith(prefix) and key > token)
        page = found[: self.page_size]
        return SimpleNamespace(keys=page, next_token=page[-1] if len(found) > len(page) else None)

    def delete(self, key: str) -> None:
        self.keys.remove(key)


def _keys(form: str, counts: dict[int, int]) -> list[str]:
    return [form.format(owner, number) for owner, count in counts.items() for number in range(count)]


class Case(NamedTuple):
    which: dict[str, Any]
    name: str
    form: str
    page: int
    own: int
    owner: int
    arg: str


CASES = [
    Case({}, "delete_user_files", "user/{}/{:04}.pdf", 1000, 12, 42, "{}"),
    Case({"variant": 0}, "drop_backups", "backup/db{}/{:04}.dump", 500, 30, 1, "db{}"),
]


def _function(name: str, store: Store, which: dict[str, Any]) -> Any:
    space: dict[str, Any] = {"store": store}
    exec(code_of("A.GOOD.SDK-001", **which), space)
    return space[name]


@pytest.mark.parametrize("case", CASES)
def test_foreign_keys_fill_the_page(case: Case) -> None:
    which, name, form, page, own, owner, arg = case
    store = Store(_keys(form, {owner: own, 10 * owner: 700, 10 * owner + 1: 700, 5: 3}), page)
    _function(name, store, which)(arg.format(owner))
    assert len(store.keys) == own + 700 + 700 + 3 - page
    foreign = _keys(form, {10 * owner: 700, 10 * owner + 1: 700})
    assert len(set(foreign) - store.keys) == page - own == {1000: 988, 500: 470}[page]
    assert not set(_keys(form, {owner: own})) & store.keys


@pytest.mark.parametrize("case", CASES)
def test_the_rest_of_the_pages_stays_and_the_neighbour_is_spared_by_that(case: Case) -> None:
    which, name, form, page, _, owner, arg = case
    many = round(2.3 * page)
    neighbour = set(_keys(form, {10 * (owner + 1): 400}))
    store = Store([*_keys(form, {owner + 1: many}), *neighbour], page)
    _function(name, store, which)(arg.format(owner + 1))
    assert len(store.keys - neighbour) == many - page == {1000: 1300, 500: 650}[page]
    assert neighbour <= store.keys


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_loop_alone_wipes_out_the_neighbour_and_the_slash_saves_him(slash: str) -> None:
    neighbour = set(_keys("user/{}/{:04}.pdf", {420: 5}))
    store = Store([*_keys("user/{}/{:04}.pdf", {42: 5}), *neighbour], page_size=2)
    token: str | None = ""
    while token is not None:
        page = store.list(f"user/42{slash}", token)
        for key in page.keys:
            store.delete(key)
        token = page.next_token
    assert store.keys == (neighbour if slash else set())
