"""The files that `coach check` reads: items and quizzes, with where each of them stands."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bot.core.errors import InvalidRequest
from bot.core.quality.faults import Fault
from knowledge import schema
from knowledge.design_quiz import DesignQuiz
from knowledge.loader import FOLDER, read_items
from knowledge.locating import At, Places, Unreadable, read, spelled
from knowledge.model import Item, Leaf, Problem
from knowledge.quizzes import read_quiz

SHIPPED = FOLDER / "curriculum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault where it stands; `file` is "" for one of the curriculum as a whole."""

    level: Literal["error", "note"]
    file: str
    line: int
    subject: str
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.file else ""
        subject = ", ".join(filter(None, (self.subject, self.field)))
        return f"{place}{subject + ': ' if subject else ''}expected {self.expected}; found {self.found}"


@dataclass(slots=True)
class Checked:
    """What was read, and what was found in it so far."""

    leaves: dict[str, Leaf]
    items: dict[str, Item] = field(default_factory=dict)
    quizzes: dict[str, DesignQuiz] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    alike: list[tuple[Item, Item, float]] = field(default_factory=list)
    graded: int = 0
    _stands: dict[str, tuple[Path, Places, At]] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        """Take in a file of items or a quiz."""
        places = Places(path)
        try:
            document = read(path, "items or a quiz")
        except Unreadable as error:
            self._left_out(path, error.problem)
            return
        is_quiz = isinstance(document, dict) or path.parent.name == "quizzes"
        found = (
            [read_quiz(path, self.leaves, document or {})] if is_quiz else read_items(path, self.leaves, document or [])
        )
        for one in found:
            if isinstance(one, Problem):
                self._left_out(path, one)
            else:
                self._keep(one, path, places)
        if not is_quiz:
            for at in schema.strangers(document):
                self._odd(path, places, document, at, "a field that items have", f"“{at[-1]}”")
        for at in places.repeated():
            self._odd(path, places, document, at, "a field that stands once", "two of it")

    def _keep(self, one: Item | DesignQuiz, path: Path, places: Places) -> None:
        at: At = () if isinstance(one, DesignQuiz) else (places.index(one.id),)
        if one.id in self._stands:
            problem = Problem(
                file=path.name,
                line=places.line((*at, "id")),
                subject=one.id,
                field="id",
                expected="an id of its own",
                found=f"one that stands in {shown(self._stands[one.id][0])}, too",
            )
            self._left_out(path, problem)
            return
        self._stands[one.id] = (path, places, at)
        if isinstance(one, DesignQuiz):
            self.quizzes[one.id] = one
        else:
            self.items[one.id] = one

    def _odd(self, path: Path, places: Places, document: Any, at: At, expected: str, found: str) -> None:  # noqa: PLR0917
        of_list = isinstance(at[0], int)
        raw = document[at[0]] if of_list else document
        subject = raw.get("id") if isinstance(raw, dict) else ""
        field = spelled(at[1:] if of_list else at)
        line = places.line(at)
        self._left_out(
            path,
            Problem(file=path.name, line=line, subject=str(subject or ""), field=field, expected=expected, found=found),
        )

    def note(self, fault: Fault) -> None:
        """Keep a fault with the line where it stands."""
        file, line = "", 0
        if stands := self._stands.get(fault.subject):
            path, places, at = stands
            file, line = shown(path), places.line((*at, *fault.at))
        self.findings.append(
            Finding(
                level=fault.level,
                file=file,
                line=line,
                subject=fault.subject,
                field=spelled(fault.at),
                expected=fault.expected,
                found=fault.found,
            )
        )

    def _left_out(self, path: Path, one: Problem) -> None:
        self.findings.append(Finding(level="error", **{**asdict(one), "file": shown(path)}))

    def of(self, level: str) -> list[Finding]:
        """The errors or the notes, in the order of the files."""
        return sorted((one for one in self.findings if one.level == level), key=lambda one: (one.file, one.line))


def shown(path: Path) -> str:
    """The path from here, where it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def files_of(paths: Sequence[Path]) -> tuple[list[Path], Path, bool]:
    """The files to read, the curriculum they belong to, and whether it is checked as a whole."""
    if not paths:
        paths = [SHIPPED]
    if len(paths) == 1 and (paths[0] / "taxonomy.yaml").is_file():
        return (
            [*sorted((paths[0] / "items").glob("*.yaml")), *sorted((paths[0] / "quizzes").glob("*.yaml"))],
            paths[0],
            True,
        )
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InvalidRequest(f"{path} is not there.", next_step="Name a YAML file or a folder with some.")
        found = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
        files += [one for one in found if one.name != "taxonomy.yaml"]
    if not files:
        raise InvalidRequest(f"No YAML file is in {paths[0]}.", next_step="Name a YAML file or a folder with some.")
    around = [folder for folder in files[0].resolve().parents if (folder / "taxonomy.yaml").is_file()]
    return files, around[0] if around else SHIPPED, False
