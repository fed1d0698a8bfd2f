"""`python -m tests.bench.cranfield`: what the search over documents finds of the Cranfield collection.

1,400 abstracts as sections of a document, 225 questions with judgements (codes 1 to 4 are relevant). Beside it, over
title and abstract as one text, stands plain reciprocal-rank fusion (k = 60) of bm25s as it comes and of the embedding.
Questions of odd number may be used to decide, those of even number report.
"""

import asyncio
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import bm25s
import numpy as np

from bot.app import open_app
from bot.core.library import Fetched, Library
from bot.settings import Settings
from jobs.clock import SystemClock
from knowledge.index.chroma import fingerprint
from knowledge.index.embeddings import DIMENSIONS, NAME, MiniLM
from knowledge.index.words import Words
from knowledge.model import DocumentSection, ParsedDocument, Scope
from knowledge.passages import document_passages
from tests.bench.table import Row, show

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "ir" / "cranfield"
SCOPE = Scope(workspace="bench:cranfield")
MORE = 0.01
"""nDCG@10 above plain fusion that is asked for."""
RELEVANT = {1, 2, 3, 4}
_K = 60
_RECORD = re.compile(r"\.T\n(?P<title>.*?)\.A\n.*?\.B\n.*?\.W\n(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Collection:
    """`titles` and `abstracts` in order; `relevant` holds places in them, by the place of the question."""

    titles: list[str]
    abstracts: list[str]
    questions: list[str]
    relevant: list[set[int]]


def _records(name: str) -> list[str]:
    return re.split(r"^\.I ", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def read() -> Collection:
    titles, abstracts = [], []
    for record in _records("cran.all.1400"):
        found = _RECORD.search(record)
        assert found is not None
        title, text = (" ".join(found[name].split()) for name in ("title", "text"))
        titles.append(title)
        abstracts.append(text.removeprefix(title).strip() or title)  # every text begins with its title; two are empty
    questions = [" ".join(record.split(".W\n", 1)[1].split()) for record in _records("cran.qry")]
    relevant: list[set[int]] = [set() for _ in questions]
    for line in (FOLDER / "cranqrel").read_text().splitlines():
        question, document, code = map(int, line.split()[:3])
        if code in RELEVANT:
            relevant[question - 1].add(document - 1)
    return Collection(titles, abstracts, questions, relevant)


def ndcg(ranked: Sequence[int], relevant: set[int]) -> float:
    """nDCG@10 with binary gain."""
    gained = sum(1 / np.log2(place + 2) for place, one in enumerate(ranked[:10]) if one in relevant)
    return float(gained / sum(1 / np.log2(place + 2) for place in range(min(10, len(relevant)))))


# --- vectors, computed once a machine --------------------------------------------------------


def _embed(texts: list[str]) -> np.ndarray:
    return np.asarray(MiniLM().embed_documents(texts), dtype=np.float32)


def vectors(texts: list[str], mark: str) -> dict[str, bytes]:
    """Of all texts by text; kept in the system's temporary folder, as they take some minutes."""
    kept = Path(tempfile.gettempdir()) / f"coach-bench-cranfield-{mark}.npy"
    if kept.exists() and len(found := np.load(kept, allow_pickle=False)) == len(texts):
        return {text: vector.tobytes() for text, vector in zip(texts, found, strict=True)}
    found = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for number, part in enumerate(pool.map(_embed, (texts[0::2], texts[1::2]))):
            found[number::2] = part
    np.save(kept, found)
    return {text: vector.tobytes() for text, vector in zip(texts, found, strict=True)}


class Known:
    """An embedder for texts whose vectors are known."""

    name = NAME

    def __init__(self, known: dict[str, bytes]) -> None:
        self._known = known

    async def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [self._known[text] for text in texts]


class OneDocument:
    """A reader that has read."""

    def __init__(self, parsed: ParsedDocument) -> None:
        self._parsed = parsed

    async def fetch(self, url: str) -> Fetched:
        raise NotImplementedError

    async def parse(self, fetched: Fetched) -> ParsedDocument:
        return self._parsed


# --- the two rankings ------------------------------------------------------------------------


def plain_fusion(ours: Collection, whole: np.ndarray, asked: np.ndarray, *, stemmed: bool) -> list[list[int]]:
    """BM25 and the embedding by their ranks alone; the words as bm25s splits them, or the stems our search compares."""
    texts = [f"{title} {abstract}" for title, abstract in zip(ours.titles, ours.abstracts, strict=True)]
    words = Words()

    def split(some: list[str]) -> list[list[str]]:
        return [words.split(one) for one in some] if stemmed else bm25s.tokenize(some, return_ids=False, show_progress=False)  # fmt: skip

    keywords = bm25s.BM25()
    keywords.index(split(texts), show_progress=False)
    ranked = []
    for question, vector in zip(split(ours.questions), asked, strict=True):
        known = [word for word in question if word in keywords.vocab_dict]
        score = np.zeros(len(texts))
        for one in (keywords.get_scores(known), whole @ vector):
            score[np.argsort(-one, kind="stable")] += 1 / (_K + np.arange(1, len(texts) + 1))
        ranked.append([int(place) for place in np.argsort(-score, kind="stable")[:10]])
    return ranked


async def searched(ours: Collection, parsed: ParsedDocument, known: dict[str, bytes], folder: Path) -> list[list[int]]:
    """The search as it serves: the document taken in, then asked for question by question."""
    clock = SystemClock()
    settings = Settings(_env_file=None, data_dir=folder)  # type: ignore[call-arg]
    async with open_app(settings, clock, index=folder / "index") as app:
        library = Library(app.store.documents, OneDocument(parsed), Known(known), clock)
        await library.take_in(Fetched(location="/cranfield", name="Cranfield", data=b"cranfield"), SCOPE)
        ranked = []
        for question in ours.questions:
            for _ in range(100):  # the first one waits for the passages to be loaded
                found = (await app.retriever.retrieve(question, sources=("documents",), scope=SCOPE, limit=10))["documents"]  # fmt: skip
                if found.hits:
                    break
                await asyncio.sleep(0.1)
            ranked.append([int(hit.key.rpartition(":")[2]) for hit in found.hits])
    return ranked


async def cranfield_rows(folder: Path) -> list[Row]:
    ours = read()
    sections = tuple(
        DocumentSection(heading=title, path=(), blocks=(abstract,))
        for title, abstract in zip(ours.titles, ours.abstracts, strict=True)
    )
    parsed = ParsedDocument(title="Cranfield", sections=sections)
    passages = document_passages("cranfield", parsed)
    whole = [f"{title} {abstract}" for title, abstract in zip(ours.titles, ours.abstracts, strict=True)]
    texts = list(dict.fromkeys([*(one.text for one in passages), *whole]))
    began = time.perf_counter()
    known = await asyncio.to_thread(vectors, texts, fingerprint(NAME, passages))
    taken = time.perf_counter() - began
    model = MiniLM()
    asked = np.array([model.embed_query(question) for question in ours.questions], dtype=np.float32)
    of_whole = np.stack([np.frombuffer(known[text], dtype=np.float32) for text in whole])
    reached = await searched(ours, parsed, known, folder)

    def scores(ranked: list[list[int]], start: int) -> float:
        chosen = range(start, len(ranked), 2)
        return float(np.mean([ndcg(ranked[place], ours.relevant[place]) for place in chosen]))

    plain = [plain_fusion(ours, of_whole, asked, stemmed=stemmed) for stemmed in (False, True)]
    floor = max(plain, key=lambda ranked: scores(ranked, 1))
    return [
        Row(
            name="Cranfield: nDCG@10, questions that report",
            value=scores(reached, 1),
            limit=scores(floor, 1) + MORE,
            unit="",
            at_least=True,
            note=f"plain fusion {scores(plain[0], 1):.4f}, with our stems {scores(plain[1], 1):.4f}; questions that decide: "
            f"{scores(reached, 0):.4f}, plain {scores(floor, 0):.4f}; {len(passages)} passages, vectors in {taken:.0f} s",
        )
    ]


async def main() -> int:
    with tempfile.TemporaryDirectory(prefix="coach-bench-") as name:
        rows = await cranfield_rows(Path(name))
    show(rows)
    return int(not all(row.ok for row in rows))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
