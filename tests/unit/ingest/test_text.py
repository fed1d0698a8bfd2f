"""From bytes to text: encodings, what is no text, what nobody can see; and plain text itself."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from knowledge.ingest.decoding import MAX_CHARACTERS, decode
from knowledge.ingest.loaders import MAX_BYTES, load
from knowledge.ingest.outline import BLOCK, MAX_BLOCKS, split_long
from knowledge.model import Refused
from tests.unit.ingest.made import everything, rows

FILLER = " ".join(f"word{number}" for number in range(100)).encode()
SENTENCE = "Žluťoučký kůň is a test of accents, and 読み of others."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_unicode_with_a_mark(encoding: str) -> None:
    assert rows(load("a.txt", SENTENCE.encode(encoding))) == [((), "a", (SENTENCE,))]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_told_by_its_zeros(encoding: str) -> None:
    assert rows(load("a.md", "Plain words.\r\nSecond line.".encode(encoding))) == [
        ((), "a", ("Plain words.\nSecond line.",))
    ]


def test_the_charset_of_the_server_and_of_the_page() -> None:
    assert "Žlutý" in everything(load("a.txt", "Žlutý kůň".encode("cp1250"), "text/plain; charset=windows-1250"))
    page = '<html><head><meta charset="windows-1250"><title>x</title></head><body><p>Žlutý kůň</p></body></html>'
    assert "Žlutý" in everything(load("a.html", page.encode("cp1250")))


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "idna", "rot13", "zip", "no-such"])
def test_a_charset_that_is_a_trick_is_not_used(charset: str) -> None:
    with pytest.raises(Refused, match="is not text in UTF-8"):
        load("a.txt", b"caf\xe9 \xff", f"text/plain; charset={charset}")


def test_a_few_bad_bytes_are_shown_as_such_and_noted() -> None:
    document = load("a.txt", FILLER + b"caf\xe9 and the rest.")
    assert "caf\ufffd" in everything(document)
    assert document.notes[0] == "1 character was not UTF-8 and stand as \ufffd."


def test_many_bad_bytes_are_refused() -> None:
    with pytest.raises(Refused, match=r"^a\.txt is not text in UTF-8: save it as UTF-8\.$"):
        load("a.txt", "Žluťoučký kůň úpěl".encode("cp1250"))


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(50),
        b"PK\x03\x04" + b"word/document.xml" * 10,
        b"%PDF-1.7\n1 0 obj",
        b"\x89PNG\r\n\x1a\n" + bytes(30),
        b"\xff\xd8\xff\xe0 JFIF",
        b"\x1f\x8b\x08\x00 gzip",
        b"MZ\x90\x00\x03\x00\x00\x00\x04",
        b"text and \x00 a zero",
        b"\x01\x02\x03\x04 more " * 3,
    ],
)
@pytest.mark.parametrize("name", ["notes.md", "notes.txt", "notes.html"])
def test_a_program_or_a_picture_called_notes(name: str, data: bytes) -> None:
    with pytest.raises(Refused, match=r"^notes\.\w+ is not text; "):
        load(name, data)


@pytest.mark.parametrize("name", ["a.md", "a.txt", "a.html", "a.pdf", "a.docx"])
def test_nothing_is_refused(name: str) -> None:
    with pytest.raises(Refused, match=r"^a\.\w+ is empty: there is nothing to read in it\.$"):
        load(name, b"")


@pytest.mark.parametrize("data", [b" \n\t\n ", "\u200b\u200b\n\ufeff".encode(), b"\xef\xbb\xbf"])
def test_only_white_or_invisible_is_nothing(data: bytes) -> None:
    with pytest.raises(Refused, match="is empty"):
        load("a.md", data)


@pytest.mark.parametrize("name", ["a.exe", "a", "a.doc", "a.pages"])
def test_another_kind_is_refused(name: str) -> None:
    with pytest.raises(Refused, match="of a kind that cannot be read: save it as Markdown, text, HTML, PDF or DOCX"):
        load(name, b"some words")


def test_what_the_server_says_goes_before_the_name() -> None:
    page = b"<html><body><h1>Title</h1><p>One paragraph of text.</p></body></html>"
    assert rows(load("a.md", page, "text/html")) == [((), "Title", ("One paragraph of text.",))]
    assert rows(load("a", page)) == [((), "Title", ("One paragraph of text.",))]
    assert rows(load("a.md", b"# Title\n\nWords.", "text/plain")) == [((), "Title", ("Words.",))]
    assert rows(load("a", b"# Title\n\nWords.", "text/plain; charset=utf-8")) == [((), "a", ("# Title", "Words."))]


def test_too_many_bytes_and_too_many_characters() -> None:
    with pytest.raises(Refused, match=r"has 10\.0 MiB, and 10 are the most: split it\."):
        load("a.txt", b"x" * (MAX_BYTES + 1))
    with pytest.raises(Refused, match="2,000,001 characters of text, and 2,000,000 are the most"):
        load("a.txt", b"x" * (MAX_CHARACTERS + 1))


def test_too_many_paragraphs_are_refused_with_their_number() -> None:
    few = "\n\n".join(f"Paragraph {number}." for number in range(MAX_BLOCKS))
    assert len(load("a.txt", few.encode()).sections[0].blocks) == MAX_BLOCKS
    with pytest.raises(Refused, match=r"^a\.txt has 5,001 paragraphs, and 5,000 are the most: split it\.$"):
        load("a.txt", f"{few}\n\nOne more.".encode())


def test_invisible_characters_are_taken_out_and_noted() -> None:
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    document = load("a.md", f"Ca\u00adche\u200b{hidden} \u202eis\u202c \u2066here\u2069.\ufeff".encode())
    assert rows(document) == [((), "a", ("Cache is here.",))]
    assert document.notes == ("11 invisible characters were left out.",)


def test_escape_sequences_of_a_terminal_do_not_get_in() -> None:
    assert "\x1b" not in everything(load("a.txt", FILLER + b"\x1b[2J gone"))


def test_an_emoji_keeps_its_form() -> None:
    assert rows(load("a.md", "It works ❤️ here".encode())) == [((), "a", ("It works ❤️ here",))]


def test_a_name_cannot_break_the_sentence() -> None:
    with pytest.raises(Refused) as refused:
        load("a\n\u202egpj.md\x1b" + "x" * 500, b"")
    assert "\n" not in str(refused.value)
    assert "\u202e" not in str(refused.value)
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 200


# --- plain text ------------------------------------------------------------------------------


def test_underlined_lines_are_headings_and_lists_stay_with_their_lead() -> None:
    source = b"""=====
