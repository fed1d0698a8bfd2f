"""From the bytes of a file to a `ParsedDocument`, whichever format they are in."""

from pathlib import PurePath
from typing import Literal

from knowledge.ingest.decoding import not_text, shown
from knowledge.ingest.find import KINDS
from knowledge.model import ParsedDocument, Refused

MAX_BYTES = 10 * 2**20
Format = Literal["Markdown", "text", "HTML", "PDF", "DOCX"]

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MEDIA_TYPES: dict[str, Format] = {
    "text/markdown": "Markdown",
    "text/x-markdown": "Markdown",
    "text/html": "HTML",
    "application/xhtml+xml": "HTML",
    "application/pdf": "PDF",
    _DOCX: "DOCX",
}
_SUFFIXES: dict[str, Format] = {
    ".md": "Markdown",
    ".markdown": "Markdown",
    ".txt": "text",
    ".text": "text",
    ".rst": "text",
    ".html": "HTML",
    ".htm": "HTML",
    ".pdf": "PDF",
    ".docx": "DOCX",
}


def _format(name: str, data: bytes, media_type: str) -> Format:
    """What the server says, if it is precise; else the name's ending; else what the first bytes look like."""
    if found := MEDIA_TYPES.get(media_type):
        return found
    if found := _SUFFIXES.get(PurePath(name).suffix.lower()):
        return found
    if b"%PDF-" in data[:1024]:
        return "PDF"
    if data.startswith(b"PK\x03\x04") and b"word/" in data:
        return "DOCX"
    if data[:1024].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        return "HTML"
    if media_type == "text/plain":
        return "text"
    raise Refused(f"{name} is of a kind that cannot be read: save it as {KINDS}.")


def _parse(kind: Format, name: str, data: bytes, charset: str) -> ParsedDocument:
    if kind == "Markdown":
        from knowledge.ingest.markdown import load_markdown

        return load_markdown(name, data, charset=charset)
    if kind == "text":
        from knowledge.ingest.text import load_text

        return load_text(name, data, charset=charset)
    try:
        if kind == "HTML":
            from knowledge.ingest.html import load_html

            return load_html(name, data, charset=charset)
        if kind == "PDF":
            if b"%PDF-" not in data[:1024]:
                raise Refused(f"{name} is not a PDF, whatever it is called: save it as PDF again.")
            from knowledge.ingest.pdf import load_pdf

            return load_pdf(name, data)
        from knowledge.ingest.docx import load_docx

        return load_docx(name, data)
    except ImportError as error:
        raise Refused(f"Reading {kind} needs the package {error.name}: install the extra `documents`.") from error


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether an error comes from a lack of memory, which some libraries clothe in another."""
    while error is not None and not isinstance(error, MemoryError):
        error = error.__cause__ or error.__context__
    return error is not None


def load(name: str, data: bytes, media_type: str = "") -> ParsedDocument:
    """The document in these bytes. `media_type` is what a server said, with its charset if it told one.

    Runs libraries on untrusted bytes: call it in a process of its own (`ParsingProcess`). Raises Refused, and besides
    that only MemoryError.
    """
    name = shown(name)
    if not data:
        raise Refused(f"{name} is empty: there is nothing to read in it.")
    if len(data) > MAX_BYTES:
        raise Refused(f"{name} has {len(data) / 2**20:,.1f} MiB, and {MAX_BYTES // 2**20} are the most: split it.")
    media_type, _, parameters = media_type.partition(";")
    charset = parameters.lower().partition("charset=")[2].partition(";")[0].strip().strip("\"'")
    kind = _format(name, data, media_type.strip().lower())
    if kind in {"Markdown", "text", "HTML"} and data.startswith((b"%PDF-", b"PK\x03\x04")):
        raise not_text(name)
    try:
        return _parse(kind, name, data, charset)
    except (Refused, MemoryError):
        raise
    except RecursionError as error:
        raise Refused(f"{name} cannot be read as {kind} (it is nested too deeply): simplify it.") from error
    except Exception as error:
        if _out_of_memory(error):
            raise MemoryError from error
        why = f"{type(error).__name__}: {error}"[:120]
        raise Refused(f"{name} cannot be read as {kind} ({shown(why)}): save it anew and try again.") from error
