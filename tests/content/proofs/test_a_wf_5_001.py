"""A.WF.5-001: gather starts everything at once, and one exception loses all results."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of


class Service:
    """Answers in the next turns of the loop and remembers how many calls were open at once."""

    def __init__(self, bad: int | None = None) -> None:
        self.bad, self.open, self.most, self.calls, self.done = bad, 0, 0, 0, 0

    async def __call__(self, key: int) -> str:
        self.calls += 1
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        if key == self.bad:
            raise ConnectionError
        self.done += 1
        return f"of {key}"


def _orders(count: int, customers: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(id=n, customer_id=n % customers, street=n % customers) for n in range(count)]


def _function(name: str, service: Service, **which: Any) -> Any:
    space: dict[str, Any] = {"asyncio": asyncio, "fetch_profile": service, "geocode": service}
    exec(code_of("A.WF.5-001", **which), space)
    return space[name]


@pytest.mark.parametrize(("name", "which"), [("enrich", {}), ("locate", {"variant": 0})])
def test_all_calls_are_open_at_once(name: str, which: dict[str, Any]) -> None:
    service = Service()
    found = asyncio.run(_function(name, service, **which)(_orders(500, 60)))
    assert (service.most, service.calls) == (500, 500)
    assert found[61] == "of 1"


@pytest.mark.parametrize(("name", "which"), [("enrich", {}), ("locate", {"variant": 0})])
def test_one_exception_loses_every_result_though_the_others_run_on(name: str, which: dict[str, Any]) -> None:
    service = Service(bad=7)

    async def run() -> None:
        with pytest.raises(ConnectionError):
            await _function(name, service, **which)(_orders(50, 50))
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(run())
    assert service.done == 49


def test_the_change_of_the_answer_asks_once_per_customer_within_a_bound() -> None:
    service, orders = Service(bad=7), _orders(500, 60)

    async def enrich() -> dict[int, str | BaseException]:
        gate = asyncio.Semaphore(5)

        async def one(customer: int) -> str:
            async with gate:
                return await service(customer)

        ids = sorted({order.customer_id for order in orders})
        found = await asyncio.gather(*map(one, ids), return_exceptions=True)
        profiles = dict(zip(ids, found, strict=True))
        return {order.id: profiles[order.customer_id] for order in orders}

    result = asyncio.run(enrich())
    assert (service.most, service.calls, len(result)) == (5, 60, 500)
    assert isinstance(result[67], ConnectionError)
    assert result[68] == "of 8"
    assert (6_000 / 500, 50_000 / 500, 4_500 / 300, 30_000 / 300) == (12, 100, 15, 100)
