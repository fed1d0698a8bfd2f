"""From bytes to text: which encoding, whether it is text at all, and without what nobody can see."""

import codecs
import re
from dataclasses import dataclass

from knowledge.model import Refused

MAX_CHARACTERS = 2_000_000
_BAD_SHARE = 0.01
_MAGIC = (
    b"\x7fELF",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"%PDF-",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF87a",
    b"GIF89a",
    b"\x1f\x8b",
    b"BZh9",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"(\xb5/\xfd",
    b"\xd0\xcf\x11\xe0",
    b"\xca\xfe\xba\xbe",
    b"\xcf\xfa\xed\xfe",
    b"SQLite format 3",
    b"{\\rtf",
)
_BYTE_ORDER_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_KNOWN_CHARSET = re.compile(
    r"(?:utf-?8|us-ascii|ascii|latin-?1|iso-?8859-\d+|(?:windows-|cp)125\d|koi8-[ru]|shift[_-]jis|euc-(?:jp|kr)|"
    r"gb2312|gbk|gb18030|big5)",
    re.IGNORECASE,
)
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|\ufe0f{2,}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The text with line feeds at the ends of lines and no invisible characters; `notes` say what was taken out."""

    text: str
    notes: tuple[str, ...] = ()


def count(number: int, one: str, many: str = "") -> str:
    """`1 comment was`, `3 comments were`."""
    return f"{number:,} {one} was" if number == 1 else f"{number:,} {many or one + 's'} were"


def without_invisible(text: str) -> tuple[str, int]:
    """The text without zero-width, direction, tag and control characters, and how many those were."""
    text, controls = _CONTROL.subn("", text)
    text, invisible = _INVISIBLE.subn("", text)
    return text, controls + invisible


def shown(name: str) -> str:
    """A file's name as a sentence may hold it: one line, visible characters, at most 120 of them."""
    clean = " ".join(without_invisible(name)[0].split()) or "The document"
    return clean if len(clean) <= 120 else f"{clean[:80]}…{clean[-39:]}"


def not_text(name: str) -> Refused:
    """What is said of bytes that pretend to be text."""
    return Refused(f"{name} is not text; documents are Markdown, text, HTML, PDF or DOCX, named accordingly.")


def check_length(name: str, characters: int) -> None:
    """Raises Refused above the limit."""
    if characters > MAX_CHARACTERS:
        raise Refused(
            f"{name} holds {characters:,} characters of text, and {MAX_CHARACTERS:,} are the most: split the file."
        )


def _wide_encoding(data: bytes) -> str:
    """UTF-16 without a mark, told by where its zeros are; empty if it is not."""
    head = data[:4096]
    even, odd = head[::2], head[1::2]
    if len(head) >= 4 and odd.count(0) >= 0.8 * len(odd) and even.count(0) <= 0.05 * len(even):
        return "utf-16-le"
    if len(head) >= 4 and even.count(0) >= 0.8 * len(even) and odd.count(0) <= 0.05 * len(odd):
        return "utf-16-be"
    return ""


def _encoding(data: bytes, charset: str, *, html: bool) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return encoding
    if wide := _wide_encoding(data):
        return wide
    try:
        data.decode()
    except UnicodeDecodeError:
        found = _CHARSET.search(data[:4096]) if html else None
        for declared in (charset, found[1].decode("ascii", "replace") if found else ""):
            if _KNOWN_CHARSET.fullmatch(declared):
                return declared
    return "utf-8"


def decode(name: str, data: bytes, *, charset: str = "", html: bool = False) -> Decoded:
    """The text of a file. `charset` is what its server said; `html` looks for a charset in the text's head as well.

    Raises Refused for what is empty, is no text, is too long, or is in an encoding that is not told.
    """
    if data.startswith(_MAGIC):
        raise not_text(name)
    text = data.decode(_encoding(data, charset, html=html), "replace")
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    controls = len(_CONTROL.findall(text))
    if "\0" in text or controls > _BAD_SHARE * len(text):
        raise not_text(name)
    if bad > 0 and bad >= _BAD_SHARE * len(text):
        raise Refused(f"{name} is not text in UTF-8: save it as UTF-8.")
    text, invisible = without_invisible(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n"))
    check_length(name, len(text))
    if not text.strip():
        raise Refused(f"{name} is empty: there is nothing to read in it.")
    notes = []
    if bad > 0:
        notes.append(f"{count(bad, 'character')} not UTF-8 and stand as \ufffd.")
    if invisible:
        notes.append(f"{count(invisible, 'invisible character')} left out.")
    return Decoded(text=text, notes=tuple(notes))
