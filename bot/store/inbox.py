"""Events addressed to the coach, stored before they are acknowledged."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from bot.core.model import Action, FormSubmitted, Inbound, Message, MessageRef, ThreadRef, UserRef
from bot.core.ports import Clock, Pending
from bot.store.engine import Database
from bot.store.tables import inbound, joined_thread
from bot.store.upsert import insert_new

log = logging.getLogger(__name__)

# built once: to build one takes as long as to run it
_OF_EVENT = update(inbound).where(inbound.c.key == bindparam("event"))
_ATTEMPT = _OF_EVENT.values(sent=bindparam("number"), attempted=True)
_FINISH = _OF_EVENT.values(finished=True, body=None, workspace=None, user_id=None)

_KINDS: Mapping[str, type[Message | Action | FormSubmitted]] = {
    "message": Message,
    "action": Action,
    "form": FormSubmitted,
}


def encode(event: Inbound) -> str:
    """An event as JSON."""
    kind = next(name for name, cls in _KINDS.items() if isinstance(event, cls))
    return json.dumps({"kind": kind, **asdict(event), "at": event.at.isoformat()})


def decode(body: str) -> Inbound:
    """The inverse of `encode`."""
    raw: dict[str, Any] = json.loads(body)
    kind = _KINDS[raw.pop("kind")]
    raw["at"] = datetime.fromisoformat(raw["at"])
    raw["user"] = UserRef(**raw["user"])
    raw["where"] = ThreadRef(**raw["where"])
    if raw.get("message"):
        raw["message"] = MessageRef(thread=ThreadRef(**raw["message"]["thread"]), id=raw["message"]["id"])
    return kind(**raw)


class SqlInbox:
    """`bot.core.ports.Inbox` on the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._joined: set[ThreadRef] = set()

    async def accept(self, event: Inbound) -> bool:
        """See the port."""
        async with self._database.single() as connection:
            return await insert_new(
                connection,
                inbound,
                key=event.id,
                platform=event.user.platform,
                workspace=event.user.workspace,
                user_id=event.user.id,
                body=encode(event),
                finished=False,
                sent=0,
                attempted=False,
                received_at=self._clock.now(),
            )

    async def attempt(self, inbound_id: str, reply_number: int) -> None:
        """See the port."""
        async with self._database.single() as connection:
            await connection.execute(_ATTEMPT, {"event": inbound_id, "number": reply_number})

    async def finish(self, inbound_id: str) -> None:
        """See the port."""
        async with self._database.single() as connection:
            await connection.execute(_FINISH, {"event": inbound_id})

    async def unfinished(self, platform: str) -> list[Pending]:
        """See the port."""
        query = (
            select(inbound.c.body, inbound.c.sent, inbound.c.attempted)
            .where(inbound.c.finished.is_(False), inbound.c.platform == platform)
            .order_by(inbound.c.received_at)
        )
        async with self._database.single() as connection:
            rows = (await connection.execute(query)).all()
        found: list[Pending] = []
        for row in rows:
            try:
                found.append(Pending(inbound=decode(row.body), sent=row.sent, attempted=row.attempted))
            except (KeyError, TypeError, ValueError):
                log.exception("an event stored by another version cannot be read; it stays unanswered")
        return found

    async def joins(self, where: ThreadRef) -> bool:
        """See the port."""
        if where.thread is None:
            return False
        if where in self._joined:
            return True
        query = select(joined_thread.c.thread).where(
            joined_thread.c.platform == where.platform,
            joined_thread.c.workspace == where.workspace,
            joined_thread.c.channel == where.channel,
            joined_thread.c.thread == where.thread,
        )
        async with self._database.single() as connection:
            found = (await connection.execute(query)).first() is not None
        if found:
            self._remember(where)
        return found

    async def joined(self, where: ThreadRef) -> None:
        """See the port."""
        if where.thread is None or where in self._joined:
            return
        place = {
            "platform": where.platform,
            "workspace": where.workspace,
            "channel": where.channel,
            "thread": where.thread,
        }
        now = self._clock.now()
        async with self._database.single() as connection:
            if not await insert_new(connection, joined_thread, **place, last_at=now):
                await connection.execute(update(joined_thread).filter_by(**place).values(last_at=now))
        self._remember(where)

    def _remember(self, where: ThreadRef) -> None:
        if len(self._joined) >= 10_000:
            self._joined.clear()
        self._joined.add(where)
