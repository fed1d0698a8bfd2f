"""Whether a block of a document says what an earlier one said: stuffing makes a search find nothing else."""

import re
from zlib import crc32

_WORD = re.compile(r"\w+")
_SHINGLE = 3
_SKETCH = 16
_ALIKE = 0.8
_RECENT = 20
_SHORT = 8
_SHORT_TIMES = 3


class Repetition:
    """Remembers the blocks of one document.

    Two blocks are alike when at least 80 % of the 16 smallest hashes of their three-word sequences are the same
    (Broder's bottom-k sketch of their resemblance). Below eight words they are alike only when all words are the same,
    and may stand three times, as "None." does in a table of questions.
    """

    def __init__(self) -> None:
        self._times: dict[int, int] = {}
        self._sketches: dict[int, list[frozenset[int]]] = {}

    def repeats(self, text: str) -> bool:
        """Whether `text` is left out; if it is not, later ones are compared with it."""
        words = _WORD.findall(text.casefold())
        if not words:  # punctuation and pictures of characters are compared as they stand
            words = text.split()
        if len(words) >= 50 and len(set(words)) < 0.1 * len(words):
            return True
        whole = hash(tuple(words))
        self._times[whole] = self._times.get(whole, 0) + 1
        if self._times[whole] > 1:
            return len(words) >= _SHORT or self._times[whole] > _SHORT_TIMES
        return len(words) >= _SHORT and self._resembles(words)

    def _resembles(self, words: list[str]) -> bool:
        hashes = {
            crc32(" ".join(words[at : at + _SHINGLE]).encode("utf-8", "replace"))
            for at in range(len(words) - _SHINGLE + 1)
        }
        sketch = frozenset(sorted(hashes)[:_SKETCH])
        for one in sketch:
            for other in self._sketches.get(one, ()):
                joined = frozenset(sorted(sketch | other)[:_SKETCH])
                if len(joined & sketch & other) >= _ALIKE * len(joined):
                    return True
        for one in sketch:
            recent = self._sketches.setdefault(one, [])
            recent.append(sketch)
            del recent[:-_RECENT]
        return False
