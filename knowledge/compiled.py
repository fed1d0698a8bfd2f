"""The curriculum's YAML as JSON, which is read ten times as fast; used only while it was made from exactly these files."""

import hashlib
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from knowledge.locating import LOADER

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "curriculum"
FILE = Path(__file__).parent / "data" / "curriculum.json"


def sources(folder: Path = FOLDER) -> list[Path]:
    """The files with items and quizzes, in order."""
    return sorted([*(folder / "items").glob("*.yaml"), *(folder / "quizzes").glob("*.yaml")])


def _mark(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def documents(folder: Path = FOLDER, file: Path = FILE) -> Mapping[str, Any] | None:
    """What the files hold, by name; None where they are not the ones that were compiled."""
    try:
        stored = json.loads(file.read_bytes())
        if stored["mark"] == _mark({path.name: path.read_bytes() for path in sources(folder)}):
            return cast("dict[str, Any]", stored["documents"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.debug("the compiled curriculum is not used: %r", error)
    return None


def write(path: Path = FILE, folder: Path = FOLDER) -> int:
    """Compile all files; returns how many there are."""
    contents = {one.name: one.read_bytes() for one in sources(folder)}
    held = {name: yaml.load(content, Loader=LOADER) for name, content in contents.items()}  # noqa: S506
    path.write_text(json.dumps({"mark": _mark(contents), "documents": held}, default=str, ensure_ascii=False), "utf-8")
    return len(contents)
