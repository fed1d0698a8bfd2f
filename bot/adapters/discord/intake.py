"""The inbox as one run sees it: `resume` must not answer what this run is already answering."""

import asyncio

from bot.core.model import Inbound, ThreadRef
from bot.core.ports import Inbox, Pending


class OnceInbox:
    """A `core.ports.Inbox` over another; `unfinished` leaves out what was accepted through this object."""

    def __init__(self, inner: Inbox) -> None:
        self._inner = inner
        self._mine: set[str] = set()
        self._listed = False
        self._order = asyncio.Lock()

    async def accept(self, inbound: Inbound) -> bool:
        """As the port."""
        if self._listed:
            return await self._inner.accept(inbound)
        async with self._order:
            new = await self._inner.accept(inbound)
            if new:
                self._mine.add(inbound.id)
            return new

    async def attempt(self, inbound_id: str, reply_number: int) -> None:
        """As the port."""
        await self._inner.attempt(inbound_id, reply_number)

    async def finish(self, inbound_id: str) -> None:
        """As the port."""
        await self._inner.finish(inbound_id)

    async def unfinished(self, platform: str) -> list[Pending]:
        """As the port, without what this run accepted: that is being answered."""
        async with self._order:
            pending = await self._inner.unfinished(platform)
            mine, self._mine, self._listed = self._mine, set(), True
        return [one for one in pending if one.inbound.id not in mine]

    async def joins(self, where: ThreadRef) -> bool:
        """As the port."""
        return await self._inner.joins(where)

    async def joined(self, where: ThreadRef) -> None:
        """As the port."""
        await self._inner.joined(where)
