"""The global of B.BR.LANG2-001 is overwritten by the other call during an await; a local is not."""

import asyncio
from typing import Any

import pytest

from tests.content.proofs.code import code_of

WHO = {"a": {"id": 1, "name": "Ana"}, "b": {"id": 2, "name": "Bo"}}


async def _find_user(token: str) -> dict[str, Any]:
    return WHO[token]


async def _load_orders(user_id: int) -> list[str]:
    await asyncio.sleep(0)  # the other task gets its turn
    return [f"order of {user_id}"]


async def _currency_of(customer: str) -> str:
    return {"ana": "EUR", "bo": "JPY"}[customer]


async def _price(_: str, currency: str) -> int:
    await asyncio.sleep(0)
    return {"EUR": 1200, "JPY": 190000}[currency]


def _names(variant: int | None, *, local: bool) -> dict[str, Any]:
    names: dict[str, Any] = {
        "find_user": _find_user,
        "load_orders": _load_orders,
        "currency_of": _currency_of,
        "price": _price,
    }
    source = code_of("B.BR.LANG2-001", variant=variant)
    if local:
        source = "\n".join(line for line in source.splitlines() if "global" not in line)
    exec(source, names)
    return names


@pytest.mark.parametrize(("local", "name"), [(False, "Bo"), (True, "Ana")])
async def test_her_orders_under_his_name(local: bool, name: str) -> None:
    orders = _names(None, local=local)["orders"]
    ana, bo = await asyncio.gather(orders("a"), orders("b"))
    assert ana == {"name": name, "orders": ["order of 1"]}
    assert bo == {"name": "Bo", "orders": ["order of 2"]}


@pytest.mark.parametrize(("local", "shown"), [(False, "12.00 JPY"), (True, "12.00 EUR")])
async def test_her_amount_in_his_currency(local: bool, shown: str) -> None:
    quote = _names(0, local=local)["quote"]
    assert (await asyncio.gather(quote("ana", "sku"), quote("bo", "sku")))[0] == shown


async def test_one_call_alone_is_right() -> None:
    assert (await _names(None, local=False)["orders"]("a"))["name"] == "Ana"
