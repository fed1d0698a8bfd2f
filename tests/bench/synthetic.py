"""A large corpus without the hours of embedding it: words as rare as in English, vectors of random directions."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np

from bot.core.documents import Documents, StoredDocument
from knowledge.index.embeddings import DIMENSIONS, NAME
from knowledge.index.words import VOCABULARY
from knowledge.model import DocumentSection, ParsedDocument, Passage, Scope
from knowledge.passages import document_passages

_SENTENCES = 4
_WORDS = 22
"""Of a sentence, on average; of a passage it is 40, as sections and blocks hold several."""
_DOCUMENT = 1000
"""Passages."""


def texts(count: int, seed: int = 11) -> Iterator[str]:
    """Sentences whose words are drawn by their rank, as Zipf's law has it."""
    words = [word for word in VOCABULARY.read_text(encoding="utf-8").split("\n") if word.isalpha()]
    bounds = np.cumsum(1 / (np.arange(len(words)) + 2.7))
    rng = np.random.default_rng(seed)
    for length in rng.integers(_WORDS - 10, _WORDS + 11, count):
        chosen = np.searchsorted(bounds, rng.random(length) * bounds[-1])
        yield " ".join(words[index] for index in chosen).capitalize() + "."


def document(name: str, sentences: Iterator[str]) -> list[Passage]:
    """A document of about a thousand passages: sections of two blocks of two sentences each, so seven a section."""
    sections = []
    for _ in range(_DOCUMENT // (_SENTENCES + 3)):
        some = [next(sentences) for _ in range(_SENTENCES)]
        blocks = (" ".join(some[:2]), " ".join(some[2:]))
        sections.append(DocumentSection(heading=" ".join(some[0].split()[:4]), path=(), blocks=blocks))
    return document_passages(name, ParsedDocument(title=name, sections=tuple(sections)))


async def fill(documents: Documents, scope: Scope, count: int) -> int:
    """Store documents of about `count` passages together, published; returns how many it were."""
    per_document = _DOCUMENT // (_SENTENCES + 3) * (_SENTENCES + 3)
    sentences = texts(count, seed=count)
    rng = np.random.default_rng(count)
    stored = 0
    while stored + per_document <= count + per_document // 2:
        draft = StoredDocument(
            scope=scope,
            kind="file",
            location=f"/synthetic/{stored}",
            title=f"Synthetic {stored}",
            content_hash=hashlib.sha256(str(stored).encode()).hexdigest(),
            added_at=datetime(2026, 1, 1, tzinfo=UTC),
            embedding=NAME,
        )
        name = await documents.begin(draft, media_type="text/plain")
        passages = document(name, sentences)
        vectors = rng.standard_normal((len(passages), DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        await documents.fill(name, passages, [vector.tobytes() for vector in vectors])
        await documents.publish(name)
        stored += len(passages)
    return stored
