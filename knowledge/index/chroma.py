"""The vectors in Chroma, embedded, as a cache: whatever is wrong with it, it is built again from the sources."""

import hashlib
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from knowledge.model import Passage

log = logging.getLogger(__name__)

Vector = npt.NDArray[np.float32]

_LAYOUT = "2"
"""Raised when what is stored beside a vector changes."""
_COLLECTION = "knowledge"
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


def open_collection(client: Any, name: str) -> Any:
    """A collection for cosine distances whose vectors are always ours."""
    return client.get_or_create_collection(name, configuration=_COSINE, embedding_function=None)


def nearest(collection: Any, vector: Vector, limit: int) -> list[tuple[str, float]]:
    """(id, cosine) of the nearest vectors, best first.

    Asks the collection itself: langchain-chroma's search brings every passage's text along, which takes as long again
    as the query.
    """
    found = collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
    distances = found["distances"] or [[]]
    return [(name, 1.0 - distance) for name, distance in zip(found["ids"][0], distances[0], strict=True)]


class VectorIndex:
    """Nearest passages by cosine, through langchain-chroma, over passages that are all known at the start.

    `embedding` names the embedding, `width` is the length of its vectors. `path` None keeps everything in memory.
    `rebuilt` says why the index was built anew, or is empty.
    """

    def __init__(
        self, path: Path | None, passages: Sequence[Passage], embeddings: Embeddings, embedding: str, width: int
    ) -> None:
        self._embeddings = embeddings
        self._width = width
        self._places = {passage.id: index for index, passage in enumerate(passages)}
        self.rebuilt = ""
        mark = fingerprint(embedding, passages)
        if path is None:
            self._store = self._open(None)
            self._fill(passages)
            return
        folder = path / mark
        others = [old for old in path.glob("*") if old.is_dir() and old != folder] if path.exists() else []
        store = None
        if folder.exists():
            store = self._usable(folder, len(passages))
            if store is None:
                self.rebuilt = "the stored index was damaged or incomplete"
                log.warning("%s; it is built again from the sources", self.rebuilt)
                self._discard(folder)
        elif others:
            self.rebuilt = "the sources or the embedding changed"
        if store is None:
            self._store = self._open(folder)
            self._fill(passages)
            (folder / "complete").touch()
        else:
            self._store = store
        for old in others:
            shutil.rmtree(old, ignore_errors=True)

    @staticmethod
    def _discard(folder: Path) -> None:
        from chromadb.api.shared_system_client import SharedSystemClient

        SharedSystemClient.clear_system_cache()  # else the client of the damaged files is handed out again
        shutil.rmtree(folder, ignore_errors=True)

    def _open(self, folder: Path | None) -> Any:
        from langchain_chroma import Chroma

        client = open_client(folder)
        self._collection = open_collection(client, _COLLECTION)
        return Chroma(client=client, collection_name=_COLLECTION, embedding_function=self._embeddings)

    def _usable(self, folder: Path, expected: int) -> Any | None:
        """The store in `folder` if it is complete and answers; whatever Chroma raises means that it is not."""
        if not (folder / "complete").exists():
            return None
        try:
            store = self._open(folder)
            found = nearest(self._collection, np.eye(1, self._width, dtype=np.float32)[0], 1)
            return store if self._collection.count() == expected and found else None
        except BaseException as error:  # a damaged file makes Chroma's native part panic, which is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            log.debug("the stored index does not open: %s", error)
            return None

    def _fill(self, passages: Sequence[Passage]) -> None:
        vectors = np.asarray(self._embeddings.embed_documents([passage.text for passage in passages]), dtype=np.float32)
        for start in range(0, len(passages), _CHUNK):
            chunk = passages[start : start + _CHUNK]
            self._collection.add(
                ids=[passage.id for passage in chunk],
                embeddings=vectors[start : start + _CHUNK],
                documents=[passage.text for passage in chunk],
                metadatas=[{"source": passage.source} for passage in chunk],
            )

    def nearest(self, vector: Vector, limit: int) -> list[tuple[int, float]]:
        """(index of the passage, cosine) of the nearest passages, best first."""
        return [(self._places[name], cosine) for name, cosine in nearest(self._collection, vector, limit)]
