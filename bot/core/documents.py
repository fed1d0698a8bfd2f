"""A team's own documents as the core sees them: what is kept, and who keeps it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.core.model import ThreadRef, UserRef
from knowledge.model import Passage, Scope
from knowledge.ports import Corpus

LONGEST_LOCATION = 1000
DocumentKind = Literal["file", "url", "note", "alias", "synonyms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """Something a workspace took in.

    `location` is the path or URL it came from, or the key of the section that an alias leads to; (scope, location) is
    unique among files and URLs, and has at most `LONGEST_LOCATION` characters. `text` holds a line of synonyms. `embedding`
    names what made its vectors, "" where some are missing. A note may credit its author and be dated for review.
    """

    id: str = ""
    scope: Scope
    kind: DocumentKind
    location: str
    title: str
    content_hash: str
    added_at: datetime
    embedding: str = ""
    passages: int = 0
    text: str = ""
    review_at: datetime | None = None
    credit: UserRef | None = None


class Documents(Corpus, Protocol):
    """Where documents are kept. Nothing of one is found before `publish`."""

    async def documents(self, scope: Scope, *, whole_workspace: bool = False) -> list[StoredDocument]:
        """What exactly this scope holds, oldest first, or all that its workspace holds."""

    async def begin(self, draft: StoredDocument, *, media_type: str, credit: UserRef | None = None) -> str:
        """Start a document; returns its id."""

    async def fill(self, document_id: str, passages: Sequence[Passage], vectors: Sequence[bytes | None]) -> None:
        """Append passages with their vectors (float32, or None)."""

    async def publish(self, document_id: str, *, instead_of: Sequence[str] = ()) -> None:
        """Let it be found, in one step with the removal of those it takes the place of; of a file or URL that others
        have published from the same place meanwhile, the last one stays."""

    async def remove(self, workspace: str, ids: Sequence[str]) -> int:
        """Delete documents of a workspace for good; returns how many there were."""

    async def sweep(self, now: datetime) -> int:
        """Delete what a crash left unfinished; returns how many."""


def workspace_of(where: ThreadRef) -> str:
    """The workspace that a place belongs to, as scopes name it; "" for a place that belongs to none (a Discord DM)."""
    return f"{where.platform}:{where.workspace}" if where.workspace else ""


def scope_of(where: ThreadRef, *, direct: bool) -> Scope:
    """What may be shown in a place: in a direct message the workspace's, in a channel also the channel's own."""
    workspace = workspace_of(where)
    if not workspace:
        return Scope()
    return Scope(workspace=workspace, channel="" if direct else where.channel)
