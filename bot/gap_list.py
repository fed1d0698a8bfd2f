"""`coach gaps`: questions without an answer, grouped, at a terminal; and giving them one."""

import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.adapters.console import terminal_user
from bot.app import configured, create_adapter
from bot.core.errors import ConfigurationError, InvalidRequest
from bot.core.gaps import SHORT_ID, Group, Workspace, containing, grouped
from bot.core.guide import Connectable
from bot.core.library import Library
from bot.core.model import Reply, ThreadRef, UserRef
from bot.core.ports import Adapter
from bot.core.resolving import Resolved, Resolving
from bot.core.telling import Telling
from bot.reading import DocumentReader
from bot.settings import Settings
from bot.store.folder import ready_folder
from bot.store.store import SqlStore, open_store
from jobs.clock import SystemClock
from knowledge.index.embedding_process import PassageEmbedding
from knowledge.loader import load_article
from knowledge.model import EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of the command; at most one of the first five is given."""

    answer: str = ""
    alias: str = ""
    synonyms: str = ""
    dismiss: str = ""
    cases: bool = False
    topic: str = ""
    text: str = ""
    section: str = ""

    def check(self) -> None:
        """Raises InvalidRequest for options that do not go together."""
        doing = [one for one in ("answer", "alias", "synonyms", "dismiss", "cases") if getattr(self, one)]
        if len(doing) > 1:
            raise InvalidRequest(
                f"--{doing[0]} and --{doing[1]} are two things to do.", next_step="Give one of them at a time."
            )
        self._needs("answer", "topic", 'Add --topic "…" and --text "…".')
        self._needs("answer", "text", 'Add --topic "…" and --text "…".')
        self._needs("alias", "section", 'Add --section "…", a heading of the article.')

    def _needs(self, option: str, other: str, step: str) -> None:
        if bool(getattr(self, option)) != bool(getattr(self, other)):
            raise InvalidRequest(
                f"--{option} and --{other} belong together.",
                next_step=step if getattr(self, option) else f"Add --{option} ID.",
            )


class _Platforms:
    """Tells people on the platforms that are configured; an adapter is made when the first message needs it."""

    def __init__(self, settings: Settings, store: SqlStore, clock: SystemClock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._adapters: dict[str, Adapter] = {}

    async def __call__(self, to: ThreadRef | UserRef, reply: Reply, key: str) -> bool:
        """See `bot.core.telling.Tell`."""
        if to.platform not in self._adapters and to.platform in configured(self._settings):
            try:
                made = create_adapter(to.platform, self._settings, self._store.inbox, self._clock)
            except ConfigurationError as error:
                print(f"{to.platform}: {error}", file=sys.stderr)
                return False
            self._adapters[to.platform] = made
        return await Telling(self._adapters, self._clock)(to, reply, key)

    async def close(self) -> None:
        for adapter in self._adapters.values():
            if isinstance(adapter, Connectable):
                await adapter.close()


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[SqlStore, Resolving, Library]]:
    ready_folder(settings.data_dir)
    clock = SystemClock()
    store = open_store(settings.database_url, settings.data_dir, clock)
    reader, embedding, platforms = (
        DocumentReader(),
        PassageEmbedding(settings.embeddings),
        _Platforms(settings, store, clock),
    )
    library = Library(store.documents, reader, embedding, clock)
    try:
        yield store, Resolving(store.gaps, library, load_article(), clock, platforms), library
    finally:
        await platforms.close()
        await reader.close()
        await embedding.close()
        await store.close()


def workspace_named(text: str) -> Workspace:
    """The workspace behind `--workspace`; its id may be empty. Raises InvalidRequest."""
    platform, colon, name = text.partition(":")
    if not colon or not platform:
        raise InvalidRequest(
            f"“{text[:40]}” is no workspace.",
            next_step="Use PLATFORM:ID, such as slack:T0123ABC; `discord:` and `console:` are those without one.",
        )
    return Workspace(platform=platform, id=name)


async def gaps(settings: Settings, workspace: str, wanted: Wanted, *, as_json: bool) -> None:
    """List groups, or do one thing to one of them. Raises InvalidRequest."""
    wanted.check()
    only = workspace_named(workspace) if workspace else None
    async with _opened(settings) as (store, resolving, library):
        if wanted.cases:
            await _cases(store, only or Workspace(platform="", id=""))
        elif wanted.synonyms:
            scope = (only or Workspace(platform="", id="")).scope
            await library.synonyms(scope, wanted.synonyms.split(","))
            print("Saved. A running coach searches for them at once.")
        else:
            found = await _groups(store, only)
            name = wanted.answer or wanted.alias or wanted.dismiss
            if name:
                await _deal_with(resolving, found, name, wanted)
            else:
                _list(found, as_json=as_json)


async def _groups(store: SqlStore, only: Workspace | None) -> dict[Workspace, list[Group]]:
    places = [Workspace(platform=platform, id=name) for platform, name in await store.gaps.workspaces()]
    return {place: grouped(await store.gaps.open(place.platform, place.id)) for place in ([only] if only else places)}


async def _deal_with(resolving: Resolving, found: Mapping[Workspace, list[Group]], name: str, wanted: Wanted) -> None:
    matches = [(place, group) for place, groups in found.items() if (group := containing(groups, name))]
    if len(matches) != 1:
        raise InvalidRequest(
            f"No open question has the id “{name[:40]}”." if not matches else f"“{name[:40]}” means two questions.",
            next_step=f"`coach gaps` lists the ids ({SHORT_ID} characters).",
        )
    place, group = matches[0]
    if wanted.dismiss:
        count = await resolving.dismiss(place, group)
        print(f"Off the list: {count} like “{group.question}”")
        return
    me = terminal_user()
    if wanted.alias:
        done = await resolving.lead(place, group, wanted.section, by=me)
        lead = f"Questions like “{group.question}” lead to “{done.heading}” now."
    else:
        done = await resolving.answer(place, group, wanted.topic, wanted.text, by=me)
        lead = f"Saved under “{done.heading}”, credited to {me.id}"
        lead += f", to be reviewed in {done.review_at:%B %Y}." if done.review_at else "."
    print(f"{lead} {_people(done)}A running coach answers with it at once.")


def _people(done: Resolved) -> str:
    told = f"Told {done.told} who asked. " if done.told else ""
    return told + (f"{done.missed} of those who asked could not be reached. " if done.missed else "")


def _list(found: Mapping[Workspace, list[Group]], *, as_json: bool) -> None:
    if as_json:
        rows = [_as_object(place, group) for place, groups in found.items() for group in groups]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not any(found.values()):
        print("Nothing waits for an answer.")
        return
    for place, groups in found.items():
        for group in groups:
            print(f"{group.id}  {len(group.gaps):>3}x  {place.platform}:{place.id}  {group.question}  ({group.why})")
            for wording in group.wordings[1:]:
                print(f"{'':8}         {wording}")
    print('\n`coach gaps --answer ID --topic "…" --text "…"` answers one; --alias, --synonyms and --dismiss help, too.')


def _as_object(place: Workspace, group: Group) -> dict[str, object]:
    return {
        "id": group.id,
        "workspace": f"{place.platform}:{place.id}",
        "question": group.question,
        "wordings": group.wordings,
        "times": len(group.gaps),
        "reasons": sorted({gap.reason for gap in group.gaps}),
        "first_asked_at": group.gaps[0].asked_at.isoformat(),
        "last_asked_at": group.gaps[-1].asked_at.isoformat(),
    }


async def _cases(store: SqlStore, workspace: Workspace) -> None:
    """The workspace's own evaluation, as `coach eval` reads it."""
    name = workspace.scope.workspace
    cases = await store.gaps.cases(name)
    if not cases:
        print(f"Nothing was answered for {'everybody' if name == EVERYWHERE else name} yet.", file=sys.stderr)
    for number, case in enumerate(cases, start=1):
        line = {
            "id": f"{name}/{number}",
            "question": case.question,
            "answerable": True,
            "gold_section": case.section,
            "gold_quote": case.quote,
            "also_ok": [],
        }
        print(json.dumps(line, ensure_ascii=False))
