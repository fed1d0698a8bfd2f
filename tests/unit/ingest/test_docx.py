"""Word documents: sections by headings, no hidden text, and no archive that is a weapon."""

import io
import zipfile

import pytest
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.shared import Pt, RGBColor

from knowledge.ingest.loaders import load
from knowledge.model import Refused
from tests.unit.ingest.made import everything, rows, with_part, word

DOCUMENT = "word/document.xml"


def guide(document: Document) -> None:
    document.add_heading("Cache guide", 0)
    document.add_paragraph("Before the first heading.")
    document.add_heading("Invalidation", 1)
    document.add_paragraph("There are two ways:")
    for one in ("expiry", "purge"):
        document.add_paragraph(one, style="List Bullet")
    document.add_paragraph("After the list.")
    document.add_heading("Numbers", 2)
    table = document.add_table(2, 2)
    for row, cells in zip(table.rows, (("Store", "ms"), ("L1", "1")), strict=True):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_heading("Invalidation", 1)
    document.add_paragraph("Again.")


def test_a_document_by_its_sections() -> None:
    document = load("guide.docx", word(guide))
    assert document.title == "Cache guide"
    assert rows(document) == [
        ((), "Cache guide", ("Before the first heading.",)),
        ((), "Invalidation", ("There are two ways:\n- expiry\n- purge", "After the list.")),
        (("Invalidation",), "Numbers", ("Store | ms\nL1 | 1",)),
        ((), "Invalidation", ("Again.",)),
    ]
    assert document.notes == ()


def hidden_by(how: str) -> bytes:
    def fill(document: Document) -> None:
        document.add_paragraph("Before it.")
        paragraph = document.add_paragraph("Seen")
        run = paragraph.add_run(" SECRET instruction")
        if how == "vanish":
            run.font.hidden = True
        elif how == "white":
            run.font.color.rgb = RGBColor(255, 255, 255)
        elif how == "tiny":
            run.font.size = Pt(1)
        elif how == "character style":
            style = document.styles.add_style("Quiet", WD_STYLE_TYPE.CHARACTER)
            style.font.hidden = True
            run.style = style
        elif how == "paragraph style":
            parent = document.styles.add_style("Quiet", WD_STYLE_TYPE.PARAGRAPH)
            parent.font.hidden = True
            child = document.styles.add_style("Quieter", WD_STYLE_TYPE.PARAGRAPH)
            child.base_style = parent
            document.add_paragraph("SECRET of a style", style=child)
            run.font.hidden = True
        elif how == "table":
            run.font.hidden = True
            document.add_table(1, 1).cell(0, 0).paragraphs[0].add_run("SECRET in a cell").font.hidden = True

    return word(fill)


@pytest.mark.parametrize("how", ["vanish", "white", "tiny", "character style", "paragraph style", "table"])
def test_hidden_text_is_left_out_and_noted(how: str) -> None:
    document = load("a.docx", hidden_by(how))
    assert "SECRET" not in everything(document)
    assert rows(document) == [((), "a", ("Before it.", "Seen"))]
    number = 2 if how in {"paragraph style", "table"} else 1
    assert document.notes == (f"{number} hidden passage{'s were' if number > 1 else ' was'} left out.",)


def test_text_that_is_shown_again_is_seen() -> None:
    def fill(document: Document) -> None:
        style = document.styles.add_style("Quiet", WD_STYLE_TYPE.PARAGRAPH)
        style.font.hidden = True
        document.add_paragraph("", style=style).add_run("SEEN after all").font.hidden = False

    assert rows(load("a.docx", word(fill))) == [((), "a", ("SEEN after all",))]


def test_comments_and_pictures_are_no_text() -> None:
    def fill(document: Document) -> None:
        paragraph = document.add_paragraph("Commented text.")
        document.add_comment(paragraph.runs, text="SECRET instruction", author="x")

    document = load("a.docx", word(fill))
    assert rows(document) == [((), "a", ("Commented text.",))]
    assert document.notes == ("1 comment was left out.",)


def test_embedded_files_are_left_out_and_noted() -> None:
    data = with_part(word(guide), "word/embeddings/oleObject1.bin", b"SECRET")
    assert load("a.docx", data).notes == ("1 embedded file was left out.",)


# --- attacks ---------------------------------------------------------------------------------


def part(source: bytes, path: str) -> str:
    with zipfile.ZipFile(io.BytesIO(source)) as archive:
        return archive.read(path).decode()


def with_doctype(doctype: str, entity: str) -> bytes:
    source = word(guide)
    text = part(source, DOCUMENT)
    head, _, body = text.partition("?>")
    body = body.replace("Before the first heading.", entity)
    return with_part(source, DOCUMENT, f"{head}?>{doctype}{body}".encode())


