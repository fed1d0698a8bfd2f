"""Typing errors in a question, repaired to the words of what is searched."""

import re
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from knowledge.index.words import English

_WORD = re.compile(r"[A-Za-z]{5,}")
_LONG = 8
"""From this length on two errors are repaired, below it one."""


class Spelling:
    """Repairs a word only if it is no English word and close to one that the sources use."""

    def __init__(self, english: English, words: Iterable[str]) -> None:
        self._english = english
        self._by_length: dict[int, list[str]] = {}
        self._known = {word for word in words if word.isalpha() and len(word) > 4}
        for word in sorted(self._known):
            self._by_length.setdefault(len(word), []).append(word)

    def repaired(self, text: str) -> str:
        """The text with its typing errors repaired; whatever is not recognised stays as it is."""
        return _WORD.sub(lambda match: self._repaired(match[0]), text)

    def _repaired(self, word: str) -> str:
        lowered = word.lower()
        if lowered in self._known or self._english.knows(lowered):
            return word
        allowed = 1 if len(lowered) < _LONG else 2
        choices = [
            known
            for length in range(len(lowered) - allowed, len(lowered) + allowed + 1)
            for known in self._by_length.get(length, ())
            if known[0] == lowered[0]  # the first letter is seldom the wrong one
        ]
        found = process.extractOne(lowered, choices, scorer=DamerauLevenshtein.distance, score_cutoff=allowed)
        return found[0] if found else word
