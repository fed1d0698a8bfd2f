"""What the `coach` commands do at a terminal; imported by the command that needs it."""

import asyncio
import json
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from bot.core.errors import ConfigurationError, InvalidRequest
from bot.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.core.answering import Answering
    from bot.core.model import Answer, UserRef
    from knowledge.model import Scope, Source
    from knowledge.ports import Corpus

SOURCES = {"article": ("article",), "curriculum": ("curriculum",), "documents": ("documents",)}


async def chat(settings: Settings) -> None:
    """The coach in the terminal; the first screen stands before anything heavy is imported."""
    from rich.console import Console

    from bot.core.first_minute import INCIDENT
    from bot.store.folder import held_folder

    console = Console(highlight=False)
    with held_folder(settings.data_dir):
        met = settings.data_dir / "first-minute-done"
        console.print("[bold]Backend Coach[/bold]  [dim]type `help` for what I can do, `quit` to leave[/dim]\n")
        if not met.exists():
            for line in INCIDENT:
                console.print(line)
            console.print()
        await _converse(settings, console, None if met.exists() else met)


async def _converse(settings: Settings, console: object, unmet: Path | None) -> None:
    from rich.console import Console

    from bot.adapters.console import ConsoleAdapter
    from bot.app import index_folder, open_app
    from bot.core.first_minute import FirstMinute
    from bot.core.ports import Handler
    from jobs.clock import SystemClock, Ticker

    assert isinstance(console, Console)
    clock = SystemClock()
    async with open_app(settings, clock, index=index_folder(settings)) as app:
        adapter = ConsoleAdapter(
            app.store.inbox,
            clock,
            state=settings.data_dir / "console.json",
            downloads=Path(),
            console=console,
        )
        app.adapters[adapter.name] = adapter
        app.retriever.start()
        handle: Handler = app.coach.handle
        if unmet is not None:
            handle = FirstMinute(app.coach.handle, unmet.touch, app.coach.is_command).handle
        ticking = asyncio.create_task(Ticker(app.jobs()).run())
        try:
            await adapter.run(handle)
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)


def chosen(source: str) -> "tuple[Source, ...]":
    """The sources behind `--source`; raises InvalidRequest."""
    if source == "all":
        return ("article", "curriculum", "documents")
    if source not in SOURCES:
        raise InvalidRequest(
            f"There is no source “{source[:40]}”.", next_step="Use article, curriculum, documents or all."
        )
    return SOURCES[source]  # type: ignore[return-value]


async def ask(settings: Settings, question: str, source: str, scope: "Scope", *, as_json: bool, started: float) -> None:
    """One question; with its own index in memory while another process holds the folder."""
    from bot.core.guard import clean

    if not clean(question):
        raise InvalidRequest("The question is empty.", next_step='Try coach ask "why does depth matter more now?"')
    sources = chosen(source)
    async with answering(settings, sources) as (answers, _):
        from bot.core.answering import Asked

        answer = await answers.answer(Asked(question=question, sources=sources, scope=scope))
        written: list[str] = []
        if settings.model and answer.band == "answer":
            written = await _written(settings, question, answer, show=not as_json)
    if as_json:
        print(
            json.dumps(as_object(answer, (time.perf_counter() - started) * 1000, written), ensure_ascii=False, indent=2)
        )
    else:
        print_answer(answer)


@asynccontextmanager
async def answering(
    settings: Settings, sources: "Sequence[Source]"
) -> "AsyncIterator[tuple[Answering, Corpus | None]]":
    """What answers at a terminal, and the documents it answers from; they are opened only where they are asked."""
    from bot.core.answering import Answering
    from bot.store.folder import held_folder
    from knowledge.index.opening import WarmingRetriever
    from knowledge.loader import load_article, load_curriculum

    article = load_article()
    async with AsyncExitStack() as stack:
        index: Path | None = settings.data_dir / "index"
        try:
            stack.enter_context(held_folder(settings.data_dir))
        except ConfigurationError:
            index = None
        corpus: Corpus | None = None
        if "documents" in sources:
            from bot.store.store import open_store
            from jobs.clock import SystemClock

            store = open_store(settings.database_url, settings.data_dir, SystemClock())
            stack.push_async_callback(store.close)
            corpus = store.documents
        retriever = WarmingRetriever(index, article, load_curriculum(), corpus, embedding=settings.embeddings)
        retriever.start()
        yield Answering(retriever, article), corpus


async def _written(settings: Settings, question: str, answer: "Answer", *, show: bool) -> list[str]:
    """The sentences a model writes from the answer's quotes; shown as they are checked."""
    from bot.core.writing import Writing
    from bot.store.store import open_store
    from jobs.clock import SystemClock
    from knowledge.writer import open_writer

    clock = SystemClock()
    store = open_store(settings.database_url, settings.data_dir, clock)
    texts: list[str] = []
    try:
        writer = await asyncio.to_thread(open_writer, settings.model)
        writing = Writing(writer, store.spending, clock, budget=settings.model_budget)
        async for sentences in writing.sentences(question, answer, (), "terminal"):
            if show:
                print(sentences[len(texts) :][0], flush=True)
            texts = sentences
        if not texts:
            print("coach: the model wrote nothing that the quotes carry; these are the quotes.", file=sys.stderr)
    finally:
        await store.close()
    return texts


