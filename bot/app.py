"""The only composition root: settings in, a wired coach out."""

import asyncio
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bot.core.admin import Admins
from bot.core.answering import Answering
from bot.core.browsing import Browsing
from bot.core.charging import Charging
from bot.core.coach import Coach
from bot.core.composing import Composing
from bot.core.correcting import Correcting
from bot.core.curating import Curating
from bot.core.disputing import Disputing
from bot.core.errors import ConfigurationError
from bot.core.exemplars import Taught
from bot.core.grading import Grader
from bot.core.librarian import Librarian
from bot.core.library import Library
from bot.core.model import UserRef
from bot.core.owning import Owning
from bot.core.personal import Personal
from bot.core.ports import Adapter, Clock, Inbox, Profiles
from bot.core.practice import Practising
from bot.core.progress import Progress
from bot.core.progressing import Progressing
from bot.core.questions import Questions
from bot.core.recalling import Recalling
from bot.core.resolving import Resolving
from bot.core.second_opinion import Grading, SecondOpinion
from bot.core.steering import Steering
from bot.core.subscribing import Subscribing
from bot.core.telling import Telling
from bot.core.writing import Writing
from bot.reading import DocumentReader
from bot.settings import Settings
from bot.store.store import SqlStore, open_store
from jobs.clock import Job, Ticker
from jobs.deliveries import Deliveries
from jobs.gaps import Budget, ask_owners
from jobs.nudges import enqueue_due
from jobs.retention import purge
from knowledge.index.embedding_process import PassageEmbedding
from knowledge.index.opening import WarmingRetriever
from knowledge.judge import open_judge
from knowledge.loader import load_article, load_curriculum
from knowledge.model import Curriculum
from knowledge.writer import open_writer

log = logging.getLogger(__name__)

_CONNECT_FIRST = 1.0
"""Seconds for the platforms to connect in before the index's imports compete with them for the interpreter."""

Create = Callable[[Settings, Inbox, Clock], Adapter]
ADAPTERS: Mapping[str, str] = {
    "slack": "bot.adapters.slack:create",
    "discord": "bot.adapters.discord:create",
}


def create_adapter(name: str, settings: Settings, inbox: Inbox, clock: Clock) -> Adapter:
    """The adapter of a platform; its SDK is imported here and not before."""
    module, _, factory = ADAPTERS[name].partition(":")
    return cast("Create", getattr(importlib.import_module(module), factory))(settings, inbox, clock)


