"""PDF: the text of its pages; scripts, embedded files, forms and pictures are not taken."""

import logging
from io import BytesIO
from math import hypot
from typing import Any

from knowledge.ingest.decoding import check_length, count
from knowledge.ingest.outline import Outline
from knowledge.ingest.typesetting import Line, add_lines, largest
from knowledge.model import ParsedDocument, Refused

MAX_PAGES = 1_000
_TINY = 1.5
"""Points; text below cannot be read."""


_PAINTS = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"sh", b"Do", b"BI", b"INLINE IMAGE"})
_WHITE = {b"g": [1], b"rg": [1, 1, 1], b"k": [0, 0, 0, 0]}


class _Pen:
    """Follows how text is painted: in invisible mode, or in white where nothing was painted under it.

    Behind a picture, invisible text is what a scanner recognised in it, and is taken.
    """

    def __init__(self, *, pictures: bool) -> None:
        self.unseen = False
        self._pictures = pictures
        self._painted = pictures
        self._state = (0, False)
        self._stack: list[tuple[int, bool]] = []

    def visit(self, operator: bytes, operands: Any, _cm: Any, _tm: Any) -> None:
        """What pypdf calls before each operator."""
        mode, white = self._state
        if operator == b"q" and len(self._stack) < 1_000:
            self._stack.append(self._state)
        elif operator == b"Q" and self._stack:
            self._state = self._stack.pop()
        elif operator == b"Tr" and operands:
            self._state = (int(operands[0]), white)
        elif operator in _WHITE:
            self._state = (mode, [float(one) for one in operands] == _WHITE[operator])
        elif operator in {b"sc", b"scn"}:
            self._state = (mode, False)
        elif operator in _PAINTS:
            self._painted = True
        elif operator in {b"Tj", b"TJ", b"'", b'"'}:
            self.unseen = (mode == 3 and not self._pictures) or (white and not self._painted)


class _PageText:
    """Collects the pieces of a page's text into lines, without what is too small, unpainted or beside the page."""

    def __init__(self, number: int, box: tuple[float, float, float, float], pen: _Pen) -> None:
        self.lines: list[Line] = []
        self.unseen = 0
        self._number = number
        self._box = box
        self._pen = pen
        self._pieces: list[tuple[str, float, float, str]] = []

    def visit(self, text: str, cm: Any, tm: Any, font: Any, size: Any) -> None:
        """What pypdf calls for each piece, with the matrices of the page and of the text."""
        height = float(size) * hypot(tm[2], tm[3]) * hypot(cm[2], cm[3])
        x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
        y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
        name = str((font or {}).get("/BaseFont", ""))
        left, bottom, right, top = self._box
        seen = not self._pen.unseen and height >= _TINY and left - 5 <= x <= right + 5 and bottom - 5 <= y <= top + 5
        parts = text.split("\n")
        for place, part in enumerate(parts):
            if part.strip() and not seen:
                self.unseen += 1
            elif part:
                self._pieces.append((part, round(height, 1), round(y, 1), name))
            if place < len(parts) - 1:
                self.end_line()

    def end_line(self) -> None:
        """Makes a line of the pieces so far."""
        pieces, self._pieces = self._pieces, []
        text = "".join(piece[0] for piece in pieces)
        if not text.strip():
            return
        _, size, y, _ = max(pieces, key=lambda piece: len(piece[0].strip()))
        fonts = [piece[3] for piece in pieces if piece[0].strip()]
        self.lines.append(
            Line(
                text=text,
                size=size,
                y=y,
                page=self._number,
                bold=all("bold" in font.lower() or "black" in font.lower() for font in fonts),
                typed=all("courier" in font.lower() or "mono" in font.lower() for font in fonts),
            )
        )


def _open(name: str, data: bytes) -> Any:
    """The reader of a file that is not protected and not too long."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(BytesIO(data))
        protected = reader.is_encrypted and not reader.decrypt("")
    except (DependencyError, NotImplementedError):  # an encryption that is not installed, with a password or without
        protected = True
    if protected:
        raise Refused(f"{name} is protected by a password: save it without one.")
    told = reader.root_object.get("/Pages", {}).get_object().get("/Count", 0)
    pages = max(int(told) if isinstance(told, int) else 0, 0)
    if pages <= MAX_PAGES:
        pages = len(reader.pages)
    if pages > MAX_PAGES:
        raise Refused(f"{name} has {pages:,} pages, and {MAX_PAGES:,} are the most: split it.")
    return reader


def _active(reader: Any) -> tuple[int, int]:
    """How many scripts and embedded files the catalogue names; they are only counted."""
    root = reader.root_object
    names = root.get("/Names")
    names = names.get_object() if names is not None else {}
    action = root.get("/OpenAction")
    action = action.get_object() if action is not None else {}
    scripts = int("/JavaScript" in names) + int(isinstance(action, dict) and action.get("/S") == "/JavaScript")
    return scripts + int("/AA" in root), int("/EmbeddedFiles" in names)


def _has_pictures(page: Any) -> bool:
    """Whether a page shows a picture that may be a scan."""
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    found = objects.get_object().values() if objects is not None else ()
    return any(one.get_object().get("/Subtype") == "/Image" for one in found)


def _title(reader: Any) -> str:
    """The title in the properties, unless it is what a program writes that was told none."""
    told = reader.metadata.title if reader.metadata else None
    title = told.strip().removeprefix("Microsoft Word - ") if isinstance(told, str) else ""
    return "" if title.strip("()").lower() in {"untitled", "anonymous", "unspecified"} else title


def load_pdf(name: str, data: bytes) -> ParsedDocument:
    """The title is the one in the file's properties, else the largest text of the first page, else the file's name.

    Raises Refused for a password, for more than 1,000 pages, and for a file with pictures of text only.
    """
    reader = _open(name, data)
    lines: list[Line] = []
    unseen = characters = 0
    for number, page in enumerate(reader.pages):
        box = page.mediabox
        pen = _Pen(pictures=_has_pictures(page))
        text = _PageText(number, (float(box.left), float(box.bottom), float(box.right), float(box.top)), pen)
        page.extract_text(visitor_text=text.visit, visitor_operand_before=pen.visit)
        text.end_line()
        lines += text.lines
        unseen += text.unseen
        characters += sum(len(line.text) for line in text.lines)
        check_length(name, characters)
    if not lines:
        raise Refused(f"{name} holds only images; it needs OCR: make its text searchable first.")
    outline = Outline(name, _title(reader) or largest(lines))
    add_lines(lines, outline)
    scripts, files = _active(reader)
    said: tuple[tuple[int, str, str], ...] = (
        (unseen, "piece of unseen text", "pieces of unseen text"),
        (scripts, "script", ""),
        (files, "set of embedded files", ""),
    )
    return outline.document(*(f"{count(number, one, many)} left out." for number, one, many in said if number))
