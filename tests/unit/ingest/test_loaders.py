"""What holds for every format: a refusal and nothing else, whatever the bytes are."""

import random
import sys
from pathlib import Path

import pytest

from knowledge.ingest import markdown
from knowledge.ingest.loaders import load
from knowledge.model import Refused
from tests.conftest import ROOT
from tests.unit.ingest.made import drawn, everything, word

MADE = {
    "a.pdf": drawn(lambda canvas: canvas.drawString(100, 700, "Some words on a page.")),
    "a.docx": word(lambda document: document.add_heading("Title", 0) and document.add_paragraph("Some words.")),
    "a.html": b"<html><body><h1>T</h1><ul><li>Some</li></ul><table><tr><td>words</table><pre>x</pre></body></html>",
    "a.md": b"# T\n\n- some\n\n```\nwords\n```\n<!-- x -->\n[a]: b\n",
    "a.rst": b"T\n=\n\nwords:\n\n* some\n",
}


@pytest.mark.parametrize("name", MADE)
def test_damage_ends_in_a_document_or_in_one_sentence(name: str) -> None:
    rng = random.Random(7)
    for _ in range(25):
        data = bytearray(MADE[name])
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randrange(40)]
            else:
                data[at:at] = data[rng.randrange(len(data)) :][: rng.randrange(60)]
            data = data or bytearray(b"x")
        try:
            assert everything(load(name, bytes(data)))
        except Refused as refused:
            said = str(refused)
            assert said.startswith(name)
            assert said.endswith(".")
            assert "\n" not in said


@pytest.mark.parametrize(
    ("name", "package"),
    [("a.pdf", "pypdf"), ("a.docx", "mammoth"), ("a.docx", "defusedxml"), ("a.html", "trafilatura")],
)
def test_a_package_that_is_not_installed_is_named(name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "defusedxml.ElementTree", raising=False)
    with pytest.raises(Refused, match=rf"needs the package {package}\S*: install the extra `documents`\.$"):
        load(name, MADE[name])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (RecursionError(), r"^a\.md cannot be read as Markdown \(it is nested too deeply\): simplify it\.$"),
        (KeyError("x\ny"), r"^a\.md cannot be read as Markdown \(KeyError: 'x\\ny'\): save it anew and try again\.$"),
    ],
)
def test_an_error_inside_is_one_sentence(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(markdown, "load_markdown", fail)
    with pytest.raises(Refused, match=said):
        load("a.md", b"x")


def test_a_lack_of_memory_is_told_as_such_though_a_library_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        try:
            bytearray(2**62)
        except MemoryError:
            raise ValueError("I/O operation on closed file") from None

    monkeypatch.setattr(markdown, "load_markdown", fail)
    with pytest.raises(MemoryError):
        load("a.md", b"x")


def test_importing_the_loaders_loads_no_library() -> None:
    import subprocess

    script = (
        "import sys, knowledge.ingest.loaders, knowledge.ingest.worker, knowledge.ingest.fetch, knowledge.ingest.find;"
        "print({'pypdf', 'trafilatura', 'lxml', 'mammoth', 'defusedxml', 'aiohttp'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == "set()\n"


@pytest.mark.shared
def test_real_documents_as_text_and_as_pages_keep_their_words(shared: Path) -> None:
    path = shared / "corpora" / "eng-practices" / "review" / "reviewer" / "speed.md"
    assert "Speed of Code Reviews" in everything(load("speed.txt", path.read_bytes()))
    licence = load("LICENSE.txt", (shared / "corpora" / "eng-practices" / "LICENSE").read_bytes())
    assert "Creative Commons" in everything(licence)
