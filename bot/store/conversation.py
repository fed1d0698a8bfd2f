"""Turns of conversations, feedback on answers, and the tokens a language model cost."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, select, update

from bot.core.memory import TURNS, Turn
from bot.core.model import ThreadRef, UserRef
from bot.core.ports import Clock
from bot.store.engine import Database
from bot.store.tables import feedback, model_usage, turn
from bot.store.upsert import insert_new
from knowledge.model import TokensUsed


def _place(where: ThreadRef) -> dict[str, str]:
    return {
        "platform": where.platform,
        "place_workspace": where.workspace,
        "channel": where.channel,
        "thread": where.thread or "",
    }


def _turn(row: Row[Any]) -> Turn:
    return Turn(
        id=row.id,
        where=ThreadRef(
            platform=row.platform, workspace=row.place_workspace, channel=row.channel, thread=row.thread or None
        ),
        user=UserRef(platform=row.platform, workspace=row.workspace, id=row.user_id),
        question=row.question,
        band=row.band,
        section_key=row.section_key,
        asked_at=row.asked_at,
    )


_HERE = and_(
    *(turn.c[name] == bindparam(f"here_{name}") for name in ("platform", "place_workspace", "channel", "thread"))
)
_NEWEST = select(turn).where(_HERE).order_by(turn.c.asked_at.desc(), turn.c.id).limit(TURNS)
_EARLIER = _NEWEST.where(turn.c.asked_at > bindparam("since"))
_TRIM = delete(turn).where(_HERE, turn.c.id.not_in(_NEWEST.with_only_columns(turn.c.id)))


def _here(where: ThreadRef) -> dict[str, str]:
    return {f"here_{name}": value for name, value in _place(where).items()}


class SqlConversations:
    """`bot.core.memory.Conversations` on the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _since(self) -> datetime:
        return self._clock.now() - timedelta(days=turn.info["keep_days"])

    async def earlier(self, where: ThreadRef) -> list[Turn]:
        """See the port."""
        async with self._database.single() as connection:
            found = await connection.execute(_EARLIER, {**_here(where), "since": self._since()})
            return [_turn(row) for row in found.all()][::-1]

    async def remember(self, one: Turn) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            await insert_new(
                connection,
                turn,
                id=one.id,
                **_place(one.where),
                workspace=one.user.workspace,
                user_id=one.user.id,
                question=one.question,
                band=one.band,
                section_key=one.section_key,
                asked_at=one.asked_at,
            )
            await connection.execute(_TRIM, _here(one.where))

    async def turn(self, turn_id: str) -> Turn | None:
        """See the port."""
        query = select(turn).where(turn.c.id == turn_id, turn.c.asked_at > self._since())
        async with self._database.single() as connection:
            row = (await connection.execute(query)).first()
        return _turn(row) if row else None

    async def rate(self, one: Turn, user: UserRef, *, good: bool, now: datetime) -> None:
        """See the port."""
        key = {"turn_id": one.id, "platform": user.platform, "workspace": user.workspace, "user_id": user.id}
        said = {"good": good, "section_key": one.section_key, "given_at": now}
        async with self._database.transaction() as connection:
            if not await insert_new(connection, feedback, **key, **said):
                await connection.execute(update(feedback).filter_by(**key).values(**said))


class SqlSpending:
    """`bot.core.memory.Spending` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def spent(self, workspace: str, day: date) -> int:
        """See the port."""
        query = select(model_usage.c.asked + model_usage.c.written).filter_by(workspace=workspace, day=day)
        async with self._database.single() as connection:
            return (await connection.execute(query)).scalar() or 0

    async def spend(self, workspace: str, day: date, used: TokensUsed) -> None:
        """See the port."""
        key = {"workspace": workspace, "day": day}
        async with self._database.transaction() as connection:
            if not await insert_new(connection, model_usage, **key, asked=used.asked, written=used.written):
                await connection.execute(
                    update(model_usage)
                    .filter_by(**key)
                    .values(asked=model_usage.c.asked + used.asked, written=model_usage.c.written + used.written)
                )
