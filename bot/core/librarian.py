"""A team's documents in chat: administrators take them in, list them and remove them."""

import re
from collections.abc import AsyncIterator

from bot.core.admin import Admins
from bot.core.documents import StoredDocument, workspace_of
from bot.core.errors import InvalidRequest
from bot.core.library import Library
from bot.core.model import Action, Button, Buttons, Inbound, Message, Reply, Table, Text
from knowledge.model import KnowledgeError, Scope

_URL = re.compile(r"^<?(https?://[^\s<>|]+)(?:\|[^>]*)?>?$", re.IGNORECASE)
_MOST = 25


class Librarian:
    """The conversation about documents. In a channel, `channel` keeps a document to that channel."""

    def __init__(self, library: Library, admins: Admins) -> None:
        self._library = library
        self._admins = admins

    def scope(self, inbound: Inbound, *, channel: bool) -> Scope:
        """The scope that is meant; raises InvalidRequest where there is none."""
        workspace = workspace_of(inbound.where)
        if not workspace:
            raise InvalidRequest(
                "A direct message belongs to no server, so I do not know whose documents you mean.",
                next_step="Say that in a channel of your server.",
            )
        return Scope(workspace=workspace, channel=inbound.where.channel if channel and not inbound.direct else "")

    async def ingest(self, message: Message, rest: str) -> AsyncIterator[Reply]:
        """`ingest URL` or `ingest channel URL`."""
        self._admins.require(message, "add documents")
        first, _, second = rest.strip().partition(" ")
        channel = first.lower() == "channel"
        if channel and message.direct:
            raise InvalidRequest(
                "In a direct message there is no channel to keep a document to.",
                next_step="Say that in the channel, or without `channel` for everybody.",
            )
        match = _URL.match((second if channel else rest).strip())
        if match is None:
            raise InvalidRequest(
                "Tell me a web address to read.",
                next_step="Say `ingest https://…`; files and folders go in by `coach ingest` where I run.",
            )
        scope = self.scope(message, channel=channel)
        try:
            fetched = await self._library.fetch(match[1])
            taken = await self._library.take_in(fetched, scope)
        except KnowledgeError as error:
            raise InvalidRequest(str(error), next_step="Nothing of it was kept.") from error
        where = "this channel" if scope.channel else "everybody here"
        lead = {"added": "Added", "replaced": "Read anew", "unchanged": "Known already, unchanged:"}[taken.outcome]
        blocks = [Text(text=f"{lead} “{taken.title}”, {taken.passages} passages, for {where}.")]
        blocks += [Text(text=note, style="quiet") for note in taken.notes]
        yield Reply(blocks=tuple(blocks))

    async def documents(self, message: Message) -> AsyncIterator[Reply]:
        """What this workspace has taken in, as far as it may be seen here: a private channel's stay in it."""
        self._admins.require(message, "see the list of documents")
        workspace = self.scope(message, channel=False)
        scopes = [workspace] if message.direct else [workspace, self.scope(message, channel=True)]
        held = [one for scope in scopes for one in await self._library.held(scope)]
        if not held:
            yield Reply(
                blocks=(Text(text="No documents yet. `ingest https://…` adds a page, `coach ingest` files."),),
                private=True,
            )
            return
        rows = tuple(
            (_kind(one), one.title[:60], one.location[:80], "this channel" if one.scope.channel else "all")
            for one in held[:_MOST]
        )
        blocks: list[Text | Table | Buttons] = [Table(header=("kind", "title", "from", "for"), rows=rows)]
        if len(held) > _MOST:
            blocks.append(Text(text=f"{len(held) - _MOST} more; `coach documents` lists all.", style="quiet"))
        blocks += [Buttons(items=tuple(map(_forget_button, row))) for row in (held[:5], held[5:10]) if row]
        yield Reply(blocks=tuple(blocks), private=True)

    async def forget(self, action: Action) -> AsyncIterator[Reply]:
        """Remove a document by its button."""
        self._admins.require(action, "remove documents")
        gone = await self._library.forget(self.scope(action, channel=False).workspace, [action.argument])
        text = "Removed; I no longer answer from it." if gone else "It was removed already."
        yield Reply(blocks=(Text(text=text),), private=True)


def _forget_button(one: StoredDocument) -> Button:
    return Button(label=f"Forget “{one.title[:22]}”", action="forget_document", argument=one.id, style="danger")


def _kind(one: StoredDocument) -> str:
    return {"file": "file", "url": "page", "note": "note", "alias": "question", "synonyms": "synonyms"}[one.kind]