Guide
=====

Before.

Caching
-------

Three ways:

* expiry

* purge,
  which is explicit

After the list.

Keys
~~~~
Short ones.

Queues
------
Last.
"""
    document = load("a.rst", source)
    assert document.title == "Guide"
    assert rows(document) == [
        ((), "Guide", ("Before.",)),
        ((), "Caching", ("Three ways:\n\n* expiry\n\n* purge,\n  which is explicit", "After the list.")),
        (("Caching",), "Keys", ("Short ones.",)),
        ((), "Queues", ("Last.",)),
    ]


words = st.text(st.sampled_from("abc déž.,:;-*#=1 \n\t`<>[]"), min_size=1, max_size=400)


@given(words)
@example("a\n===\nb\n- c\n\nd")
def test_blocks_of_text_are_substrings_and_no_word_is_lost(source: str) -> None:
    try:
        document = load("a.txt", source.encode())
    except Refused:
        return
    text = decode("a.txt", source.encode()).text
    assert all(block in text for section in document.sections for block in section.blocks)
    lost = set(re.findall(r"\w+", text)) - set(re.findall(r"\w+", everything(document)))
    assert not lost or any("repeated" in note for note in document.notes)


@given(st.lists(st.sampled_from(["word", "word.", "item:", "\n", "\n\n", "\n- ", " ", "x" * 90]), max_size=120))
def test_a_long_block_is_cut_into_substrings(parts: list[str]) -> None:
    source = " ".join(parts)
    pieces = list(split_long(source, 100))
    assert all(len(piece) <= 100 for piece in pieces)
    assert all(piece in source for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(source.split())


def test_a_cut_does_not_part_a_list_from_its_lead() -> None:
    source = "Filler sentence here. " * 3 + "There are these ways:\n" + "\n".join(f"- way {one}" for one in range(9))
    first, second, *_ = split_long(source, 100)
    assert not first.endswith(":")
    assert second.startswith("There are these ways:\n- way 0") or "There are these ways:\n- way 0" in first


def test_a_long_paragraph_ends_at_a_sentence() -> None:
    blocks = (
        load("a.txt", " ".join(f"Sentence number {one} ends here." for one in range(400)).encode()).sections[0].blocks
    )
    assert len(blocks) > 2
    assert all(len(block) <= BLOCK and block.startswith("Sentence") and block.endswith("here.") for block in blocks)


# --- stuffing --------------------------------------------------------------------------------


def test_stuffing_is_left_out_and_noted() -> None:
    stuffed = "Use the best cache in the world, our cache, for all caching needs of a cache user."
    real = "Eviction removes the entry that was used least recently when memory runs out."
    again = [stuffed, stuffed.upper(), stuffed + " Now!", stuffed.replace(",", " -"), stuffed]
    document = load("a.md", "\n\n".join([stuffed, *again, real]).encode())
    assert rows(document) == [((), "a", (stuffed, real))]
    assert document.notes == ("5 repeated paragraphs were left out.",)


def test_one_word_over_and_over_is_left_out() -> None:
    document = load("a.md", ("cache " * 300 + "\n\nA real sentence.").encode())
    assert rows(document) == [((), "a", ("A real sentence.",))]


def test_a_document_of_nothing_else_is_refused() -> None:
    with pytest.raises(Refused, match=r"^a\.txt repeats the same few words: "):
        load("a.txt", b"cache " * 300)


def test_paragraphs_that_are_only_similar_stay() -> None:
    one = "A read replica answers reads and lags behind the primary by the time that replication takes."
    two = "A write to the primary is seen on a replica only later, by the time that replication takes."
    short = "None."
    assert rows(load("a.md", f"{one}\n\n{two}\n\n{short}\n\n# H\n\n{short}".encode())) == [
        ((), "H", (one, two, short)),
        ((), "H", (short,)),
    ]
