"""From lines with a position and a size, as a PDF has them, to headings and blocks."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile, pairwise, takewhile

from knowledge.ingest.outline import Outline

_BULLET = re.compile(r"\s*(?:[•◦▪‣●○■□–·∙\x7f\uf0b7\uf0a7]|[-*](?=\s)|\(?\d{1,3}[.)](?=\s)|[a-z]\)(?=\s))\s*")  # noqa: RUF001
_BARE = re.compile(r"\s*(?:[•◦▪‣●○■□·∙\x7f\uf0b7\uf0a7-]|\(?\d{1,3}[.)])\s*")
_LARGER = 1.15
_HEADING = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a page: its text, the height of its letters and its baseline in points, whether it is bold or typed."""

    text: str
    size: float
    y: float
    page: int
    bold: bool = False
    typed: bool = False


def _without_running_heads(lines: Sequence[Line]) -> list[Line]:
    """Without the top or bottom line that, apart from its numbers, stands on half of the pages and on three at least."""
    by_page: dict[int, list[Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    if len(by_page) < 3:
        return list(lines)
    edges = {
        page: {id(max(found, key=lambda line: line.y)), id(min(found, key=lambda line: line.y))}
        for page, found in by_page.items()
    }
    seen = Counter(
        text
        for found in by_page.values()
        for text in {_numberless(line) for line in found if id(line) in edges[line.page]}
    )
    least = max(3, len(by_page) / 2)
    return [line for line in lines if id(line) not in edges[line.page] or seen[_numberless(line)] < least]


def _numberless(line: Line) -> str:
    return re.sub(r"\d+", "0", line.text.strip().casefold())


def _with_bullets_joined(lines: Sequence[Line]) -> list[Line]:
    """A line that is only a bullet belongs before the next one."""
    joined: list[Line] = []
    bullet = ""
    for line in lines:
        if _BARE.fullmatch(line.text):
            bullet = line.text.strip()
            bullet = bullet if bullet[0] in "(123456789-" else "•"
            continue
        joined.append(replace(line, text=f"{bullet} {line.text.strip()}") if bullet else line)
        bullet = ""
    return joined


class _Page:
    """What is usual in a document: the size of its text, the distance of its lines, and the sizes above."""

    def __init__(self, lines: Sequence[Line]) -> None:
        letters: Counter[float] = Counter()
        for line in lines:
            letters[line.size] += len(line.text)
        self.body = letters.most_common(1)[0][0]
        larger = sorted({line.size for line in lines if line.size >= _LARGER * self.body}, reverse=True)
        self.levels = {size: min(place, 5) for place, size in enumerate(larger, start=1)}
        steps = sorted(
            (one.y - next_.y) / one.size
            for one, next_ in pairwise(lines)
            if one.size == next_.size and one.page == next_.page and 0 < one.y - next_.y < 3 * one.size
        )
        self.step = min(max(steps[len(steps) // 4], 1.0), 2.0) if steps else 1.2  # most are inside of paragraphs

    def level(self, line: Line, *, apart: bool) -> int:
        """The level of a heading, 0 for text. A bold line that stands apart is a heading below all larger ones."""
        text = line.text.strip()
        if len(text) > _HEADING or not any(letter.isalpha() for letter in text) or line.typed:
            return 0
        if line.size in self.levels:
            return self.levels[line.size]
        short = len(text) <= 100 and not text.endswith((".", ",", ";", ":"))
        return 6 if line.bold and apart and short and line.size >= self.body else 0

    def apart(self, before: Line | None, line: Line) -> bool:
        """Whether a new paragraph begins with `line`."""
        if before is None or abs(before.size - line.size) > 0.1 * line.size or before.typed != line.typed:
            return True
        down = before.y - line.y
        if before.page != line.page or down < -0.5 * line.size:  # the next page, or the next column
            ended = before.text.rstrip().endswith((".", "!", "?", ":"))
            return ended or not line.text.lstrip()[:1].islower()
        return down > max(1.25 * self.step, 1.3) * line.size


def largest(lines: Sequence[Line]) -> str:
    """The largest text of the first page, if it is larger than the usual text: what a reader takes for the title."""
    first = [line for line in _without_running_heads(lines) if line.page == 0]
    if not first:
        return ""
    size = max(line.size for line in first)
    run = takewhile(lambda line: line.size == size, dropwhile(lambda line: line.size < size, first))
    text = " ".join(line.text.strip() for line in run)
    return text if size in _Page(lines).levels and len(text) <= _HEADING else ""


def _joined(text: str, line: Line, before: Line, *, new_line: bool) -> str:
    if new_line or line.typed:
        return f"{text}\n{line.text.rstrip()}"
    addition = line.text.strip()
    if text.endswith("-") and addition[:1].islower() and before.y != line.y and text[-2:-1].isalpha():
        return text[:-1] + addition
    return f"{text} {addition}"


def add_lines(lines: Sequence[Line], outline: Outline) -> None:
    """Puts the lines of all pages into the outline: larger or bold lines are headings, a wider gap begins a paragraph,
    a list is one block with the paragraph above it.
    """
    lines = _with_bullets_joined(_without_running_heads(lines))
    if not lines:
        return
    page = _Page(lines)
    held, before = "", None
    heading, level = "", 0
    in_list = False
    for line in lines:
        apart = page.apart(before, line)
        now = page.level(line, apart=apart)
        if heading and (now != level or apart):
            outline.heading(level, heading)
            heading = ""
        if now:
            if held:
                outline.block(held)
            held, in_list = "", False
            heading, level = f"{heading} {line.text.strip()}".strip(), now
        elif held and before and (_BULLET.match(line.text) or not apart):
            bullet = bool(_BULLET.match(line.text)) and (apart or in_list or line.y != before.y)
            held = _joined(held, line, before, new_line=bullet)
            in_list = in_list or bullet
        else:
            if held:
                outline.block(held)
            held, in_list = line.text.strip(), bool(_BULLET.match(line.text))
        before = line
    if heading:
        outline.heading(level, heading)
    if held:
        outline.block(held)
