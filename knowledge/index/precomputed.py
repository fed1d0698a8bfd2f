"""Vectors of the texts that ship with the coach, and what is learned from its exemplars, computed beforehand.

Else the first start would have to embed them all, and every one to fit for a second.

`python -m knowledge.index.preparing` writes the file anew; a test says when that is due. A text that is not in it is
embedded as ever.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge.index.answerability import Fitted, fingerprint, fit
from knowledge.index.embeddings import NAME, MiniLM
from knowledge.loader import load_article, load_curriculum
from knowledge.passages import article_passages, curriculum_passages

FILE = Path(__file__).parent.parent / "data" / "vectors.npz"


def key(text: str) -> int:
    """64 bits of the text's SHA-256."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def shipped_texts() -> list[str]:
    """Every text that the index embeds before it takes in anything."""
    article, curriculum = load_article(), load_curriculum()
    passages = [*article_passages(article), *curriculum_passages(curriculum)]
    return list(dict.fromkeys([*(passage.text for passage in passages), *article.unanswered]))


class Precomputed(Embeddings):
    """An embedding that looks a text up before it computes its vector."""

    def __init__(self, embeddings: Embeddings, path: Path = FILE) -> None:
        self._embeddings = embeddings
        self._vectors: dict[int, np.ndarray] = {}
        self._fitted: tuple[str, Fitted] | None = None
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["embedding"]) == NAME:
                    self._vectors = dict(zip(map(int, stored["keys"]), stored["vectors"], strict=True))
                    if "exemplars" in stored:
                        self._fitted = str(stored["exemplars"]), _loaded(stored)

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text."""
        missing = [text for text in texts if key(text) not in self._vectors]
        fresh = dict(zip(missing, self._embeddings.embed_documents(missing), strict=True)) if missing else {}
        return [
            fresh[text] if text in fresh else self._vectors[key(text)].astype(np.float32).tolist() for text in texts
        ]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one question."""
        return self._embeddings.embed_query(text)

    def fitted(self, answered: Sequence[str], unanswered: Sequence[str]) -> Fitted | None:
        """What was learned from these exemplars, if it was from exactly these and in this way."""
        if self._fitted is None or self._fitted[0] != fingerprint(NAME, answered, unanswered):
            return None
        return self._fitted[1]


def _loaded(stored: Mapping[str, np.ndarray]) -> Fitted:
    return Fitted(
        weights=stored["weights"],
        runs=stored["runs"].tobytes().decode().split("\n"),
        rarity=stored["rarity"],
        run_weights=stored["run_weights"],
    )


def write(path: Path = FILE) -> int:
    """Compute the vectors of all shipped texts and fit their exemplars; returns how many texts there are."""
    texts, article = shipped_texts(), load_article()
    vectors = np.asarray(Precomputed(MiniLM()).embed_documents(texts), dtype=np.float16)
    place = {text: number for number, text in enumerate(texts)}
    answered = [question for section in article.sections for question in section.questions]
    exemplars = [place[text] for text in (*answered, *article.unanswered)]
    learned = fit(answered, article.unanswered, vectors[exemplars].astype(np.float32))
    np.savez_compressed(
        path,
        embedding=np.array(NAME),
        keys=np.array([key(text) for text in texts], dtype=np.uint64),
        vectors=vectors,
        exemplars=np.array(fingerprint(NAME, answered, article.unanswered)),
        weights=learned.weights,
        runs=np.frombuffer("\n".join(learned.runs).encode(), dtype=np.uint8),
        rarity=learned.rarity,
        run_weights=learned.run_weights,
    )
    return len(texts)
