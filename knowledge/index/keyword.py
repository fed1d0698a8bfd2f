"""BM25 over the passages, and the statistics of their words."""

import math
from collections.abc import Sequence

import bm25s
import numpy as np
import numpy.typing as npt

from knowledge.index.exact import largest

_SYNONYM_WEIGHT = 0.5
"""Of a word that the question means but does not say."""


class KeywordIndex:
    """BM25 (Robertson's, as bm25s computes it) over a fixed list of texts, given as stems; rebuilt when they change."""

    def __init__(self, texts: Sequence[list[str]]) -> None:
        self._count = len(texts)
        self._bm25 = bm25s.BM25()
        if any(texts):
            self._bm25.index(texts, show_progress=False)
            self._vocabulary: dict[str, int] = self._bm25.vocab_dict
            self._starts = self._bm25.scores["indptr"]
        else:
            self._vocabulary = {}

    def __contains__(self, word: str) -> bool:
        """Whether any text contains this stem."""
        return word in self._vocabulary

    def __len__(self) -> int:
        """How many texts there are."""
        return self._count

    def ranked(self, question: Sequence[str], meant: Sequence[str], limit: int) -> list[tuple[int, float]]:
        """(index, score as a share of the best) of the texts that share a word with the question, best first.

        Words that are `meant` and not said count half.
        """
        scores = self._scores(question) + _SYNONYM_WEIGHT * self._scores(meant)
        if not (top := float(scores.max(initial=0.0))):
            return []
        best = largest(scores, limit)
        return [(int(index), float(scores[index]) / top) for index in best if scores[index] > 0]

    def _scores(self, words: Sequence[str]) -> npt.NDArray[np.float32]:
        known = [word for word in words if word in self._vocabulary]
        if not known:
            return np.zeros(self._count, dtype=np.float32)
        return np.asarray(self._bm25.get_scores(known), dtype=np.float32)

    def weight(self, word: str) -> float:
        """How much a word tells: the logarithm of how rarely it occurs."""
        number = self._vocabulary.get(word)
        found = int(self._starts[number + 1] - self._starts[number]) if number is not None else 0
        return math.log(1 + self._count / found) if found else math.log(1 + 2 * self._count)

    def coverage(self, question: Sequence[str], texts: Sequence[Sequence[str]]) -> float:
        """The share of the question's words, weighted by rarity, that these texts contain; 0 for no words."""
        present = frozenset().union(*texts) if texts else frozenset()
        weights = {word: self.weight(word) for word in question}
        total = sum(weights.values())
        return sum(weight for word, weight in weights.items() if word in present) / total if total else 0.0
