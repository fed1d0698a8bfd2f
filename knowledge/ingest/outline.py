"""Headings and blocks in reading order become a document's sections, within the limits of one document."""

import re
from collections.abc import Iterator
from pathlib import PurePath

from knowledge.ingest.decoding import check_length, count, without_invisible
from knowledge.ingest.repetition import Repetition
from knowledge.model import DocumentSection, ParsedDocument, Refused

BLOCK = 4_000
"""Characters of a block; a longer one is split."""
MAX_BLOCKS = 5_000
_HEADING = 300
_CUTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\n[ \t]*\n",  # between paragraphs
        r"\n(?=(?:[-*+•]|\d{1,9}[.)])\s)",  # before an item of a list
        r"\n",
        r"(?<=[.!?…。！？])[\"')\]]?\s",  # noqa: RUF001 - the full stops of Chinese and Japanese
        r"\s",
    )
)


def split_long(text: str, most: int = BLOCK) -> Iterator[str]:
    """Pieces of at most `most` characters, cut at the best end in the second half: of a paragraph, an item, a line, a
    sentence, a word; not after a colon, where what was announced would be lost. Each is an exact substring.
    """
    start = 0
    while len(text) - start > most:
        cut = start + most
        for pattern in _CUTS:
            ends = [found.end() for found in pattern.finditer(text, start + most // 2, start + most)]
            if good := [end for end in ends if not text[start:end].rstrip().endswith(":")]:
                cut = good[-1]
                break
        yield text[start:cut].rstrip().lstrip("\n")
        start = cut
    yield text[start:].rstrip().lstrip("\n")


def stem(name: str) -> str:
    """A title for a document without one: the file's name without its ending."""
    return PurePath(name).stem.strip() or name


class Outline:
    """Collects a document. Text before the first heading stands under the title."""

    def __init__(self, name: str, title: str = "") -> None:
        self._name = name
        self.title = without_invisible(" ".join(title.split()))[0][:_HEADING].strip() or stem(name)
        self._level, self._heading = 1, self.title
        self._trail: dict[int, str] = {}
        self._blocks: list[str] = []
        self._sections: list[DocumentSection] = []
        self._repetition = Repetition()
        self._count = self._repeated = self._invisible = self._characters = 0

    def heading(self, level: int, text: str) -> None:
        """A heading of this level, 1 the highest; one without a visible character is no heading."""
        text, invisible = without_invisible(" ".join(text.split()))
        self._invisible += invisible
        if not text.strip():
            return
        self._close()
        self._level, self._heading = level, text[:_HEADING].strip()
        self._trail = {depth: one for depth, one in self._trail.items() if depth < level} | {level: self._heading}

    def block(self, text: str) -> None:
        """A paragraph, or a lead line with its list, of any length. Raises Refused when the text becomes too long."""
        text, invisible = without_invisible(text)
        self._invisible += invisible
        self._characters += len(text)
        check_length(self._name, self._characters)
        for piece in split_long(text):
            if not piece.strip():
                continue
            if self._repetition.repeats(piece):
                self._repeated += 1
            else:
                self._blocks.append(piece)
                self._count += 1

    def _close(self) -> None:
        if self._blocks:
            above = tuple(
                one for depth, one in sorted(self._trail.items()) if depth < self._level and one != self.title
            )
            self._sections.append(DocumentSection(heading=self._heading, path=above, blocks=tuple(self._blocks)))
            self._blocks = []

    def document(self, *notes: str) -> ParsedDocument:
        """The document with these notes and those on what was left out here. Raises Refused if there is no text in it,
        or more blocks than a document may have.
        """
        self._close()
        if not self._sections and self._repeated:
            raise Refused(f"{self._name} repeats the same few words: there is nothing to take from it.")
        if not self._sections:
            raise Refused(f"{self._name} has no text to read: there is nothing to take from it.")
        if self._count > MAX_BLOCKS:
            raise Refused(f"{self._name} has {self._count:,} paragraphs, and {MAX_BLOCKS:,} are the most: split it.")
        said = list(notes)
        if self._invisible:
            said.append(f"{count(self._invisible, 'invisible character')} left out.")
        if self._repeated:
            said.append(f"{count(self._repeated, 'repeated paragraph')} left out.")
        return ParsedDocument(title=self.title, sections=tuple(self._sections), notes=tuple(said))
