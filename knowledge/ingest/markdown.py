"""Markdown: sections by their headings, blocks that are exact substrings of the visible source."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from typing import Literal

from knowledge.ingest.decoding import decode
from knowledge.ingest.outline import Outline
from knowledge.ingest.visible import FENCE, fence_end, visible_markdown
from knowledge.model import ParsedDocument

Kind = Literal["paragraph", "list", "code", "table", "markup", "heading", "break"]

ITEM = re.compile(r"[ \t]{0,3}(?:[-*+•]|\d{1,9}[.)])(?:[ \t]+|$)")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*")
_BREAK = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_INDENTED = re.compile(r"(?: {4}| {0,3}\t)")
_INTERRUPTS = re.compile(r" {0,3}(?:[-*+]|1[.)])[ \t]+\S")
_TABLE = re.compile(r"^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$", re.MULTILINE)
_TAG = re.compile(r"<[^<>]*>|!\[[^\[\]\n]*\]\([^)\n]*\)|\{[:#][^{}\n]*\}")
_FRONT = re.compile(
    r"(?:---[ \t]*\n(?P<yaml>.*?)\n(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?)\n\+\+\+)[ \t]*(?:\n|$)", re.DOTALL
)
_FRONT_KEY = re.compile(r"""[\w"'][\w"' .-]*[:=]""")
_FRONT_LINE = re.compile(r"""[\w"'.-][\w"' .-]*[:=].*|[ \t]+.*|-[ \t].*|[#\]}].*|""")
_TITLE = re.compile(r"""^title[ \t]*[:=][ \t]*["']?(.*?)["']?[ \t]*$""", re.MULTILINE | re.IGNORECASE)
_HEADING_MARKUP = (
    (re.compile(r"[ \t]*\{[:#][^{}]*\}[ \t]*$"), ""),
    (re.compile(r"!\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])"), r"\1"),
    (re.compile(r"\[([^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\[\]]*\])"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]*>"), ""),
    (re.compile(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<!\w)([*_])(?=\S)(.+?)(?<=\S)\1(?!\w)"), r"\2"),
    (re.compile(r"(`+)(.+?)\1"), r"\2"),
    (re.compile(r"\\([^\w\s])"), r"\1"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A run of lines, `text[start:end]`, of one kind; `heading` is the raw text of one, `level` its depth."""

    kind: Kind
    start: int
    end: int
    heading: str = ""
    level: int = 0


def visible_heading(raw: str) -> str:
    """What a reader sees of a heading: without its anchor, its links' targets, tags and marks of emphasis."""
    text = raw[:1_000]
    for pattern, kept in _HEADING_MARKUP:
        text = pattern.sub(kept, text)
    return " ".join(unescape(text).split())


class _Lines:
    """The lines of a text with their offsets, and where the run that starts at one of them ends."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def span(self, first: int, after: int) -> tuple[int, int]:
        return self.starts[first], self.starts[after] - 1

    def blank(self, at: int) -> bool:
        return not self.lines[at].strip()

    def next_line(self, at: int) -> int:
        """The first line from `at` that is not blank."""
        while at < len(self.lines) and self.blank(at):
            at += 1
        return at

    def after_fence(self, at: int, mark: str) -> int:
        end = fence_end(self.text, self.starts[at + 1], mark)
        at += 1
        while at < len(self.lines) and self.starts[at] <= end:
            at += 1
        return at

    def after_indented(self, at: int) -> int:
        end = at
        while at < len(self.lines) and (self.blank(at) or _INDENTED.match(self.lines[at])):
            end = at = at + 1
        while self.blank(end - 1):
            end -= 1
        return end

    def after_list(self, at: int) -> int:
        """Items, what is indented under them, and blank lines between."""
        while at < len(self.lines):
            line = self.lines[at]
            if fence := FENCE.fullmatch(line):
                at = self.after_fence(at, fence["mark"])
            elif not line.strip():
                following = self.next_line(at)
                if following == len(self.lines) or not self._goes_on(self.lines[following]):
                    return at
                at = following
            else:
                at += 1
                if at < len(self.lines) and self._ends_list(self.lines[at]):
                    return at
        return at

    def _goes_on(self, line: str) -> bool:
        return bool((ITEM.match(line) and not _BREAK.fullmatch(line)) or line.startswith(("  ", "\t")))

    def _ends_list(self, line: str) -> bool:
        fence = FENCE.fullmatch(line)
        return bool(_ATX.fullmatch(line) or _BREAK.fullmatch(line) or (fence and line.startswith(fence["mark"])))

    def after_paragraph(self, at: int) -> int:
        at += 1
        while at < len(self.lines):
            line = self.lines[at]
            if not line.strip() or FENCE.fullmatch(line) or _ATX.fullmatch(line) or _INTERRUPTS.match(line):
                break
            if _SETEXT.fullmatch(line) or _BREAK.fullmatch(line):
                break
            at += 1
        return at


def _pieces(text: str) -> Iterator[_Piece]:
    lines = _Lines(text)
    at = lines.next_line(0)
    while at < len(lines.lines):
        line, kind, heading, level = lines.lines[at], "paragraph", "", 0
        if fence := FENCE.fullmatch(line):
            kind, end = "code", lines.after_fence(at, fence["mark"])
        elif atx := _ATX.fullmatch(line):
            kind, end, heading, level = "heading", at + 1, atx[2] or "", len(atx[1])
        elif _BREAK.fullmatch(line):
            kind, end = "break", at + 1
        elif ITEM.match(line):
            kind, end = "list", lines.after_list(at)
        elif _INDENTED.match(line):
            kind, end = "code", lines.after_indented(at)
        else:
            end = lines.after_paragraph(at)
            underline = _SETEXT.fullmatch(lines.lines[end]) if end < len(lines.lines) else None
            if underline and end - at <= 3:
                kind, heading, level = "heading", " ".join(lines.lines[at:end]), 1 if "=" in underline[1] else 2
                end += 1
            elif _TABLE.search(text, *lines.span(at, end)) and "|" in line:
                kind = "table"
        start, stop = lines.span(at, end)
        if kind in {"paragraph", "table"} and not _TAG.sub("", text[start:stop]).strip("| \t\n:-\\>"):
            kind = "markup"
        yield _Piece(kind=kind, start=start, end=stop, heading=heading, level=level)  # type: ignore[arg-type]
        at = lines.next_line(end)


def _with_their_lead(text: str, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """A list joins the paragraph above it, a table or code the one that announces it by a colon."""
    held: _Piece | None = None
    for piece in pieces:
        if held and (
            piece.kind == "list" or (piece.kind in {"code", "table"} and text[: held.end].rstrip("* _").endswith(":"))
        ):
            yield replace(held, end=piece.end, kind=piece.kind)
            held = None
            continue
        if held:
            yield held
        held = piece if piece.kind == "paragraph" else None
        if held is None:
            yield piece
    if held:
        yield held


def _front_matter(text: str) -> tuple[str, str]:
    """The title in the front matter, if any, and the text below it."""
    found = _FRONT.match(text)
    body = (found["yaml"] or found["toml"] or "") if found else ""
    lines = body.split("\n")
    if not found or not _FRONT_KEY.match(lines[0]) or not all(_FRONT_LINE.fullmatch(line) for line in lines):
        return "", text
    title = _TITLE.search(body)
    return title[1] if title else "", text[found.end() :]


def load_markdown(name: str, data: bytes, *, charset: str = "") -> ParsedDocument:
    """The title is that of the front matter, else the first heading if it is of level 1, else the file's name.

    Links and emphasis stay in the blocks as they are written: a block can be quoted word by word.
    """
    decoded = decode(name, data, charset=charset)
    title, body = _front_matter(decoded.text)
    visible = visible_markdown(body)
    pieces = list(_with_their_lead(visible.text, _pieces(visible.text)))
    first = next((piece for piece in pieces if piece.kind == "heading"), None)
    if not title and first and first.level == 1:
        title = visible_heading(first.heading)
    outline = Outline(name, title)
    for piece in pieces:
        if piece.kind == "heading":
            outline.heading(piece.level, visible_heading(piece.heading))
        elif piece.kind not in {"markup", "break"}:
            outline.block(visible.text[piece.start : piece.end])
    return outline.document(*decoded.notes, *visible.notes)
