"""Writing to people who are not in the conversation at hand: those who asked, those who own a topic."""

import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.core.errors import PlatformError
from bot.core.intake import send_once
from bot.core.model import Reply, ThreadRef, UserRef
from bot.core.ports import Adapter, Clock

log = logging.getLogger(__name__)

Tell = Callable[[ThreadRef | UserRef, Reply, str], Awaitable[bool]]
"""Sends a reply under an idempotency key; whether it went out, or may have. Raises nothing but cancellation."""


class Telling:
    """`Tell` by the adapters of this process."""

    def __init__(self, adapters: Mapping[str, Adapter], clock: Clock) -> None:
        self._adapters = adapters
        self._clock = clock

    async def __call__(self, to: ThreadRef | UserRef, reply: Reply, key: str) -> bool:
        """See `Tell`."""
        adapter = self._adapters.get(to.platform)
        if adapter is None:
            log.warning("%s is not told: %s is not connected here", key, to.platform)
            return False
        try:
            await send_once(adapter, to, reply, key=key, clock=self._clock)
        except PlatformError as error:
            log.warning("%s could not be told: %s", key, error)
            return False
        except Exception:
            log.exception("%s could not be told", key)
            return False
        return True
