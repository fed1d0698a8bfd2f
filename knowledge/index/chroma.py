"""The vectors in Chroma, embedded, as a cache: whatever is wrong with it, it is built again from the sources.

One collection a source: a query that filters one collection by its source takes four times as long.
"""

import hashlib
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from knowledge.model import Passage, Source

log = logging.getLogger(__name__)

Vector = npt.NDArray[np.float32]

_LAYOUT = "3"
"""Raised when what is stored beside a vector changes."""
_COSINE: Any = {"hnsw": {"space": "cosine"}}
_CHUNK = 1000


def fingerprint(embedding: str, passages: Sequence[Passage]) -> str:
    """Changes when the embedding, any passage or the layout does."""
    digest = hashlib.sha256(f"{_LAYOUT}\0{embedding}".encode())
    for passage in passages:
        digest.update(f"\0{passage.id}\0{passage.source}\0{passage.section}\0{passage.text}".encode())
    return digest.hexdigest()[:32]


def open_client(folder: Path | None) -> Any:
    """A Chroma client on a folder, or in memory; imports chromadb."""
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if folder is None:
        return chromadb.EphemeralClient(settings)
    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(str(folder), settings)


def _nearest(collection: Any, vector: Vector, limit: int) -> list[tuple[str, float]]:
    """(id, cosine) of the nearest vectors, best first."""
    found = collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
    distances = found["distances"] or [[]]
    return [(name, 1.0 - distance) for name, distance in zip(found["ids"][0], distances[0], strict=True)]


class VectorIndex:
    """The vectors of passages that are all known at the start, to be searched or had whole, by their source.

    `embedding` names the embedding, `width` is the length of its vectors. `path` None keeps everything in memory.
    `rebuilt` says why the index was built anew, or is empty.
    """

    def __init__(
        self, path: Path | None, passages: Sequence[Passage], embeddings: Embeddings, embedding: str, width: int
    ) -> None:
        self._embeddings = embeddings
        self._width = width
        self._stored: dict[Source, Any] = {}
        self._places: dict[Source, dict[str, int]] = {}
        for place, passage in enumerate(passages):
            self._places.setdefault(passage.source, {})[passage.id] = place
        self.rebuilt = ""
        mark = fingerprint(embedding, passages)
        if path is None:
            self._stored = self._open(None)
            self._fill(passages)
            return
        folder = path / mark
        others = [old for old in path.glob("*") if old.is_dir() and old != folder] if path.exists() else []
        stored = None
        if folder.exists():
            stored = self._usable(folder)
            if stored is None:
                self.rebuilt = "the stored index was damaged or incomplete"
                log.warning("%s; it is built again from the sources", self.rebuilt)
                self._discard(folder)
        elif others:
            self.rebuilt = "the sources or the embedding changed"
        self._stored = stored or self._open(folder)
        if stored is None:
            self._fill(passages)
            (folder / "complete").touch()
        for old in others:
            shutil.rmtree(old, ignore_errors=True)

    @staticmethod
    def _discard(folder: Path) -> None:
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient.clear_system_cache()  # else the client of the damaged files is handed out again
        shutil.rmtree(folder, ignore_errors=True)

    def _open(self, folder: Path | None) -> dict[Source, Any]:
        client = open_client(folder)
        return {
            source: client.get_or_create_collection(source, configuration=_COSINE, embedding_function=None)
            for source in self._places
        }

    def _usable(self, folder: Path) -> dict[Source, Any] | None:
        """What is stored in `folder` if it is complete and answers; whatever Chroma raises means that it does not."""
        if not (folder / "complete").exists():
            return None
        try:
            stored = self._open(folder)
            probe = np.eye(1, self._width, dtype=np.float32)[0]
            if all(
                stored[source].count() == len(places) and _nearest(stored[source], probe, 1)
                for source, places in self._places.items()
            ):
                return stored
        except BaseException as error:  # a damaged file makes Chroma's native part panic, which is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            log.debug("the stored index does not open: %s", error)
        return None

    def _fill(self, passages: Sequence[Passage]) -> None:
        vectors = np.asarray(self._embeddings.embed_documents([passage.text for passage in passages]), dtype=np.float32)
        for source, ids in self._places.items():
            names, places = list(ids), list(ids.values())
            for start in range(0, len(names), _CHUNK):
                some = places[start : start + _CHUNK]
                self._stored[source].add(
                    ids=names[start : start + _CHUNK],
                    embeddings=vectors[some],
                    documents=[passages[place].text for place in some],
                )

    def nearest(self, source: Source, vector: Vector, limit: int) -> list[tuple[int, float]]:
        """(place of the passage, cosine) of the nearest passages of a source, best first."""
        if (places := self._places.get(source)) is None:
            return []
        return [(places[name], cosine) for name, cosine in _nearest(self._stored[source], vector, limit)]

    def vectors(self, source: Source) -> tuple[list[int], Vector]:
        """The places of all passages of a source, and their vectors (n, width)."""
        if (places := self._places.get(source)) is None:
            return [], np.empty((0, self._width), dtype=np.float32)
        held = self._stored[source].get(include=["embeddings"])
        return [places[name] for name in held["ids"]], np.asarray(held["embeddings"], dtype=np.float32)
