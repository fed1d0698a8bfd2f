"""Whether a question is one that a source answers, learned from questions that it does and does not answer.

A retrieval score cannot tell: a near miss ("how many hours a week should I learn?") finds its section as well as a good
question does. Kernel ridge regression (Saunders, Gammerman and Vovk 1998) over exemplars of both kinds can; its kernel
joins the nearness of the embeddings with the runs of words shared ("how many", "which tool"), so that the form of a
question counts beside its subject.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from knowledge.index.chroma import Vector

_WIDTH = 3.0
"""Of the exponential kernel exp(width·(cos - 1))."""
_FORM = 0.2
"""Weight of the shared runs of words."""
_RIDGE = 0.1
_SEEN = 2
"""A run of words has to occur in so many exemplars."""
_WORD = re.compile(r"[a-z0-9']+|[?%]")


def _runs(text: str) -> Iterator[str]:
    words = ["^", *_WORD.findall(text.lower()), "$"]
    for length in (1, 2, 3):
        for start in range(len(words) - length + 1):
            yield " ".join(words[start : start + length])


class Answerability:
    """Fitted once over exemplars: about +1 for a question like those that are answered, -1 for one like the others."""

    def __init__(self, answered: Sequence[str], unanswered: Sequence[str], vectors: Vector) -> None:
        """`vectors` are those of `answered`, then of `unanswered`: (n, width), of length 1."""
        texts = [*answered, *unanswered]
        runs = [set(_runs(text)) for text in texts]
        counts = Counter(run for of_text in runs for run in of_text)
        kept = [run for run, count in counts.items() if count >= _SEEN]
        self._places = {run: place for place, run in enumerate(kept)}
        self._rarity = np.log(1 + len(texts) / np.array([counts[run] for run in kept], dtype=np.float32))
        self._vectors = vectors
        self._answered = len(answered)
        self._forms = np.stack([self._form(text) for text in texts])
        target = np.r_[np.ones(len(answered)), -np.ones(len(unanswered))]
        kernel = np.exp(_WIDTH * (vectors @ vectors.T - 1)) + _FORM * (self._forms @ self._forms.T)
        weights = np.linalg.solve(kernel + _RIDGE * np.eye(len(texts)), target)
        self._weights = weights.astype(np.float32)
        self._form_weights = _FORM * (self._forms.T @ self._weights)  # the second kernel is linear: one vector serves
        del self._forms

    def _form(self, text: str) -> Vector:
        form = np.zeros(len(self._places), dtype=np.float32)
        places = [self._places[run] for run in set(_runs(text)) if run in self._places]
        form[places] = self._rarity[places]
        length = float(np.linalg.norm(form))
        return form / length if length else form

    def leaning(self, question: str, vector: Vector) -> tuple[float, float]:
        """Above 0 for a question that looks answered, below for one that does not; and the cosine of the nearest one
        that is not."""
        cosines = np.vecdot(self._vectors, vector)  # `@` wakes a second thread, and waits for it if the cores are busy
        near = np.exp(_WIDTH * (cosines - 1))
        leaning = float(near @ self._weights + self._form(question) @ self._form_weights)
        return leaning, float(cosines[self._answered :].max())
