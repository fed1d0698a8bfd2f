"""Plain text and reStructuredText: paragraphs, and headings where a line is underlined."""

import re

from knowledge.ingest.decoding import decode
from knowledge.ingest.outline import Outline
from knowledge.model import ParsedDocument

_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,9}[.)]|\(?[a-z\d][.)])[ \t]+\S")
_UNDERLINE = re.compile(r"([=~^\"'#*+`:._-])\1{2,}[ \t]*")
_PARAGRAPH = re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*")


def _heading(lines: list[str]) -> tuple[str, str, int]:
    """The heading that these lines begin with, the style of its underline, and how many lines it takes; 0 for none."""
    over = len(lines) > 2 and bool(_UNDERLINE.fullmatch(lines[0]))
    title, under = lines[over : over + 2] if len(lines) > over + 1 else ("", "")
    if not _UNDERLINE.fullmatch(under) or _UNDERLINE.fullmatch(title) or not 0 < len(title.strip()) <= 120:
        return "", "", 0
    if len(under.strip()) < 0.8 * len(title.strip()) or (over and lines[0].strip() != under.strip()):
        return "", "", 0
    return title, under[0] + ("=" if over else ""), 2 + over


def load_text(name: str, data: bytes, *, charset: str = "") -> ParsedDocument:
    """Blocks are exact substrings of the text; a list is one block with the paragraph above it.

    The title is a heading in the first line, else the file's name.
    """
    decoded = decode(name, data, charset=charset)
    text = decoded.text
    paragraphs = [found.span() for found in _PARAGRAPH.finditer(text)]
    title, _, _ = _heading(text[slice(*paragraphs[0])].split("\n"))
    outline = Outline(name, title)
    styles: list[str] = []
    held: tuple[int, int] | None = None
    in_list = False
    for start, end in paragraphs:
        lines = text[start:end].split("\n")
        heading, style, taken = _heading(lines)
        if taken:
            if held:
                outline.block(text[slice(*held)])
            held, in_list = None, False
            if style not in styles:
                styles.append(style)
            outline.heading(styles.index(style) + 1, heading)
            start += sum(len(line) + 1 for line in lines[:taken])  # noqa: PLW2901 - what is left of the paragraph
            if start >= end:
                continue
        item = bool(_ITEM.match(text, start, end))
        belongs = item or (in_list and text.startswith((" ", "\t"), start))
        if held and belongs:
            held = (held[0], end)
        else:
            if held:
                outline.block(text[slice(*held)])
            held = (start, end)
        in_list = belongs or bool(_ITEM.match(lines[-1]))
    if held:
        outline.block(text[slice(*held)])
    return outline.document(*decoded.notes)
