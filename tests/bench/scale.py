"""`python -m tests.bench.scale`: answers beside 100,000 passages, many at once, taking documents in, and the memory.

Floors are measured between the answers, question by question: the machine is shared and its speed changes.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil

from bot.app import App, open_app
from bot.core.answering import Asked
from bot.core.library import Fetched, Library
from bot.reading import DocumentReader
from bot.settings import Settings
from bot.store.store import open_store
from jobs.clock import SystemClock
from knowledge.index.embedding_process import PassageEmbedding
from knowledge.index.embeddings import MiniLM
from knowledge.model import Scope, Source
from knowledge.passages import document_passages
from tests.bench import synthetic
from tests.bench.floor import ROOT, Floor, questions
from tests.bench.table import Row, percentile, show

SCOPE = Scope(workspace="bench:scale")
MANY = 100_000
THREADS = 2
AT_ONCE = 16
"""Questions that are asked at the same time."""
N = 200
_DEPTH = 64
DOCUMENTS: tuple[Source, ...] = ("documents",)
ALL: tuple[Source, ...] = ("documents", "article", "curriculum")
_DOCUMENTS = sorted((ROOT.parent / "shared" / "corpora" / "eng-practices").rglob("*.md"))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[App]:
    settings = Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]
    async with open_app(settings, SystemClock(), index=folder / "index") as app:
        await app.retriever.state()
        yield app


async def _loaded(app: App) -> float:
    """Seconds until documents are searched."""
    began = time.perf_counter()
    while not (await app.retriever.retrieve("work", sources=("documents",), scope=SCOPE))["documents"].hits:
        await asyncio.sleep(0.1)
    return time.perf_counter() - began


def _megabytes() -> float:
    return float(psutil.Process().memory_info().rss / 2**20)


# --- one question after another --------------------------------------------------------------


async def _recall(app: App, asked: Sequence[str]) -> float:
    """Of the ten nearest of all vectors, the share among the ten best that the search finds; half of the questions are
    vectors of random directions."""
    retriever = app.retriever._opened.result()[0]
    segment = (await retriever.scopes.segments(SCOPE))[0][0]
    rng = np.random.default_rng(5)
    vectors = np.array([retriever.embeddings.embed_query(question) for question in asked])
    vectors = np.concatenate([vectors, rng.standard_normal(vectors.shape)]).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    best = np.full((len(vectors), 10), -1.0, dtype=np.float32)
    for part in await app.store.documents.parts(SCOPE):
        contents = await app.store.documents.contents(SCOPE, part.id)
        stored = np.stack([np.frombuffer(vector, dtype=np.float32) for _, vector in contents])
        best = -np.sort(-np.concatenate([best, vectors @ stored.T], axis=1), axis=1)[:, :10]
    reached = 0
    for vector, exact in zip(vectors, best, strict=True):
        index = segment._searched.vectors
        cosines = np.sort(index.vectors(index.nearest(vector, _DEPTH)) @ vector)[-10:]
        reached += int((cosines >= exact[-1] - 1e-4).sum())
    return reached / best.size


async def large(folder: Path) -> list[Row]:
    """In a process of its own, whose memory is that of one that serves."""
    async with opened(folder) as app:
        loaded = await _loaded(app)
        asked = questions(N + 40)

        for question in asked[:40]:
            await app.answering.answer(Asked(question=question, sources=ALL, scope=SCOPE))
        memory = _megabytes()
        floor = Floor(1, app.retriever._opened.result()[0].embeddings._embeddings._session)
        embed: list[float] = []
        answer: dict[tuple[Source, ...], list[float]] = {DOCUMENTS: [], ALL: []}
        for question in asked[40:]:
            embed.append(floor.embed(question))
            for sources, taken in answer.items():
                began = time.perf_counter()
                await app.answering.answer(Asked(question=question, sources=sources, scope=SCOPE))
                taken.append((time.perf_counter() - began) * 1000)
        recall = await _recall(app, asked[40:90])
    p50, p95 = percentile(embed, 0.5), percentile(embed, 0.95)
    named = {DOCUMENTS: "documents", ALL: "all sources"}
    return [
        *(
            Row(
                name=f"100,000 passages: {named[sources]}, warm p95",
                value=percentile(taken, 0.95),
                limit=p95 + 10,
                unit="ms",
                note=f"p50 {percentile(taken, 0.5):.2f} ms; embedding p50 {p50:.2f} p95 {p95:.2f} ms",
            )
            for sources, taken in answer.items()
        ),
        Row(
            name="100,000 passages: recall@10 of the vectors",
            value=recall,
            limit=0.99,
            unit="",
            at_least=True,
            note="against all vectors, of random directions",
        ),
        Row(name="100,000 passages: resident memory", value=memory, limit=1200, unit="MB", note=f"loaded in {loaded:.1f} s"),
    ]  # fmt: skip


async def large_rows(folder: Path) -> list[Row]:
    store = open_store(None, folder, SystemClock())
    await synthetic.fill(store.documents, SCOPE, MANY)
    await store.close()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __spec__.name, str(folder), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    return [Row(**row) for row in json.loads(output.splitlines()[-1])]


# --- many at once ----------------------------------------------------------------------------


async def _rate(answer: Callable[[str], Awaitable[object]], asked: Sequence[str]) -> float:
    waiting = iter(asked)

    async def one() -> None:
        for question in waiting:
            await answer(question)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(AT_ONCE)))
    return len(asked) / (time.perf_counter() - began)


async def throughput_rows(folder: Path) -> list[Row]:
    """Distinct questions to the article, with as many threads as the floor has."""
    async with opened(folder) as app:
        state = await app.retriever.state()
        floor = Floor(state.passages)
        asked = questions(N + 40)

        def alone() -> float:
            with ThreadPoolExecutor(THREADS) as pool:
                began = time.perf_counter()
                list(pool.map(lambda number: (floor.embed(asked[number]), floor.query(number)), range(N)))
                return N / (time.perf_counter() - began)

        async def answer(question: str) -> object:
            return await app.answering.answer(Asked(question=question))

        await _rate(answer, asked[N:])
        floors, ours = [], []
        for _ in range(5):
            floors.append(await asyncio.to_thread(alone))
            ours.append(await _rate(answer, asked[:N]))
    ratios = [one / other for one, other in zip(ours, floors, strict=True)]
    return [
        Row(
            name="questions a second, of the parts' own",
            value=percentile(ratios, 0.5),
            limit=0.8,
            unit="x",
            at_least=True,
            note=f"{percentile(ours, 0.5):.0f}/s of {percentile(floors, 0.5):.0f}/s; {AT_ONCE} at a time, {THREADS} threads; ratios {min(ratios):.2f} to {max(ratios):.2f}",
        )
    ]


# --- taking in -------------------------------------------------------------------------------

_model: list[MiniLM] = []


def _embed(texts: list[str]) -> float:
    """Seconds that the embedding alone takes, in its process."""
    _model[:] = _model or [MiniLM()]
    began = time.perf_counter()
    _model[0].embed_documents(texts)
    return time.perf_counter() - began


async def ingest_rows(folder: Path) -> list[Row]:
    """Real documents through all that taking in is, each beside the embedding of the same passages alone."""
    clock = SystemClock()
    folder.mkdir(parents=True, exist_ok=True)
    store, reader, embedding = open_store(None, folder, clock), DocumentReader(), PassageEmbedding()
    library = Library(store.documents, reader, embedding, clock)
    loop = asyncio.get_running_loop()
    alone, ours, count = 0.0, 0.0, 0
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        try:
            await library.take_in(Fetched(location="/first", name="first.md", data=b"# First\n\nStarts it all."), SCOPE)
            await loop.run_in_executor(pool, _embed, ["starts it all"])
            for path in _DOCUMENTS[:12]:
                fetched = Fetched(location=str(path), name=path.name, data=path.read_bytes())
                texts = [one.text for one in document_passages("x", await reader.parse(fetched))]
                alone += await loop.run_in_executor(pool, _embed, texts)
                began = time.perf_counter()
                count += (await library.take_in(fetched, SCOPE)).passages
                ours += time.perf_counter() - began
        finally:
            await reader.close()
            await embedding.close()
            await store.close()
    return [
        Row(
            name="taking in, of the embedding's own rate",
            value=alone / ours,
            limit=0.8,
            unit="x",
            at_least=True,
            note=f"{count / ours:.0f} of {count / alone:.0f} passages a second; {count} of real documents, read, embedded and stored",
        )
    ]


async def scale_rows(folder: Path) -> list[Row]:
    for name in ("throughput", "ingest", "large"):
        (folder / name).mkdir(parents=True)
    rows = await throughput_rows(folder / "throughput")
    rows += await ingest_rows(folder / "ingest")
    return [*rows, *await large_rows(folder / "large")]


async def main() -> int:
    if len(sys.argv) > 1:
        print(json.dumps([asdict(row) for row in await large(Path(sys.argv[1]))]))
        return 0
    with tempfile.TemporaryDirectory(prefix="coach-bench-") as name:
        rows = await scale_rows(Path(name))
    show(rows)
    return int(not all(row.ok for row in rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
