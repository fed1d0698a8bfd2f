"""The YAML files of the curriculum: what they hold, and on which line a field of it stands."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from knowledge.model import KnowledgeError, Problem

At = tuple[str | int, ...]
"""Where a field stands in a document: keys of mappings and places in lists, from the outside in."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unreadable(KnowledgeError):
    """A file that is no YAML text; `problem` says where it stops being some."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read(path: Path, expected: str) -> Any:
    """What the file holds; raises Unreadable, in which `expected` is what should stand there."""

    def unreadable(line: int, reason: str) -> Unreadable:
        return Unreadable(
            Problem(file=path.name, line=line, subject="", field="", expected=f"{expected} in YAML", found=reason)
        )

    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        raise unreadable(error.problem_mark.line + 1 if error.problem_mark else 1, str(error.problem)) from error
    except UnicodeDecodeError as error:
        raise unreadable(error.object.count(b"\n", 0, error.start) + 1, "bytes that are no UTF-8 text") from error
    except (OSError, RecursionError, ValueError, yaml.YAMLError) as error:
        raise unreadable(1, str(error).partition("\n")[0]) from error


def spelled(at: Sequence[str | int]) -> str:
    """A place as people read it: "rubric[2].hit[0]"."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in at).lstrip(".")


class Places:
    """The lines of one file; it is parsed again when the first one is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _root(self) -> yaml.Node | None:
        try:
            found: yaml.Node | None = yaml.compose(self._path.read_text(encoding="utf-8"), Loader=LOADER)
        except (OSError, ValueError, yaml.YAMLError):
            return None
        return found

    def line(self, at: At) -> int:
        """Of the field, or of the innermost one around it that is there; 1 for a file that cannot be read."""
        node, line = self._root, 1
        for step in at:
            node, mark = _inner(node, step)
            if node is None or mark is None:
                break
            line = mark.line + 1
        return line

    def index(self, item_id: str) -> int:
        """The place of an item in the file's list, 0 if it is not there."""
        items = self._root.value if isinstance(self._root, yaml.SequenceNode) else []
        for index, item in enumerate(items):
            held, _ = _inner(item, "id")
            if isinstance(held, yaml.ScalarNode) and held.value == item_id:
                return index
        return 0

    def repeated(self) -> Iterator[At]:
        """Fields that stand twice in one mapping, of which YAML takes the last in silence."""
        yield from _repeated(self._root, ())


def _repeated(node: yaml.Node | None, at: At) -> Iterator[At]:
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _repeated(value, (*at, key.value))
        yield from ((*at, name) for name in dict.fromkeys(names) if names.count(name) > 1)
    elif isinstance(node, yaml.SequenceNode):
        for place, one in enumerate(node.value):
            yield from _repeated(one, (*at, place))


def _inner(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Mark | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark
    return None, None