@pytest.mark.parametrize(
    ("doctype", "entity"),
    [
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "&e;"),
        ('<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">', "x"),
        (
            '<!DOCTYPE x [<!ENTITY a0 "ha">'
            + "".join(f'<!ENTITY a{one} "{f"&a{one - 1};" * 10}">' for one in range(1, 12))
            + "]>",
            "&a11;",
        ),
    ],
    ids=["XXE", "DTD", "billion laughs"],
)
def test_entities_are_refused(doctype: str, entity: str) -> None:
    with pytest.raises(Refused, match=r"^a\.docx defines XML entities, as an attack does: save it anew as DOCX\.$"):
        load("a.docx", with_doctype(doctype, entity))


def test_entities_in_any_part_are_refused() -> None:
    bad = b'<!DOCTYPE x [<!ENTITY e "x">]><x>&e;</x>'
    with pytest.raises(Refused, match="defines XML entities"):
        load("a.docx", with_part(word(guide), "word/_rels/document.xml.rels", bad))


def test_a_bomb_is_refused_by_its_ratio() -> None:
    with pytest.raises(Refused, match=r"^a\.docx is packed 200 times or more, as no document is: "):
        load("a.docx", with_part(word(guide), "word/media/x.bin", bytes(20 * 2**20)))


def test_a_bomb_is_refused_by_its_size() -> None:
    noise = (bytes(range(256)) + b"word") * 7_000  # packs well, yet less than 200 times
    out = io.BytesIO(word(guide))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"word/media/{number}.bin", noise)
    with pytest.raises(Refused, match=r"^a\.docx unpacks to more than 50 MiB: "):
        load("a.docx", out.getvalue())


def test_a_bomb_that_declares_a_small_size_is_refused() -> None:
    data = bytearray(with_part(word(guide), "word/media/x.bin", bytes(20 * 2**20)))
    place = data.rindex(b"PK\x01\x02")  # the last entry of the directory
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    with pytest.raises(Refused, match=r"^a\.docx is not a DOCX, or is damaged: save it anew as DOCX\.$"):
        load("a.docx", bytes(data))


def test_too_many_parts_are_refused() -> None:
    out = io.BytesIO(word(guide))
    with zipfile.ZipFile(out, "a") as archive:
        for number in range(2_001):
            archive.writestr(f"word/media/{number}", b"")
    with pytest.raises(Refused, match="parts, and 2,000 are the most"):
        load("a.docx", out.getvalue())


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "word\\..\\x.xml", "C:/x", "WORD/Document.xml"])
def test_misleading_names_are_refused(path: str) -> None:
    with pytest.raises(Refused, match="misleading names"):
        load("a.docx", with_part(word(guide), path, b"x"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 not an archive", "is not a DOCX, or is damaged"),
        (b"just words", "is not a DOCX, or is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "is protected by a password, or an old Word file"),
        (with_part(word(guide), DOCUMENT, b"<not closed"), "is not a DOCX, or is damaged"),
        (with_part(word(guide), "_rels/.rels", b"<x/>"), "."),
    ],
)
def test_what_is_no_document_is_refused(data: bytes, said: str) -> None:
    if said == ".":  # without its relationships the usual path is taken
        assert load("a.docx", data).title == "Cache guide"
        return
    with pytest.raises(Refused, match=said):
        load("a.docx", data)


def test_an_archive_with_a_password_is_refused() -> None:
    data = bytearray(word(guide))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = -1
        while (place := data.find(mark, place + 1)) >= 0:
            data[place + at] |= 1
    with pytest.raises(Refused, match=r"^a\.docx is protected by a password: save it without one\.$"):
        load("a.docx", bytes(data))


def test_a_document_without_text_is_refused() -> None:
    with pytest.raises(Refused, match="has no text to read"):
        load("a.docx", word(lambda _: None))


def test_deeply_nested_tables_end_in_a_sentence() -> None:
    source = word(guide)
    text = part(source, DOCUMENT)
    deep = "<w:tbl><w:tr><w:tc>" * 5_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 5_000
    data = with_part(source, DOCUMENT, text.replace("<w:sectPr", f"{deep}<w:sectPr", 1).encode())
    with pytest.raises(Refused, match=r"nested too deeply|is not a DOCX|has parts"):
        load("a.docx", data)


def test_the_documents_own_style_map_is_not_obeyed() -> None:
    source = with_part(word(_commented), "mammoth/style-map", b"comment-reference => sup")
    assert "SECRET" not in everything(load("a.docx", source))


def _commented(document: Document) -> None:
    document.add_comment(document.add_paragraph("Commented text.").runs, text="SECRET", author="x")
