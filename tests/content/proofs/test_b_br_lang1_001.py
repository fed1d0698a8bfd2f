"""The handler of B.BR.LANG1-001 lets nobody else run while it waits; in a thread the calls overlap."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = [(None, "quote"), (0, "report")]


class _Service:
    """Stands in for requests and for subprocess: notes how many calls are inside at once."""

    def __init__(self, meet: int = 1) -> None:
        self.inside = self.most = 0
        self.log: list[str] = []
        self.lock = threading.Lock()
        self.barrier = threading.Barrier(meet, timeout=5)

    def call(self, *_: object, **__: object) -> Any:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.log.append("call")
        self.barrier.wait()  # passes only once `meet` calls are inside
        with self.lock:
            self.inside -= 1
        return SimpleNamespace(json=lambda: {"price": 7}, stdout=b"pdf")

    get = run = call


def _handler(variant: int | None, name: str, service: _Service, source: str | None = None) -> Any:
    names: dict[str, Any] = {"requests": service, "subprocess": service, "asyncio": asyncio, "PRICES": "http://prices"}
    exec(source or code_of("B.BR.LANG1-001", variant=variant), names)
    return names[name]


@pytest.mark.parametrize(("variant", "name"), FORMS)
async def test_the_callers_and_the_health_check_stand_in_one_line(variant: int | None, name: str) -> None:
    service = _Service()
    handler = _handler(variant, name, service)

    async def health() -> None:
        service.log.append("health")

    await asyncio.gather(*(handler(str(one)) for one in range(5)), health())
    assert service.most == 1
    assert service.log == ["call"] * 5 + ["health"]


@pytest.mark.parametrize(("variant", "name"), FORMS)
async def test_in_threads_they_overlap(variant: int | None, name: str) -> None:
    service = _Service(meet=3)
    source = code_of("B.BR.LANG1-001", variant=variant)
    for blocking in ("requests.get(", "subprocess.run("):
        source = source.replace(blocking, f"await asyncio.to_thread({blocking[:-1]}, ")
    handler = _handler(variant, name, service, source)
    await asyncio.gather(*(handler(str(one)) for one in range(3)))
    assert service.most == 3
