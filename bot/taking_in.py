"""`coach ingest`, `coach documents` and `coach forget-document`: a team's own documents, at a terminal."""

import json
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from bot.core.documents import StoredDocument
from bot.core.errors import InvalidRequest
from bot.core.library import Library
from bot.reading import DocumentReader, location_of, read_file
from bot.settings import Settings
from bot.store.folder import ready_folder
from bot.store.store import SqlStore, open_store
from jobs.clock import SystemClock
from knowledge.index.embedding_process import PassageEmbedding
from knowledge.ingest.find import documents_in
from knowledge.model import EVERYWHERE, KnowledgeError, Refused, Scope


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[SqlStore, Library]]:
    ready_folder(settings.data_dir)
    clock = SystemClock()
    store = open_store(settings.database_url, settings.data_dir, clock)
    reader, embedding = DocumentReader(), PassageEmbedding(settings.embeddings)
    try:
        yield store, Library(store.documents, reader, embedding, clock)
    finally:
        await reader.close()
        await embedding.close()
        await store.close()


def _is_url(location: str) -> bool:
    return location.lower().startswith(("http://", "https://"))


async def ingest(settings: Settings, locations: list[str], scope: Scope, *, as_json: bool) -> bool:
    """Take in files, folders and pages; what is refused is said and does not stop the others. True if all went in.

    Of a folder that was taken in before, documents whose files are gone are removed. A run that is interrupted goes on
    where it was: what is known already is skipped by its content.
    """
    console = Console(stderr=True, highlight=False)
    results: list[dict[str, object]] = []
    async with _opened(settings) as (_, library):
        await library.sweep()
        todo = list(_sources(locations, results))
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
            overall = shown.add_task("documents", total=len(todo))
            for location, path in todo:
                line = shown.add_task(location[-40:], total=None)
                try:
                    fetched = read_file(path) if path else await library.fetch(location)
                    taken = await library.take_in(fetched, scope, _onto(shown, line))
                    results.append(
                        {
                            "location": fetched.location,
                            "outcome": taken.outcome,
                            "title": taken.title,
                            "passages": taken.passages,
                            "notes": list(taken.notes),
                        }
                    )
                except KnowledgeError as error:
                    results.append({"location": location, "outcome": "refused", "reason": str(error)})
                shown.remove_task(line)
                shown.advance(overall)
        results += await _without_files(library, locations, scope, {location_of(path) for _, path in todo if path})
    _report(results, scope, as_json=as_json)
    return not any(one["outcome"] == "refused" for one in results)


def _onto(shown: Progress, line: TaskID) -> Callable[[int, int], None]:
    return lambda done, total: shown.update(line, completed=done, total=total)


def _sources(locations: list[str], results: list[dict[str, object]]) -> Iterator[tuple[str, Path | None]]:
    for location in locations:
        if _is_url(location):
            yield location, None
            continue
        try:
            for path in documents_in(Path(location)):
                yield str(path), path
        except Refused as error:
            results.append({"location": location, "outcome": "refused", "reason": str(error)})


async def _without_files(
    library: Library, locations: list[str], scope: Scope, found: Collection[str]
) -> list[dict[str, object]]:
    """Remove what came from these folders and is there no more."""
    folders = [Path(location).resolve() for location in locations if not _is_url(location) and Path(location).is_dir()]
    gone: list[StoredDocument] = [
        one
        for one in await library.held(scope)
        if one.kind == "file"
        and one.location not in found
        and any(Path(one.location).is_relative_to(folder) for folder in folders)
        and not Path(one.location).exists()
    ]
    await library.forget(scope.workspace, [one.id for one in gone])
    return [{"location": one.location, "outcome": "removed", "title": one.title} for one in gone]


def _report(results: list[dict[str, object]], scope: Scope, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(results, ensure_ascii=False, indent=2))
        return
    for one in results:
        match one["outcome"]:
            case "refused":
                print(f"✗ {one['location']}: {one['reason']}", file=sys.stderr)
            case "removed":
                print(f"- {one['location']}: removed, the file is gone")
            case outcome:
                print(f"✓ {one['location']}: {outcome}, {one['passages']} passages")
                for note in one.get("notes") or ():  # type: ignore[attr-defined]
                    print(f"    {note}")
    counted = [one for one in results if one["outcome"] in {"added", "replaced", "unchanged"}]
    if counted:
        print(f"{len(counted)} documents, for {_for(scope)}. A running coach answers from them at once.")


def _for(scope: Scope) -> str:
    if scope.channel:
        return f"channel {scope.channel} of {scope.workspace} alone"
    return "everybody this coach serves" if scope.workspace == EVERYWHERE else f"the workspace {scope.workspace}"


async def documents(settings: Settings, scope: Scope, *, as_json: bool) -> None:
    """List what a workspace holds, all its channels included."""
    async with _opened(settings) as (_, library):
        held = await library.held(scope, whole_workspace=not scope.channel)
    if as_json:
        print(json.dumps([_as_object(one) for one in held], ensure_ascii=False, indent=2))
        return
    if not held:
        print(f"Nothing was taken in for {_for(scope)}. `coach ingest PATH` or `coach ingest URL` does.")
    for one in held:
        where = f" [channel {one.scope.channel}]" if one.scope.channel else ""
        print(f"{one.id[:8]}  {one.kind:<8} {one.title[:50]:<50} {one.passages:>6} passages  {one.location}{where}")


def _as_object(one: StoredDocument) -> dict[str, object]:
    return {
        "id": one.id,
        "workspace": one.scope.workspace,
        "channel": one.scope.channel,
        "kind": one.kind,
        "title": one.title,
        "location": one.location,
        "passages": one.passages,
        "added_at": one.added_at.isoformat(),
        "review_at": one.review_at.isoformat() if one.review_at else None,
    }


async def forget_document(settings: Settings, names: list[str], scope: Scope) -> None:
    """Remove documents by id (its first eight characters are enough) or location. Raises InvalidRequest."""
    async with _opened(settings) as (_, library):
        held = await library.held(scope, whole_workspace=not scope.channel)
        for name in names:
            path = location_of(Path(name))
            found = [one for one in held if one.id == name or one.location in {name, path}]
            found = found or [one for one in held if len(name) >= 8 and one.id.startswith(name)]
            if not found:
                raise InvalidRequest(
                    f"No document “{name[:60]}” was taken in for {_for(scope)}.",
                    next_step="`coach documents` lists them; add --workspace for a workspace's own.",
                )
            await library.forget(scope.workspace, [one.id for one in found])
            for one in found:
                print(f"Removed {one.title} ({one.location}).")
