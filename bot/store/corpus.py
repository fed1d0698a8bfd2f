"""A team's documents, passage by passage; the scope that may see them is part of every query."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, false, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.core.documents import LONGEST_LOCATION, StoredDocument
from bot.core.model import UserRef
from bot.store.engine import Database
from bot.store.tables import contribution, document, index_generation, passage
from bot.store.upsert import insert_new
from knowledge.model import CorpusPart, Passage, PassageKind, Scope, Source, StoredSection

_ABANDONED = timedelta(hours=2)
"""After which a document that never became ready is the rest of a crash."""
_CHUNK = 500
_FROM_A_PLACE = ("file", "url")
"""The kinds of which a place holds one."""


def _of(scope: Scope) -> ColumnElement[bool]:
    return and_(document.c.workspace == scope.workspace, document.c.channel == scope.channel)


def _seen_by(scopes: Sequence[Scope]) -> ColumnElement[bool]:
    return and_(document.c.ready, or_(false(), *(_of(scope) for scope in scopes)))


def _may_be_seen_by(scopes: Sequence[Scope]) -> ColumnElement[bool]:
    """The same, of passages that are named: `|| ''` keeps SQLite from walking through all that the scopes hold."""
    held = (and_(document.c.workspace.concat("") == one.workspace, document.c.channel == one.channel) for one in scopes)
    return and_(document.c.ready, or_(false(), *held))


def _document(row: Row[Any]) -> StoredDocument:
    return StoredDocument(
        id=row.id,
        scope=Scope(workspace=row.workspace, channel=row.channel),
        kind=row.kind,
        location=row.location,
        title=row.title,
        content_hash=row.content_hash,
        embedding=row.embedding,
        passages=row.passages,
        text=row.text,
        added_at=row.added_at,
        review_at=row.review_at,
        credit=UserRef(platform=row.platform, workspace=row.author_workspace, id=row.user_id) if row.user_id else None,
    )


_DOCUMENTS = select(
    document,
    contribution.c.platform,
    contribution.c.workspace.label("author_workspace"),
    contribution.c.user_id,
).outerjoin(contribution, contribution.c.document_id == document.c.id)

_GENERATIONS = select(index_generation).where(index_generation.c.workspace.in_(bindparam("workspaces", expanding=True)))
# `|| ''` keeps SQLite from walking through all that the scopes hold
_HELD = tuple_(document.c.workspace.concat(""), document.c.channel).in_(bindparam("scopes", expanding=True))
_SECTIONS = (
    select(
        passage.c.section_key, passage.c.section, passage.c.text, document.c.title, document.c.kind, document.c.location
    )
    .join(document)
    .where(document.c.ready, _HELD, passage.c.section_key.in_(bindparam("keys", expanding=True)))
    .where(passage.c.kind == "block")
    .order_by(passage.c.document_id, passage.c.number)
)


class SqlCorpus:
    """`knowledge.ports.Corpus` and `bot.core.ports.Documents` on the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- reading -----------------------------------------------------------------------------

    async def generations(self, workspaces: Sequence[str]) -> dict[str, int]:
        """See the port."""
        async with self._database.single() as connection:
            found = await connection.execute(_GENERATIONS, {"workspaces": list(workspaces)})
            return {row.workspace: row.number for row in found}

    async def parts(self, scope: Scope) -> list[CorpusPart]:
        """See the port."""
        query = (
            select(document.c.id, document.c.kind, document.c.passages, document.c.embedding, document.c.text)
            .where(_seen_by([scope]))
            .order_by(document.c.added_at, document.c.id)
        )
        async with self._database.single() as connection:
            return [
                CorpusPart(id=row.id, kind=row.kind, passages=row.passages, embedding=row.embedding, text=row.text)
                for row in await connection.execute(query)
            ]

    async def contents(self, scope: Scope, part_id: str) -> list[tuple[Passage, bytes | None]]:
        """See the port."""
        query = (
            select(passage).join(document).where(_seen_by([scope]), document.c.id == part_id).order_by(passage.c.number)
        )
        async with self._database.single() as connection:
            return [(_passage(row), row.vector) for row in await connection.execute(query)]

    async def passages(self, scopes: Sequence[Scope], ids: Sequence[str]) -> dict[str, tuple[Passage, bytes | None]]:
        """See the port."""
        numbers: dict[str, list[int]] = {}
        for name in ids:
            part, _, number = name.rpartition(".")
            numbers.setdefault(part, []).append(int(number))
        wanted = [and_(passage.c.document_id == part, passage.c.number.in_(some)) for part, some in numbers.items()]
        if not wanted:
            return {}
        return await self._found(select(passage).join(document).where(_may_be_seen_by(scopes), or_(*wanted)))

    async def wholes(self, scopes: Sequence[Scope], keys: Sequence[str]) -> dict[str, tuple[Passage, bytes | None]]:
        """See the port."""
        query = (
            select(passage)
            .join(document)
            .where(_may_be_seen_by(scopes), passage.c.section_key.in_(keys), passage.c.kind == "section")
        )
        return await self._found(query) if keys else {}

    async def _found(self, query: Any) -> dict[str, tuple[Passage, bytes | None]]:
        async with self._database.single() as connection:
            return {
                f"{row.document_id}.{row.number}": (_passage(row), row.vector)
                for row in await connection.execute(query)
            }

    async def sections(self, scopes: Sequence[Scope], keys: Sequence[str]) -> dict[str, StoredSection]:
        """See the port."""
        seen = [(one.workspace, one.channel) for one in scopes]
        blocks: dict[str, list[str]] = {}
        heads: dict[str, Any] = {}
        async with self._database.single() as connection:
            for row in await connection.execute(_SECTIONS, {"scopes": seen, "keys": list(keys)}):
                blocks.setdefault(row.section_key, []).append(row.text)
                heads[row.section_key] = row
        return {
            key: StoredSection(
                heading=heads[key].section,
                blocks=tuple(texts),
                title=heads[key].title,
                url=heads[key].location if heads[key].kind == "url" else None,
            )
            for key, texts in blocks.items()
        }

    async def documents(self, scope: Scope, *, whole_workspace: bool = False) -> list[StoredDocument]:
        """See the port."""
        where = document.c.workspace == scope.workspace if whole_workspace else _of(scope)
        query = _DOCUMENTS.where(where, document.c.ready).order_by(
            document.c.channel, document.c.added_at, document.c.id
        )
        async with self._database.single() as connection:
            return [_document(row) for row in await connection.execute(query)]

    async def overview(self, embedding: str) -> tuple[int, int, int]:
        """How many documents and passages there are, and how many documents have vectors of another embedding."""
        query = select(func.count(), func.coalesce(func.sum(document.c.passages), 0)).where(document.c.ready)
        stale = select(func.count()).where(document.c.ready, document.c.passages > 0, document.c.embedding != embedding)
        async with self._database.single() as connection:
            count, passages = (await connection.execute(query)).one()
            return count, int(passages), (await connection.execute(stale)).scalar_one()

    # --- writing -----------------------------------------------------------------------------

    async def begin(self, draft: StoredDocument, *, media_type: str, credit: UserRef | None = None) -> str:
        """See the port."""
        name = str(uuid.uuid4())
        async with self._database.transaction() as connection:
            await connection.execute(
                insert(document).values(
                    id=name,
                    workspace=draft.scope.workspace,
                    channel=draft.scope.channel,
                    kind=draft.kind,
                    location=draft.location[:LONGEST_LOCATION],
                    title=draft.title[:300],
                    media_type=media_type[:100],
                    content_hash=draft.content_hash,
                    embedding=draft.embedding,
                    passages=0,
                    ready=False,
                    text=draft.text,
                    added_at=draft.added_at,
                    review_at=draft.review_at,
                )
            )
            if credit is not None:
                await connection.execute(
                    insert(contribution).values(
                        document_id=name, platform=credit.platform, workspace=credit.workspace, user_id=credit.id
                    )
                )
        return name

    async def fill(self, document_id: str, passages: Sequence[Passage], vectors: Sequence[bytes | None]) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            start = await self._count(connection, document_id)
            rows = [
                {
                    "document_id": document_id,
                    "number": start + number,
                    "source": one.source,
                    "section_key": one.key,
                    "section": one.section[:300],
                    "kind": one.kind,
                    "text": one.text,
                    "vector": vector,
                }
                for number, (one, vector) in enumerate(zip(passages, vectors, strict=True))
            ]
            for first in range(0, len(rows), _CHUNK):
                await connection.execute(insert(passage), rows[first : first + _CHUNK])
            held: dict[str, Any] = {"passages": start + len(rows)}
            if None in vectors:
                held["embedding"] = ""
            await connection.execute(update(document).where(document.c.id == document_id).values(**held))

    @staticmethod
    async def _count(connection: AsyncConnection, document_id: str) -> int:
        found = await connection.execute(select(document.c.passages).where(document.c.id == document_id))
        return int(found.scalar_one())

    async def publish(self, document_id: str, *, instead_of: Sequence[str] = ()) -> None:
        """See the port."""
        async with self._database.transaction() as connection:
            new = (
                await connection.execute(
                    update(document).where(document.c.id == document_id).values(ready=True).returning(document)
                )
            ).one()
            await self._changed(connection, new.workspace)  # first: from here on others who publish wait for this
            same = and_(document.c.channel == new.channel, document.c.location == new.location, document.c.ready)
            gone: list[ColumnElement[bool]] = [document.c.id.in_(instead_of)]
            if new.kind in _FROM_A_PLACE:
                gone.append(and_(same, document.c.kind.in_(_FROM_A_PLACE)))
            await connection.execute(
                delete(document).where(document.c.workspace == new.workspace, document.c.id != document_id, or_(*gone))
            )

    async def remove(self, workspace: str, ids: Sequence[str]) -> int:
        """See the port."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                delete(document)
                .where(document.c.workspace == workspace, document.c.id.in_(ids))
                .returning(document.c.id)
            )
            count = len(gone.all())
            if count:
                await self._changed(connection, workspace)
        return count

    async def sweep(self, now: datetime) -> int:
        """See the port."""
        async with self._database.transaction() as connection:
            gone = await connection.execute(
                delete(document)
                .where(document.c.ready.is_(False), document.c.added_at < now - _ABANDONED)
                .returning(document.c.id)
            )
            return len(gone.all())

    @staticmethod
    async def _changed(connection: AsyncConnection, workspace: str) -> None:
        if not await insert_new(connection, index_generation, workspace=workspace, number=1):
            await connection.execute(
                update(index_generation)
                .where(index_generation.c.workspace == workspace)
                .values(number=index_generation.c.number + 1)
            )


def _passage(row: Row[Any]) -> Passage:
    return Passage(
        id=f"{row.document_id}.{row.number}",
        source=cast("Source", row.source),
        key=row.section_key,
        section=row.section,
        text=row.text,
        kind=cast("PassageKind", row.kind),
    )
