"""knowledge/data/vectors.npz: the vectors of every text that ships, as the embedding makes them."""

import random

import numpy as np
import pytest

from knowledge import compiled
from knowledge.index import comparing
from knowledge.index.embeddings import DIMENSIONS, NAME, MiniLM
from knowledge.index.precomputed import FILE, Precomputed, key, shipped_texts
from knowledge.loader import load_article, load_curriculum

DUE = "run `make vectors`"


@pytest.fixture(scope="module")
def held() -> dict[int, np.ndarray]:
    with np.load(FILE, allow_pickle=False) as stored:
        assert str(stored["embedding"]) == NAME, DUE
        return dict(zip(map(int, stored["keys"]), stored["vectors"], strict=True))


def test_every_shipped_text_has_its_vector_and_nothing_else_has(held: dict[int, np.ndarray]) -> None:
    texts = shipped_texts()
    keys = {key(text) for text in texts}
    assert len(keys) == len(texts), "64 bits tell them all apart"
    missing = [text for text in texts if key(text) not in held]
    assert missing == [], DUE
    assert len(held) == len(keys), f"{len(held) - len(keys)} vectors of texts that ship no more: {DUE}"


def test_the_vectors_are_of_length_one(held: dict[int, np.ndarray]) -> None:
    vectors = np.stack(list(held.values())).astype(np.float32)
    assert vectors.shape[1] == DIMENSIONS
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 2e-3


def test_twenty_of_them_are_what_the_embedding_makes(held: dict[int, np.ndarray]) -> None:
    texts = random.Random(20).sample(shipped_texts(), 20)
    made = np.asarray(MiniLM().embed_documents(texts), dtype=np.float32)
    stored = np.stack([held[key(text)] for text in texts]).astype(np.float32)
    assert np.abs(made - stored).max() < 1e-2, DUE


class Counting(MiniLM):
    """Notes what it embeds, of ones."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        return [[1.0] * DIMENSIONS for _ in texts]


def test_only_what_does_not_ship_is_embedded_and_the_order_stays(held: dict[int, np.ndarray]) -> None:
    embedding = Counting()
    ours = shipped_texts()[:2]
    first, new, second = Precomputed(embedding).embed_documents([ours[0], "A text of a team.", ours[1]])
    assert embedding.asked == ["A text of a team."]
    assert new == [1.0] * DIMENSIONS
    for vector, text in ((first, ours[0]), (second, ours[1])):
        assert vector == pytest.approx(held[key(text)].astype(float).tolist())


def test_without_the_file_all_of_it_is_embedded() -> None:
    embedding = Counting()
    Precomputed(embedding, FILE.with_name("no-such.npz")).embed_documents(shipped_texts()[:3])
    assert embedding.asked == shipped_texts()[:3]


def test_what_is_learned_from_the_exemplars_is_learned_from_these() -> None:
    article = load_article()
    answered = [question for section in article.sections for question in section.questions]
    assert Precomputed(Counting()).fitted(answered, article.unanswered) is not None, DUE


def test_every_reference_of_the_grader_has_its_vector() -> None:
    with np.load(comparing.FILE, allow_pickle=False) as stored:
        assert str(stored["embedding"]) == NAME, DUE
        held = set(map(int, stored["keys"]))
    references = {key(text) for text in comparing.shipped_references(load_curriculum())}
    assert (len(references - held), len(held - references)) == (0, 0), DUE


def test_the_compiled_curriculum_is_of_these_files() -> None:
    assert compiled.documents() is not None, DUE
