"""The embedding alone, for what grades without answering questions: it opens faster than an index does."""

import asyncio
import logging
from collections.abc import Sequence

from knowledge.index.comparing import Comparing
from knowledge.index.embeddings import MiniLM
from knowledge.model import KnowledgeError

log = logging.getLogger(__name__)


class Meaning:
    """A `knowledge.ports.Embedder` on the built-in embedding; `reason` says why there is none."""

    def __init__(self) -> None:
        """Takes half a second."""
        self._comparing: Comparing | None = None
        self.reason = ""
        try:
            self._comparing = Comparing(MiniLM())
        except (KnowledgeError, ImportError, OSError) as error:
            self.reason = str(error)
            log.warning("there is no embedding: %s", error)

    async def embed(self, text: str) -> bytes | None:
        """See the port."""
        if self._comparing is None:
            return None
        vectors = await asyncio.to_thread(self._comparing.vectors, [text])
        return bytes(vectors[0].tobytes())

    def similarity(self, one: str, other: str) -> float:
        """See the port."""
        return self._comparing.cosines([one], [other])[0][0] if self._comparing else 1.0

    async def similarities(self, sentences: Sequence[str], texts: Sequence[str]) -> Sequence[Sequence[float]] | None:
        """See the port."""
        if self._comparing is None:
            return None
        if not sentences or not texts:
            return [[] for _ in sentences]
        return await asyncio.to_thread(self._comparing.cosines, sentences, texts)
