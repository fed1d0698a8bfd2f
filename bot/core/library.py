"""Taking in a team's documents: read, cut, embed, keep; the same content is not taken in twice."""

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bot.core.documents import LONGEST_LOCATION, DocumentKind, Documents, StoredDocument
from bot.core.errors import InvalidRequest
from bot.core.guard import storable
from bot.core.model import UserRef
from bot.core.ports import Clock
from knowledge.model import DocumentSection, KnowledgeError, ParsedDocument, Passage, Scope, Source
from knowledge.passages import document_passages

log = logging.getLogger(__name__)

_LOT = 256
"""Passages embedded and stored together."""
NOTE_IS_REVIEWED_AFTER = timedelta(days=180)
Progress = Callable[[int, int], None]
"""Called with (passages done, passages in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The bytes behind a file or URL."""

    location: str
    name: str
    data: bytes
    media_type: str = ""
    kind: DocumentKind = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a document."""

    outcome: Literal["added", "replaced", "unchanged"]
    title: str
    passages: int
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """Gets documents and takes them apart, where they can do no harm."""

    async def fetch(self, url: str) -> Fetched:
        """What is behind a public URL; raises Refused."""

    async def parse(self, fetched: Fetched) -> ParsedDocument:
        """The document's sections; raises Refused."""


class PassageEmbedder(Protocol):
    """Vectors for many passages."""

    @property
    def name(self) -> str:
        """Of the embedding, as documents are marked with it."""

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One vector (float32) a text; raises KnowledgeError where there is no embedding."""


class Library:
    """What a workspace has taken in."""

    def __init__(self, documents: Documents, reader: Reader, embedder: PassageEmbedder, clock: Clock) -> None:
        self._documents = documents
        self._reader = reader
        self._embedder = embedder
        self._clock = clock

    async def fetch(self, url: str) -> Fetched:
        """See `Reader`."""
        return await self._reader.fetch(url)

    async def take_in(self, fetched: Fetched, scope: Scope, progress: Progress | None = None) -> Taken:
        """Take in a document. One from the same place with other content is replaced in one step; with the same
        content nothing is done. Raises Refused; then nothing is stored."""
        digest = hashlib.sha256(fetched.data).hexdigest()
        location = storable(fetched.location)[:LONGEST_LOCATION]
        held = [one for one in await self._documents.documents(scope) if one.location == location]
        for one in held:
            if one.content_hash == digest and one.embedding == self._embedder.name and one.passages:
                return Taken(outcome="unchanged", title=one.title, passages=one.passages)
        parsed = await self._reader.parse(fetched)
        draft = StoredDocument(
            scope=scope,
            kind=fetched.kind,
            location=location,
            title=storable(parsed.title or fetched.name),
            content_hash=digest,
            added_at=self._clock.now(),
            embedding=self._embedder.name,
        )
        count = await self._keep(
            draft,
            lambda name: document_passages(name, parsed),
            media_type=fetched.media_type,
            instead_of=[one.id for one in held],
            progress=progress,
        )
        return Taken(outcome="replaced" if held else "added", title=draft.title, passages=count, notes=parsed.notes)

    async def note(self, scope: Scope, topic: str, text: str, *, by: UserRef, questions: Collection[str] = ()) -> str:
        """Keep an answer that somebody wrote to these questions, credited and dated for review; returns the key of its
        section."""
        blocks = tuple(block.strip() for block in text.split("\n\n") if block.strip())
        parsed = ParsedDocument(title="Team notes", sections=(DocumentSection(heading=topic, path=(), blocks=blocks),))
        now = self._clock.now()
        draft = self._draft(scope, "note", topic, text, now, review_at=now + NOTE_IS_REVIEWED_AFTER)
        keys: list[str] = []

        def cut(name: str) -> list[Passage]:
            found = document_passages(name, parsed)
            keys.append(found[0].key)
            asked = (replace(found[0], id=f"{keys[0]}.q{n}", text=one, kind="alias") for n, one in enumerate(questions))
            return [*found, *asked]

        await self._keep(draft, cut, credit=by)
        return keys[0]

    async def alias(self, scope: Scope, section_key: str, heading: str, question: str) -> None:
        """Let a question lead to a section of the article or of a document."""
        source: Source = "article" if section_key.startswith("article:") else "documents"
        passage = Passage(id="", source=source, key=section_key, section=heading, text=question, kind="alias")
        draft = self._draft(scope, "alias", section_key, question, self._clock.now())
        await self._keep(draft, lambda _name: [passage])

    async def synonyms(self, scope: Scope, words: Collection[str]) -> None:
        """Let words mean the same."""
        line = ", ".join(dict.fromkeys(word.strip().lower() for word in words if word.strip()))
        if "," not in line:
            raise InvalidRequest("Synonyms are two words or more.", next_step="Separate them by commas.")
        draft = self._draft(scope, "synonyms", line, line, self._clock.now(), text=line)
        await self._keep(draft, lambda _name: [])

    def _draft(
        self,
        scope: Scope,
        kind: DocumentKind,
        location: str,
        content: str,
        now: datetime,
        *,
        text: str = "",
        review_at: datetime | None = None,
    ) -> StoredDocument:
        return StoredDocument(
            scope=scope,
            kind=kind,
            location=location,
            title={"note": "Team notes", "alias": content, "synonyms": content}[kind],
            content_hash=hashlib.sha256(content.encode()).hexdigest(),
            added_at=now,
            embedding=self._embedder.name,
            text=text,
            review_at=review_at,
        )

    async def _keep(
        self,
        draft: StoredDocument,
        cut: Callable[[str], Sequence[Passage]],
        *,
        media_type: str = "",
        instead_of: Sequence[str] = (),
        credit: UserRef | None = None,
        progress: Progress | None = None,
    ) -> int:
        name = await self._documents.begin(draft, media_type=media_type, credit=credit)
        try:
            passages = cut(name)
            for start in range(0, len(passages), _LOT):
                lot = passages[start : start + _LOT]
                await self._documents.fill(name, lot, await self._vectors([one.text for one in lot]))
                if progress is not None:
                    progress(start + len(lot), len(passages))
            await self._documents.publish(name, instead_of=instead_of)
        except BaseException:
            await self._documents.remove(draft.scope.workspace, [name])
            raise
        return len(passages)

    async def _vectors(self, texts: Sequence[str]) -> Sequence[bytes | None]:
        try:
            return await self._embedder.embed(texts)
        except KnowledgeError as error:
            log.warning("kept without vectors, keywords alone find it: %s", error)
            return [None] * len(texts)

    async def held(self, scope: Scope, *, whole_workspace: bool = False) -> list[StoredDocument]:
        """What a scope holds."""
        return await self._documents.documents(scope, whole_workspace=whole_workspace)

    async def forget(self, workspace: str, ids: Sequence[str]) -> int:
        """Remove documents; returns how many there were."""
        return await self._documents.remove(workspace, ids)

    async def sweep(self) -> int:
        """Remove what a crash left unfinished."""
        return await self._documents.sweep(self._clock.now())
