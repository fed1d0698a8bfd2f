"""Which files are documents, and what is said when there are none."""

import os
from pathlib import Path

import pytest

from knowledge.ingest.find import documents_in
from knowledge.model import Refused


def test_every_supported_file_under_a_folder_sorted(tmp_path: Path) -> None:
    for name in ("b.md", "a.TXT", "deep/er/c.pdf", "deep/d.docx", "e.html", "f.htm", "g.rst", "h.markdown", "i.text"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    for name in ("j.py", "README", ".hidden.md", ".git/k.md", "l.doc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [str(path.relative_to(tmp_path)) for path in documents_in(tmp_path)] == [
        *("a.TXT", "b.md", "deep/d.docx", "deep/er/c.pdf", "e.html", "f.htm", "g.rst", "h.markdown", "i.text")
    ]


def test_a_file_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    assert documents_in(tmp_path / "a.md") == [tmp_path / "a.md"]


def test_links_out_of_the_folder_and_loops_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("x")
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "a.md").write_text("x")
    (folder / "stored").write_text("x")
    (folder / "out.md").symlink_to(outside / "secret.md")
    (folder / "away").symlink_to(outside)
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "again.md").symlink_to(folder / "sub" / "a.md")
    (folder / "named.md").symlink_to(folder / "stored")
    (folder / ".env").write_text("x")
    (folder / "env.md").symlink_to(folder / ".env")
    (folder / "self.md").symlink_to(folder / "self.md")
    assert documents_in(folder) == [folder / "named.md", folder / "sub" / "a.md"]


def test_a_pipe_named_like_a_document_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(Refused, match="holds no documents"):
        documents_in(tmp_path)
    with pytest.raises(Refused, match="neither a file nor a folder"):
        documents_in(tmp_path / "a.md")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty", r"/empty holds no documents: put Markdown, text, HTML, PDF or DOCX files there\.$"),
        ("missing", r"/missing does not exist: check the spelling of the path\.$"),
        ("code.py", r"/code\.py is not a document that can be taken: save it as Markdown, text, HTML, PDF or DOCX\.$"),
        ("x" * 300, "check the (spelling of the )?path"),
    ],
)
def test_nothing_there_is_one_sentence(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "code.py").write_text("x")
    with pytest.raises(Refused, match=said):
        documents_in(tmp_path / name)


def test_a_file_that_this_user_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("x")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs the tests may read everything
    with pytest.raises(Refused, match=r"a\.md cannot be read: allow this user to read it\."):
        documents_in(tmp_path / "a.md")
    assert documents_in(tmp_path) == [tmp_path / "a.md"], "in a folder it does not stop the others"


def test_a_folder_that_this_user_may_not_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("x")

    def deny(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", deny)
    with pytest.raises(Refused, match="cannot be read"):
        documents_in(tmp_path)