def configured(settings: Settings) -> tuple[str, ...]:
    """The platforms whose secrets are set."""
    wanted = {"slack": settings.slack_configured, "discord": settings.discord_configured}
    return tuple(name for name in ADAPTERS if wanted[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The wired parts. `adapters` may be added to until it runs."""

    settings: Settings
    clock: Clock
    store: SqlStore
    curriculum: Curriculum
    retriever: WarmingRetriever
    answering: Answering
    library: Library
    practising: Practising
    composing: Composing
    coach: Coach
    adapters: dict[str, Adapter]

    def jobs(self) -> tuple[Job, ...]:
        """What the clock ticks for."""
        return (
            Job(name="prompts", seconds=20, run=self.send_prompts),
            Job(name="questions for owners", seconds=600, run=self.ask_owners),
            Job(name="retention", seconds=6 * 3600, run=lambda: purge(self.store.privacy, now=self.clock.now())),
        )

    async def send_prompts(self) -> int:
        """Put due prompts into the outbox and send what it holds; returns how many were sent."""
        served = tuple(self.adapters)
        await enqueue_due(
            self.store.subscriptions,
            self.practising,
            now=self.clock.now(),
            platforms=served,
            noise=self.store.noise,
            charging=Charging(self.store, self.store.charges, self.curriculum),
        )
        deliveries = Deliveries(self.store.outbox, self.store.inbox, self.adapters, self.composing, self.clock)
        return await deliveries.send_due()

    async def ask_owners(self) -> int:
        """Once a week, send open questions to the owners of their topics; returns how many were written to."""
        tell = Telling(self.adapters, self.clock)
        now = self.clock.now()
        budget = Budget(noise=self.store.noise, subscriptions=self.store.subscriptions)
        return await ask_owners(
            self.store.gaps, tell, self.retriever, now=now, platforms=tuple(self.adapters), budget=budget
        )

    async def serve(self) -> None:
        """Run all adapters and the jobs until one of them ends with an error or the task is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, adapter in self.adapters.items():
                tasks.create_task(adapter.run(self.coach.handle), name=name)
            tasks.create_task(Ticker(self.jobs()).run(), name="clock")
            await asyncio.sleep(_CONNECT_FIRST)
            self.retriever.start()


def draw_progress(progress: Progress) -> bytes:
    """See `bot.core.progressing.Draw`; the drawing is imported when it is first asked for."""
    from bot.picture import draw

    return draw(progress)


def index_folder(settings: Settings) -> Path:
    """Where the vectors are cached."""
    return settings.data_dir / "index"


@asynccontextmanager
async def open_app(settings: Settings, clock: Clock, *, index: Path | None) -> AsyncIterator[App]:
    """The coach without platforms; `index` None keeps the vectors in memory. Raises ConfigurationError, StoreError."""
    article, curriculum = load_article(), load_curriculum()
    for problem in curriculum.problems:
        log.warning("left out of the curriculum: %s", problem)
    store = open_store(settings.database_url, settings.data_dir, clock)
    retriever = WarmingRetriever(index, article, curriculum, store.documents, embedding=settings.embeddings)
    reader, embedding = DocumentReader(), PassageEmbedding(settings.embeddings)
    library = Library(store.documents, reader, embedding, clock)
    writer = await asyncio.to_thread(open_writer, settings.model) if settings.model else None
    judge = await asyncio.to_thread(open_judge, settings.model) if settings.model else None
    adapters: dict[str, Adapter] = {}

    async def zone_of(user: UserRef) -> str | None:
        adapter = adapters.get(user.platform)
        return await adapter.time_zone(user) if isinstance(adapter, Profiles) else None

    answering = Answering(retriever, article)
    second = SecondOpinion(judge, store.spending, clock, budget=settings.model_budget) if judge else None
    grading = Taught(Grading(Grader(retriever), second), store.corrections, retriever)
    practising = Practising(store, curriculum, clock, zone_of, grading)
    admins, tell = Admins(settings.admins), Telling(adapters, clock)
    resolving = Resolving(store.gaps, library, article, clock, tell, answering=answering)
    progressing = Progressing(store, curriculum, clock, draw_progress)
    coach = Coach(
        questions=Questions(
            answering,
            article,
            curriculum,
            store,
            clock,
            writing=Writing(writer, store.spending, clock, budget=settings.model_budget, embedder=retriever)
            if writer
            else None,
            embedder=retriever,
        ),
        practising=practising,
        subscribing=Subscribing(store, clock, zone_of),
        personal=Personal(store.privacy),
        librarian=Librarian(library, admins),
        curating=Curating(resolving, Owning(store.gaps, resolving, admins, clock, tell), admins),
        browsing=Browsing(practising, store, curriculum, retriever, clock),
        correcting=Correcting(store, curriculum, clock, admins, tell, embedder=retriever),
        disputing=Disputing(store, curriculum, clock, admins),
        steering=Steering(store, clock),
        recalling=Recalling(store, curriculum, clock),
        progressing=progressing,
    )
    try:
        await store.warm()
        yield App(
            settings=settings,
            clock=clock,
            store=store,
            curriculum=curriculum,
            retriever=retriever,
            answering=answering,
            library=library,
            practising=practising,
            composing=Composing(store, curriculum, progressing.digest),
            coach=coach,
            adapters=adapters,
        )
    finally:
        await reader.close()
        await embedding.close()
        await store.close()


def add_platforms(app: App) -> None:
    """Give the app an adapter for each configured platform; raises ConfigurationError if there is none."""
    for name in configured(app.settings):
        app.adapters[name] = create_adapter(name, app.settings, app.store.inbox, app.clock)
    if not app.adapters:
        raise ConfigurationError(
            "No platform is configured.",
            next_step="Run `coach connect slack` or `coach connect discord`, or try `coach chat` here.",
        )
