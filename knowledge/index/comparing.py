"""How near sentences come to reference texts by meaning: what the grader of answers asks."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
from langchain_core.embeddings import Embeddings

from knowledge.index.embeddings import NAME
from knowledge.index.precomputed import key
from knowledge.loader import load_curriculum
from knowledge.model import Curriculum, Item, Point

log = logging.getLogger(__name__)

FILE = Path(__file__).parent.parent / "data" / "exemplars.npz"
_SCALE = 127.0
_KEPT = 2048
"""Vectors of references that do not ship: of templates, corrections and a team's own items."""
SENTENCE = 5
"""Words from which a hit is an example of an answer."""


def references(point: Point) -> list[str]:
    """The texts of a point that sentences are compared with."""
    return [
        point.claim,
        *(hit for hit in point.hit if len(hit.split()) >= SENTENCE),
        *point.not_hit,
        *point.right,
        *point.wrong,
    ]


def shipped_references(curriculum: Curriculum) -> list[str]:
    """Of all items and of their variants that are no templates."""
    return list(dict.fromkeys(text for item in curriculum.items.values() for text in _of(item)))


def _of(item: Item) -> list[str]:
    rubrics = [item.rubric, *(variant.rubric for variant in item.variants if variant.template is None)]
    return [*item.misconceptions, *(text for rubric in rubrics for point in rubric for text in references(point))]


class Comparing:
    """Cosines of sentences and references; the vectors of the shipped references are computed beforehand."""

    def __init__(self, embeddings: Embeddings, path: Path = FILE) -> None:
        self._embeddings = embeddings
        self._places: dict[int, int] = {}
        self._shipped = np.zeros((0, 0), dtype=np.int8)
        self._recent: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()
        self._halves = ThreadPoolExecutor(2, "comparing")
        if path.exists():
            with np.load(path, allow_pickle=False) as stored:
                if str(stored["embedding"]) == NAME:
                    self._shipped = stored["vectors"]
                    self._places = {int(one): place for place, one in enumerate(stored["keys"])}

    def cosines(self, sentences: Sequence[str], texts: Sequence[str]) -> list[list[float]]:
        """A row a sentence, a column a text."""
        found: npt.NDArray[np.float32] = self._embedded(list(sentences)) @ self.vectors(texts).T
        return [[float(one) for one in row] for row in found]

    def _embedded(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """On two threads: the embedding computes on one and leaves the interpreter while it does."""
        if len(texts) < 3:
            return np.asarray(self._embeddings.embed_documents(texts), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        halves = (order[0::2], order[1::2])
        made = self._halves.map(self._embeddings.embed_documents, [[texts[i] for i in half] for half in halves])
        vectors = np.empty((len(texts), 0), dtype=np.float32)
        for half, rows in zip(halves, made, strict=True):
            part = np.asarray(rows, dtype=np.float32)
            if not vectors.shape[1]:
                vectors = np.empty((len(texts), part.shape[1]), dtype=np.float32)
            vectors[half] = part
        return vectors

    def vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row a reference."""
        missing = [text for text in texts if key(text) not in self._places and text not in self._recent]
        if missing:
            for text, vector in zip(missing, self._embedded(missing), strict=True):
                self._recent[text] = vector
        rows = []
        for text in texts:
            place = self._places.get(key(text))
            if place is None:
                self._recent.move_to_end(text)
                rows.append(self._recent[text])
            else:
                rows.append(self._shipped[place].astype(np.float32) / _SCALE)
        while len(self._recent) > _KEPT:
            self._recent.popitem(last=False)
        return np.stack(rows)


def write(embeddings: Embeddings, path: Path = FILE) -> int:
    """Compute the vectors of the shipped references; those that are there already are kept. Returns how many."""
    texts = shipped_references(load_curriculum())
    vectors = Comparing(embeddings, path).vectors(texts)
    np.savez_compressed(
        path,
        embedding=np.array(NAME),
        keys=np.array([key(text) for text in texts], dtype=np.uint64),
        vectors=np.clip(np.rint(vectors * _SCALE), -127, 127).astype(np.int8),
    )
    return len(texts)
