"""From the files beside this module to validated values; an error names the file and the line."""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from knowledge.compiled import documents
from knowledge.exemplars import attached, read_exemplars
from knowledge.locating import LOADER, At, Places, Unreadable, read, spelled
from knowledge.model import Article, Curriculum, Item, KnowledgeError, Leaf, Problem, Section
from knowledge.schema import Wrong, item

FOLDER = Path(__file__).parent
_HEADING = re.compile(r"(#{1,6}) (.+)")
_ITEMS = "a list of items"


def _front_matter(path: Path) -> tuple[dict[str, Any], str]:
    text = path.read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    return cast("dict[str, Any]", yaml.load(head, Loader=LOADER)), body.strip("\n")  # noqa: S506


@cache
def load_article(path: Path = FOLDER / "article.md") -> Article:
    """The article with its sections in reading order."""
    head, body = _front_matter(path)
    questions: dict[str, list[str]] = head.get("questions") or {}
    sections: list[Section] = []
    trail: dict[int, str] = {}
    level, heading, blocks = 1, head["title"], list[str]()

    def close() -> None:
        if blocks:
            above = tuple(title for depth, title in sorted(trail.items()) if 1 < depth < level)
            sections.append(
                Section(
                    key=f"article:{len(sections)}",
                    heading=heading,
                    level=level,
                    path=above,
                    blocks=tuple(blocks),
                    questions=tuple(map(str, questions.get(heading, ()))),
                )
            )

    for paragraph in body.split("\n\n"):
        if match := _HEADING.fullmatch(paragraph.strip()):
            if heading != match[2]:
                close()
                blocks = []
            level, heading = len(match[1]), match[2]
            trail = {depth: title for depth, title in trail.items() if depth < level} | {level: heading}
        else:
            blocks.append(paragraph)
    close()
    if strangers := questions.keys() - {section.heading for section in sections}:
        raise KnowledgeError(f"{path.name}: questions for “{min(strangers)}”, which is no heading with text under it")
    return Article(
        title=head["title"],
        label=head["label"],
        text=body,
        sections=tuple(sections),
        unanswered=_unanswered(path.with_name("unanswered.yaml")),
    )


def _unanswered(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    kinds = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506
    return tuple(str(question) for questions in kinds.values() for question in questions)


def _leaves(tree: Mapping[str, Any]) -> Iterator[Leaf]:
    for name, node in tree.items():
        if "title" in node:
            yield Leaf(id=name, title=node["title"], quota=node["items"])
        else:
            yield from _leaves(node)


@cache
def load_leaves(folder: Path = FOLDER / "curriculum") -> Mapping[str, Leaf]:
    """The leaves of the taxonomy by id; raises KnowledgeError."""
    try:
        return {leaf.id: leaf for leaf in _leaves(read(folder / "taxonomy.yaml", "the tree of topics"))}
    except (AttributeError, KeyError, TypeError) as error:
        raise KnowledgeError(f"taxonomy.yaml: expected leaves with title and items, found {error}") from error


def read_items(path: Path, leaves: Collection[str], document: Any = None) -> Iterator[Item | Problem]:
    """The items of a file, and why others cannot be used; `document` is what it holds, if that is known already."""
    places = Places(path)

    def problem(at: At, subject: object, expected: str, found: str) -> Problem:
        return Problem(
            file=path.name,
            line=places.line(at),
            subject=subject if isinstance(subject, str) else "",
            field=spelled(at[1:]),
            expected=expected,
            found=found,
        )

    try:
        document = read(path, _ITEMS) if document is None else document
    except Unreadable as error:
        yield error.problem
        return
    if not isinstance(document, list | None):
        yield problem((), "", f"{_ITEMS} in YAML", type(document).__name__)
        return
    seen: set[str] = set()
    for index, raw in enumerate(document or ()):
        try:
            one = item(raw, leaves)
        except Wrong as error:
            subject = raw.get("id") if isinstance(raw, Mapping) else ""
            yield problem((index, *error.at), subject, error.expected, error.found)
            continue
        if one.id in seen:
            yield problem((index, "id"), one.id, "an id of its own", "one that stands above already")
            continue
        seen.add(one.id)
        yield one


@cache
def load_curriculum(folder: Path = FOLDER / "curriculum") -> Curriculum:
    """All items that are usable; the others are named in `problems`. Raises KnowledgeError if none is."""
    leaves, held = load_leaves(folder), documents(folder) or {}
    items: dict[str, Item] = {}
    stands: dict[str, str] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "items").glob("*.yaml")):
        for one in read_items(path, leaves.keys(), held.get(path.name)):
            if isinstance(one, Problem):
                problems.append(one)
            elif one.id in items:
                places = Places(path)
                problems.append(
                    Problem(
                        file=path.name,
                        line=places.line((places.index(one.id), "id")),
                        subject=one.id,
                        field="id",
                        expected="an id of its own",
                        found=f"one that stands in {stands[one.id]}, too",
                    )
                )
            else:
                items[one.id] = one
                stands[one.id] = path.name
    if not items:
        reasons = "; ".join(map(str, problems)) or "it is empty"
        raise KnowledgeError(f"no usable practice item in {folder.name}/items: {reasons}")
    try:
        exemplars = read_exemplars(folder / "exemplars")
    except Unreadable as error:
        problems.append(error.problem)
        exemplars = {}
    return Curriculum(
        items={name: attached(one, exemplars) for name, one in items.items()}, leaves=leaves, problems=tuple(problems)
    )


@cache
def load_synonyms(path: Path = FOLDER / "synonyms.yaml") -> tuple[tuple[str, ...], ...]:
    """Groups of words and short phrases that mean the same, the usual term first; raises KnowledgeError."""
    try:
        groups = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path.name}: {str(error).splitlines()[0]}; expected a YAML list of lists") from error
    if not isinstance(groups, list) or not all(isinstance(group, list) and len(group) > 1 for group in groups):
        raise KnowledgeError(f"{path.name}: expected a YAML list of lists, each of two words or more")
    return tuple(tuple(str(word).lower() for word in group) for group in groups)
