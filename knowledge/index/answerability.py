"""Whether a question is one that a source answers, learned from questions that it does and does not answer.

A retrieval score cannot tell: a near miss ("how many hours a week should I learn?") finds its section as well as a good
question does. Kernel ridge regression (Saunders, Gammerman and Vovk 1998) over exemplars of both kinds can; its kernel
joins the nearness of the embeddings with the runs of words shared ("how many", "which tool"), so that the form of a
question counts beside its subject.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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


def fingerprint(embedding: str, answered: Sequence[str], unanswered: Sequence[str]) -> str:
    """Changes when an exemplar, the embedding or a constant here does."""
    told = json.dumps([embedding, _WIDTH, _FORM, _RIDGE, _SEEN, _WORD.pattern, list(answered), list(unanswered)])
    return hashlib.sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What is learned: the `weights` of the exemplars, and of every run of words that is told apart."""

    weights: Vector
    runs: Sequence[str]
    rarity: Vector
    run_weights: Vector


def fit(answered: Sequence[str], unanswered: Sequence[str], vectors: Vector) -> Fitted:
    """Towards +1 for `answered`, -1 for `unanswered`; their `vectors` in that order: (n, width), of length 1.

    Takes a second for 3,000 exemplars, which is why what ships is fitted beforehand.
    """
    texts = [*answered, *unanswered]
    counts = Counter(run for text in texts for run in set(_runs(text)))
    runs = sorted(run for run, count in counts.items() if count >= _SEEN)
    rarity = np.log(1 + len(texts) / np.array([counts[run] for run in runs], dtype=np.float32))
    places = {run: place for place, run in enumerate(runs)}
    forms = np.zeros((len(texts), len(runs)), dtype=np.float32)
    for form, text in zip(forms, texts, strict=True):
        chosen, values = _form(text, places, rarity)
        form[chosen] = values
    target = np.r_[np.ones(len(answered)), -np.ones(len(unanswered))]
    kernel = np.exp(_WIDTH * (vectors @ vectors.T - 1)) + _FORM * (forms @ forms.T)
    weights = np.linalg.solve(kernel + _RIDGE * np.eye(len(texts)), target).astype(np.float32)
    # the second kernel is linear: one vector serves for it
    return Fitted(weights=weights, runs=runs, rarity=rarity, run_weights=_FORM * (forms.T @ weights))


def _form(text: str, places: Mapping[str, int], rarity: Vector) -> tuple[list[int], Vector]:
    """The runs of words in a text, with their rarity, together of length 1."""
    chosen = sorted(places[run] for run in set(_runs(text)) if run in places)
    values = rarity[chosen]
    return chosen, values / max(float(np.linalg.norm(values)), 1e-9)


class Answerability:
    """About +1 for a question like those that are answered, -1 for one like the others."""

    def __init__(self, fitted: Fitted, vectors: Vector, answered: int) -> None:
        """`vectors` are those that it was fitted with; the first so many are `answered`."""
        self._fitted = fitted
        self._places = {run: place for place, run in enumerate(fitted.runs)}
        self._vectors = vectors
        self._answered = answered

    def leaning(self, question: str, vector: Vector) -> tuple[float, float]:
        """Above 0 for a question that looks answered, below for one that does not; and the cosine of the nearest one
        that is not."""
        cosines = np.vecdot(self._vectors, vector)  # `@` wakes a second thread, and waits for it if the cores are busy
        near = np.exp(_WIDTH * (cosines - 1))
        chosen, values = _form(question, self._places, self._fitted.rarity)
        leaning = float(near @ self._fitted.weights + values @ self._fitted.run_weights[chosen])
        return leaning, float(cosines[self._answered :].max())
