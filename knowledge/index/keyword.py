"""BM25 over the passages, and the statistics of their words."""

import math
import re
from collections import Counter
from collections.abc import Sequence

import bm25s
import numpy as np
import Stemmer

from knowledge.model import Passage

_WORD = re.compile(r"[a-z0-9]+(?:[.+#/'-]?[a-z0-9+#]+)*")
STOPWORDS = frozenset(
    [
        "a",
        "about",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "done",
        "for",
        "from",
        "get",
        "gets",
        "getting",
        "go",
        "going",
        "got",
        "had",
        "has",
        "have",
        "he",
        "her",
        "here",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "isn",
        "it",
        "its",
        "just",
        "let",
        "like",
        "me",
        "more",
        "most",
        "much",
        "my",
        "need",
        "no",
        "nor",
        "not",
        "of",
        "on",
        "one",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "please",
        "really",
        "s",
        "same",
        "say",
        "says",
        "should",
        "so",
        "some",
        "such",
        "t",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "this",
        "those",
        "to",
        "too",
        "up",
        "us",
        "use",
        "very",
        "was",
        "we",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
        "article",
        "author",
        "text",
        "according",
        "don",
        "doesn",
        "won't",
        "cant",
        "im",
        "ive",
        "whats",
        "u",
        "r",
        "pls",
        "hey",
        "hi",
        "thanks",
    ]
)


class Words:
    """Text to stemmed content words."""

    def __init__(self) -> None:
        self._stemmer = Stemmer.Stemmer("english")

    def split(self, text: str) -> list[str]:
        """Stems in order of appearance, without the words that carry no content."""
        words = (
            word.removesuffix("'s")
            for word in _WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
        )
        return [str(stem) for stem in self._stemmer.stemWords([word for word in words if word not in STOPWORDS])]


class KeywordIndex:
    """BM25 (Robertson's, as bm25s computes it) over a fixed list of passages; rebuilt whole when they change."""

    def __init__(self, passages: Sequence[Passage], words: Words) -> None:
        self._passages = passages
        self._words = words
        tokens = [words.split(f"{passage.section} {passage.text}") for passage in passages]
        self._sets = [frozenset(words_of) for words_of in tokens]
        counts = Counter(word for words_of in self._sets for word in words_of)
        self._weight = {word: math.log(1 + len(passages) / count) for word, count in counts.items()}
        self._unknown_weight = math.log(1 + 2 * len(passages))
        self._bm25 = bm25s.BM25()
        self._bm25.index(tokens, show_progress=False)

    def ranked(self, question: Sequence[str], limit: int) -> list[int]:
        """Indices of the passages that share a word with the question, best first."""
        known = [word for word in question if word in self._weight]
        if not known:
            return []
        scores = self._bm25.get_scores(known)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [int(index) for index in best if scores[index] > 0]

    def unknown(self, question: Sequence[str]) -> tuple[str, ...]:
        """Words of the question that stand nowhere."""
        return tuple(word for word in dict.fromkeys(question) if word not in self._weight)

    def coverage(self, question: Sequence[str], indices: Sequence[int]) -> float:
        """The share of the question's words, weighted by rarity, that these passages contain; 0 for no words."""
        present = frozenset().union(*(self._sets[index] for index in indices)) if indices else frozenset()
        weights = {word: self._weight.get(word, self._unknown_weight) for word in question}
        total = sum(weights.values())
        return sum(weight for word, weight in weights.items() if word in present) / total if total else 0.0
