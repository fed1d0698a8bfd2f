"""What the core asks of the knowledge: a search."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from knowledge.model import Retrieval, Source


class Retriever(Protocol):
    """Finds the sections that answer a question."""

    async def retrieve(self, question: str, *, sources: Sequence[Source], limit: int = 5) -> Mapping[Source, Retrieval]:
        """At most `limit` sections of each of these sources. Never raises for any text; an index that fails is left
        out."""
