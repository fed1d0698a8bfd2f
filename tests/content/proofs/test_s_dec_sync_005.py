"""S.DEC.SYNC-005: gather passes on a declined payment, and the other effects happen all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.content.proofs.code import code_of


class Declined(Exception):
    """The bank says no."""


def _run(variant: int | None, declined: bool) -> tuple[list[str], str | None]:
    """The effects that happened, and the answer (None: the caller saw the error)."""
    done: list[str] = []

    def step(name: str, says_no: bool = False) -> Callable[[Any], Awaitable[None]]:
        async def call(_: Any) -> None:
            await asyncio.sleep(0)
            if says_no:
                raise Declined
            await asyncio.sleep(0)
            done.append(name)

        return call

    reserve, pay, last, function = [
        ("reserve_stock", "charge_card", "print_label", "place"),
        ("hold_room", "take_deposit", "mail_voucher", "book"),
    ][variant is not None]
    names: dict[str, Any] = {
        "asyncio": asyncio,
        reserve: step("reserved"),
        pay: step("paid", declined),
        last: step("sent"),
    }
    exec(code_of("S.DEC.SYNC-005", fence=0, variant=variant), names)

    async def main() -> str | None:
        try:
            answer: str = await names[function]("o1")
        except Declined:
            for _ in range(5):  # the loop goes on, as in a server
                await asyncio.sleep(0)
            return None
        return answer

    return done, asyncio.run(main())


@pytest.mark.parametrize(("variant", "said"), [(None, "confirmed"), (0, "booked")])
def test_a_declined_payment_leaves_the_other_effects_behind(variant: int | None, said: str) -> None:
    done, answer = _run(variant, declined=False)
    assert (sorted(done), answer) == (["paid", "reserved", "sent"], said)
    done, answer = _run(variant, declined=True)
    assert answer is None
    assert sorted(done) == ["reserved", "sent"]
