"""Vectors of the texts that ship with the coach, computed beforehand: the first start need not embed them all.

`python -m knowledge.index.precomputed` writes the file anew; a test says when that is due. A text that is not in it is
embedded as ever.
"""

import hashlib
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings

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
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["embedding"]) == NAME:
                    self._vectors = dict(zip(map(int, stored["keys"]), stored["vectors"], strict=True))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text."""
        missing = [text for text in texts if key(text) not in self._vectors]
        fresh = dict(zip(missing, self._embeddings.embed_documents(missing), strict=True)) if missing else {}
        found = [
            fresh[text] if text in fresh else self._vectors[key(text)].astype(np.float32).tolist() for text in texts
        ]
        return [list(map(float, vector)) for vector in found]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one question."""
        return self._embeddings.embed_query(text)


def write(path: Path = FILE) -> int:
    """Compute the vectors of all shipped texts; returns how many."""
    texts = shipped_texts()
    vectors = np.asarray(Precomputed(MiniLM()).embed_documents(texts), dtype=np.float16)
    keys = np.array([key(text) for text in texts], dtype=np.uint64)
    np.savez_compressed(path, embedding=np.array(NAME), keys=keys, vectors=vectors)
    return len(texts)


if __name__ == "__main__":
    print(write(), "vectors written to", FILE.name)  # noqa: T201
