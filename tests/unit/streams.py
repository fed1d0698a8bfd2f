"""Subscriptions that were never stored, for the tests of pure functions."""

from datetime import time
from typing import Any

from bot.core.balance import DEFAULT_SPLIT
from bot.core.records import Subscription
from tests.stores import person


def a_stream(**given: Any) -> Subscription:
    """Active at 09:00 UTC, Monday to Friday."""
    values: dict[str, Any] = {
        "id": "s1",
        "target": person(),
        "learner_id": "l1",
        "active": True,
        "zone": "UTC",
        "local_time": time(9),
        "days": frozenset(range(5)),
        "split": DEFAULT_SPLIT,
        **given,
    }
    return Subscription(**values)
