"""Which files of a folder are documents."""

import os
from pathlib import Path

from knowledge.model import Refused

SUFFIXES = frozenset({".md", ".markdown", ".txt", ".text", ".rst", ".html", ".htm", ".pdf", ".docx"})
KINDS = "Markdown, text, HTML, PDF or DOCX"


def _refuse_unreadable(error: OSError) -> None:
    raise Refused(f"{error.filename} cannot be read ({error.strerror}): allow this user to read it.") from error


def _is_document(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()


def _inside(folder: Path) -> list[Path]:
    root = Path(os.path.realpath(folder))
    found: dict[Path, Path] = {}
    for place, folders, files in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = [Path(place, name) for name in sorted(files) if not name.startswith(".")]
        for path in paths:
            real = Path(os.path.realpath(path))
            if not _is_document(path) or not real.is_relative_to(root):
                continue
            hidden = any(part.startswith(".") for part in real.relative_to(root).parts)
            if path.is_symlink() and (hidden or real.suffix.lower() in SUFFIXES):
                continue  # it is found where it is, or not meant to be
            found.setdefault(real, path)
    return sorted(found.values())


def documents_in(path: Path) -> list[Path]:
    """The file itself, or every document under the folder, sorted.

    Hidden files and folders are left out, and so are links to folders and links that lead out of the folder. Raises
    Refused when there is nothing to take.
    """
    try:
        if path.is_dir():
            found = _inside(path)
            if not found:
                raise Refused(f"{path} holds no documents: put {KINDS} files there.")
        elif _is_document(path):
            found = [path]
        elif path.is_file():
            raise Refused(f"{path} is not a document that can be taken: save it as {KINDS}.")
        elif path.exists():
            raise Refused(f"{path} is neither a file nor a folder: give the path of one.")
        else:
            raise Refused(f"{path} does not exist: check the spelling of the path.")
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}): check the path and who may read it.") from error
    if found == [path] and not os.access(path, os.R_OK):  # of a folder's files, the one that cannot be read is refused
        raise Refused(f"{path} cannot be read: allow this user to read it.")
    return found
