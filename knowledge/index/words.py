"""Text to words: the stems that searches compare, and how rare a word is in English."""

import re
from collections.abc import Iterator
from pathlib import Path

import Stemmer

VOCABULARY = Path(__file__).parent.parent / "data" / "vocab.txt"
"""The embedding's WordPiece vocabulary, whose words stand in the order of their frequency."""
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

    def pairs(self, text: str) -> Iterator[tuple[str, str]]:
        """(word as written, its stem) in order of appearance, without the words that carry no content."""
        for word in self.raw(text):
            if word not in STOPWORDS:
                yield word, str(self._stemmer.stemWord(word))

    def split(self, text: str) -> list[str]:
        """Stems in order of appearance, without the words that carry no content."""
        return [
            str(stem) for stem in self._stemmer.stemWords([word for word in self.raw(text) if word not in STOPWORDS])
        ]

    @staticmethod
    def raw(text: str) -> Iterator[str]:
        """All words, in lower case."""
        for word in _WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")):
            yield word.removesuffix("'s")

    def stem(self, word: str) -> str:
        """The stem of one word."""
        return str(self._stemmer.stemWord(word))


class English:
    """How common a word is, from the order of the WordPiece vocabulary (google-research/bert)."""

    def __init__(self, words: Words, path: Path = VOCABULARY) -> None:
        lines = path.read_text(encoding="utf-8").split("\n")
        self._rank = {word: number / len(lines) for number, word in enumerate(lines) if word.isalpha()}
        self._stems = {words.stem(word) for word in self._rank}
        self._words = words

    def rarity(self, word: str) -> float:
        """0 for the most common word, 1 for one that is not in the vocabulary."""
        return self._rank.get(word, 0.9 if self._words.stem(word) in self._stems else 1.0)

    def knows(self, word: str) -> bool:
        """Whether it is an English word, in any form."""
        return word in self._rank or self._words.stem(word) in self._stems
