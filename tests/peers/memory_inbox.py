"""An inbox of dicts for the tests of adapters: the contract of core.ports.Inbox without a database."""

from bot.core.model import Inbound, ThreadRef
from bot.core.ports import Inbox, Pending


class MemoryInbox:
    """Implements core.ports.Inbox. Shared between two adapters it plays the database that outlives a crash.

    `fail_with` makes the next `accept` calls raise it until it is None again. `calls` lists every call by name, so
    that a test can show that an event touched nothing.
    """

    def __init__(self) -> None:
        self.accepted: dict[str, Inbound] = {}
        self.open: dict[str, Pending] = {}
        self.threads: set[ThreadRef] = set()
        self.finished: list[str] = []
        self.calls: list[str] = []
        self.fail_with: Exception | None = None

    async def accept(self, inbound: Inbound) -> bool:
        self.calls.append("accept")
        if self.fail_with is not None:
            raise self.fail_with
        if inbound.id in self.accepted:
            return False
        self.accepted[inbound.id] = inbound
        self.open[inbound.id] = Pending(inbound=inbound, sent=0, attempted=False)
        return True

    async def attempt(self, inbound_id: str, reply_number: int) -> None:
        self.calls.append("attempt")
        self.open[inbound_id] = Pending(inbound=self.open[inbound_id].inbound, sent=reply_number, attempted=True)

    async def finish(self, inbound_id: str) -> None:
        self.calls.append("finish")
        self.open.pop(inbound_id, None)
        self.finished.append(inbound_id)

    async def unfinished(self, platform: str) -> list[Pending]:
        self.calls.append("unfinished")
        return [one for one in self.open.values() if one.inbound.where.platform == platform]

    async def joins(self, where: ThreadRef) -> bool:
        self.calls.append("joins")
        return where in self.threads

    async def joined(self, where: ThreadRef) -> None:
        self.calls.append("joined")
        self.threads.add(where)


_: type[Inbox] = MemoryInbox