def as_object(answer: "Answer", milliseconds: float, written: "Sequence[str]" = ()) -> dict[str, object]:
    """What `coach ask --json` prints."""
    from knowledge.model import SOURCE_LABELS

    keys = {label: source for source, label in SOURCE_LABELS.items()}
    return {
        "band": answer.band,
        "text": " ".join(written) or answer.text,
        "quotes": [
            {"source": keys[quote.citation.source], "section": quote.citation.section, "text": quote.text}
            for quote in answer.quotes
        ],
        "sections": [
            {"source": found.source, "section": found.section, "score": found.score} for found in answer.sections
        ],
        "confidence": answer.confidence,
        "ms": round(milliseconds, 1),
    }


def print_answer(answer: "Answer") -> None:
    """The answer for a person."""
    from rich.console import Console
    from rich.panel import Panel
    from rich.text import Text

    from bot.core.answering import merged

    console = Console(highlight=False)
    if answer.source == "curriculum" and answer.band == "answer":
        console.print(Text("From the practice notes:", style="dim"))
    if answer.band != "answer":
        console.print(Text(answer.text))
    for quote in merged(answer.quotes):
        where = f"{quote.citation.source}, “{quote.citation.place}”"
        console.print(Panel(Text(quote.text), subtitle=Text(where), subtitle_align="left"))


def parse_person(text: str) -> "UserRef":
    """`PLATFORM:WORKSPACE:USER`, or the person at this terminal for ""."""
    from bot.core.model import UserRef

    if not text:
        from bot.adapters.console import terminal_user

        return terminal_user()
    parts = text.encode("utf-8", "replace").decode().split(":")  # an argument need not be text
    if len(parts) != 3 or not parts[0] or not parts[2]:
        raise InvalidRequest(
            f"“{text[:60]}” is not a person.", next_step="Use PLATFORM:WORKSPACE:USER, such as slack:T012:U345."
        )
    return UserRef(platform=parts[0], workspace=parts[1], id=parts[2])


async def plan(prompts: int, split: str, for_user: str, *, as_json: bool) -> None:
    """The next prompts of a stream, by the function that delivery calls."""
    from bot.core.balance import DEFAULT_SPLIT, parse_split
    from bot.core.prompts import paused_for, without
    from bot.core.stream import Stream
    from bot.core.stream import plan as planned
    from knowledge.loader import load_curriculum

    curriculum = load_curriculum()
    shares, stream = DEFAULT_SPLIT, Stream()
    if for_user:
        person = parse_person(for_user)
        from bot.settings import load_settings
        from bot.store.folder import ready_folder
        from bot.store.store import open_store
        from jobs.clock import SystemClock

        settings = load_settings()
        ready_folder(settings.data_dir)
        store = open_store(settings.database_url, settings.data_dir, SystemClock())
        try:
            subscription = await store.subscriptions.find(person)
            if subscription is None:
                raise InvalidRequest(
                    f"{for_user} has no stream of prompts yet.", next_step="Leave out --for for a fresh one."
                )
            shares, stream = subscription.split, await store.outbox.stream(subscription.id)
            curriculum = without(curriculum, await paused_for(store.disputes, subscription.target))
        finally:
            await store.close()
    if split:
        shares = parse_split(split)
    rows = [
        {"n": number, "category": drawn.category, "item": drawn.item_id}
        for number, drawn in enumerate(islice(planned(curriculum, shares, stream), prompts), start=1)
    ]
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        item = curriculum.items[str(row["item"])]
        print(f"{row['n']:>5}  {row['category']}  {item.id:<18} {curriculum.leaves[item.leaf].title}")


async def export(settings: Settings, user: str, output: Path | None) -> None:
    """Everything stored about a person, as JSON."""
    from bot.core.personal import as_json
    from bot.store.folder import ready_folder
    from bot.store.store import open_store
    from jobs.clock import SystemClock

    person = parse_person(user)
    ready_folder(settings.data_dir)
    store = open_store(settings.database_url, settings.data_dir, SystemClock())
    try:
        content = as_json(await store.privacy.export(person))
    finally:
        await store.close()
    if output is None:
        sys.stdout.write(content.decode() + "\n")
        return
    try:
        await asyncio.to_thread(output.write_bytes, content)
    except OSError as error:
        raise ConfigurationError(
            f"{output} cannot be written ({error.strerror}).", next_step="Choose another file."
        ) from error
    print(f"Written to {output}.")


async def forget(settings: Settings, user: str) -> None:
    """Delete everything stored about a person."""
    from bot.store.folder import ready_folder
    from bot.store.store import open_store
    from jobs.clock import SystemClock

    person = parse_person(user)
    ready_folder(settings.data_dir)
    store = open_store(settings.database_url, settings.data_dir, SystemClock())
    try:
        count = await store.privacy.forget(person)
    finally:
        await store.close()
    print(f"Forgotten: {count} rows are deleted." if count else "Nothing was stored about that person.")
