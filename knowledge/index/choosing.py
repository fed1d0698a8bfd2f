"""Which embedding serves: the packaged one, or one that a provider computes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.embeddings import Embeddings

from knowledge.model import KnowledgeError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenEmbedding:
    """`name` marks its vectors, which are not comparable with those of another; `width` is how long they are."""

    embeddings: Embeddings
    name: str
    width: int


class Normalised(Embeddings):
    """Another embedding's vectors at length 1, so that a product is a cosine."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text."""
        vectors = np.asarray(self._embeddings.embed_documents(texts), dtype=np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return [list(map(float, vector)) for vector in vectors / np.where(lengths == 0, 1, lengths)]

    def embed_query(self, text: str) -> list[float]:
        """The vector of one question."""
        return self.embed_documents([text])[0]


def choose_embedding(wanted: str = "", cache: Path | None = None) -> ChosenEmbedding:
    """The packaged MiniLM, or what `wanted` (COACH_EMBEDDINGS, PROVIDER:MODEL) names through LangChain.

    `cache` is a folder where the packaged one may keep a form that opens faster. Raises KnowledgeError if it cannot be had.
    """
    if not wanted:
        from knowledge.index.embeddings import DIMENSIONS, NAME, MiniLM
        from knowledge.index.precomputed import Precomputed

        return ChosenEmbedding(embeddings=Precomputed(MiniLM(cache)), name=NAME, width=DIMENSIONS)
    from langchain.embeddings import init_embeddings

    try:
        # else OpenAI's client downloads a tokenizer, to count what our passages are far from
        options: dict[str, Any] = {"check_embedding_ctx_length": False} if wanted.startswith("openai:") else {}
        chosen = init_embeddings(wanted, **options)
        assert isinstance(chosen, Embeddings)
        width = len(chosen.embed_query("width"))
    except ImportError as error:
        provider = wanted.partition(":")[0]
        raise KnowledgeError(
            f"COACH_EMBEDDINGS needs the package of {provider}: pip install langchain-{provider}"
        ) from error
    except Exception as error:
        raise KnowledgeError(f"the embedding {wanted} does not answer ({type(error).__name__})") from error
    return ChosenEmbedding(embeddings=Normalised(chosen), name=wanted[:60], width=width)
