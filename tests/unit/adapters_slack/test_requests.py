from datetime import UTC, datetime

from bot.adapters.slack.requests import Carry, Requests
from bot.core.model import Message, ThreadRef, UserRef


def message(number: int, carry: str = "") -> Message:
    return Message(
        id=f"slack:T:C:{number}",
        user=UserRef(platform="slack", workspace="T", id="U"),
        where=ThreadRef(platform="slack", workspace="T", channel="C"),
        at=datetime.now(UTC),
        text="x",
        carry=carry,
    )


def test_a_trigger_is_handed_out_once_and_only_while_it_lives() -> None:
    now = 0.0
    requests = Requests(lambda: now)
    for number in (1, 2):
        requests.remember(message(number), "trigger")
    first = requests.of("slack:T:C:1:0")
    assert first is not None
    assert requests.trigger(first) == "trigger"
    again = requests.of("slack:T:C:1:1")
    assert again is not None
    assert requests.trigger(again) is None
    now = 3.0
    second = requests.of("slack:T:C:2:0")
    assert second is not None
    assert requests.trigger(second) is None


def test_the_oldest_events_make_room() -> None:
    requests = Requests()
    for number in range(1500):
        requests.remember(message(number), None)
    assert requests.of("slack:T:C:1:0") is None
    assert requests.of("slack:T:C:1499:0") is not None


def test_what_an_event_carries_survives_a_restart() -> None:
    carry = Carry(response_url="https://x", only=True, ephemeral=True)
    assert Carry.load(carry.dump()) == carry
    assert Carry.load("") == Carry()
    assert Carry.load(Carry().dump()) == Carry()
