"""What a question means besides what it says: an editable table of words that mean the same."""

import re
from collections.abc import Iterable, Sequence

from knowledge.index.words import Words


class Synonyms:
    """Groups of words and phrases; a word of a later group that an earlier one has joins the two."""

    def __init__(self, groups: Iterable[Sequence[str]], words: Words) -> None:
        self._of: dict[str, set[str]] = {}
        for group in groups:
            joined = {word.lower() for word in group}
            for word in tuple(joined):
                joined |= self._of.get(word, set())
            for word in joined:
                self._of[word] = joined
        longest_first = sorted(self._of, key=len, reverse=True)
        self._pattern = (
            re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)") if longest_first else None
        )
        self._words = words

    def meant(self, text: str) -> list[str]:
        """The stems of what the text's words also mean, without those it says itself."""
        if self._pattern is None:
            return []
        lowered = text.lower()
        said = set(self._words.split(text))
        found: dict[str, None] = {}
        for match in self._pattern.finditer(lowered):
            for word in sorted(self._of[match[0]] - {match[0]}):
                found |= dict.fromkeys(stem for stem in self._words.split(word) if stem not in said)
        return list(found)
