"""From the files beside this module to validated values; an error names the file and the line."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from knowledge.model import (
    CATEGORIES,
    Article,
    Contradiction,
    Curriculum,
    Item,
    KnowledgeError,
    Leaf,
    Numeric,
    Part,
    Point,
    Section,
    Template,
    Variant,
)

FOLDER = Path(__file__).parent
_HEADING = re.compile(r"(#{1,6}) (.+)")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _front_matter(path: Path) -> tuple[dict[str, Any], str]:
    text = path.read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    return cast("dict[str, Any]", yaml.load(head, Loader=_Loader)), body.strip("\n")  # noqa: S506


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
    kinds = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    return tuple(str(question) for questions in kinds.values() for question in questions)


def _leaves(tree: Mapping[str, Any]) -> Iterator[Leaf]:
    for name, node in tree.items():
        if "title" in node:
            yield Leaf(id=name, title=node["title"], quota=node["items"])
        else:
            yield from _leaves(node)


def _point(raw: Mapping[str, Any]) -> Point:
    numeric = None
    if number := raw.get("numeric"):
        bounds = number.get("range")
        numeric = Numeric(
            value=float(number["value"]) if "value" in number else math.nan,
            unit=str(number.get("unit", "")),
            formula=str(number.get("formula", "")),
            tol_rel=number.get("tol_rel"),
            tol_factor=number.get("tol_factor"),
            range=(float(bounds[0]), float(bounds[1])) if bounds else None,
        )
    if raw.get("pattern"):
        re.compile(raw["pattern"])
    return Point(
        id=raw["id"],
        weight=float(raw["w"]),
        claim=raw["claim"],
        miss=raw["miss"],
        hit=tuple(raw.get("hit") or ()),
        not_hit=tuple(raw.get("not_hit") or ()),
        numeric=numeric,
        pattern=raw.get("pattern"),
        min_of=raw.get("min_of", 1),
    )


def _variant(raw: Mapping[str, Any]) -> Variant:
    template = None
    if given := raw.get("template"):
        template = Template(
            draw={name: tuple(values) for name, values in (given.get("draw") or {}).items()},
            runs=tuple(given.get("runs") or ()),
            facts=given.get("facts") or {},
        )
    variant = Variant(
        prompt=raw["prompt"].strip(),
        answer=raw["answer"].strip(),
        facts=raw.get("facts") or {},
        rubric=tuple(_point(point) for point in raw.get("rubric") or ()),
        template=template,
    )
    if not template and any(one.numeric and math.isnan(one.numeric.value) for one in variant.rubric):
        raise ValueError("a number has a value, unless its variant is a template")
    return variant


def _item(raw: Mapping[str, Any], leaves: Mapping[str, Leaf]) -> Item:
    """Raises KeyError, TypeError or ValueError with what is wrong."""
    if raw["category"] not in CATEGORIES:
        raise ValueError(f"category is one of B, S, D, A, not {raw['category']!r}")
    if unknown := [node for node in raw["nodes"] if node not in leaves]:
        raise ValueError(f"nodes not in the taxonomy: {', '.join(unknown)}")
    rubric = tuple(_point(point) for point in raw["rubric"])
    if abs(sum(point.weight for point in rubric) - 1) > 1e-6:
        raise ValueError("the weights of the rubric add up to 1")
    parts = tuple(Part(id=part["id"], ask=part["ask"], points=tuple(part["points"])) for part in raw["parts"])
    if any(point.numeric and math.isnan(point.numeric.value) for point in rubric):
        raise ValueError("a number has a value, unless its variant is a template")
    if not raw["hints"] or not raw["misconceptions"]:
        raise ValueError("an item has at least one hint and one misconception")
    if sorted(name for part in parts for name in part.points) != sorted(point.id for point in rubric):
        raise ValueError("every point of the rubric belongs to exactly one part")
    return Item(
        id=raw["id"],
        version=raw["version"],
        type=raw["type"],
        category=raw["category"],
        nodes=tuple(raw["nodes"]),
        level=raw["level"],
        minutes=raw["minutes"],
        prompt=raw["prompt"].strip(),
        answer=raw["answer"].strip(),
        rubric=rubric,
        parts=parts,
        hints=tuple(raw["hints"]),
        misconceptions=tuple(raw["misconceptions"]),
        sources=tuple(raw["sources"]),
        follow_up=raw.get("follow_up", ""),
        article_anchor=raw.get("article_anchor"),
        facts=raw.get("facts") or {},
        contradictions=tuple(
            Contradiction(
                phrases=tuple(one["if"]),
                without=tuple(one.get("without") or ()),
                penalty=float(one.get("penalty", 0)),
                say=one["say"],
            )
            for one in raw.get("contradictions") or ()
        ),
        variants=tuple(_variant(one) for one in raw["variants"]),
    )


def _read_items(path: Path, leaves: Mapping[str, Leaf]) -> Iterator[Item | str]:
    """Items of one file; a string says what is wrong with the one at a line."""
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        yield f"{path.name}, line {line}: {error.problem}; expected a YAML list of items"
        return
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        yield f"{path.name}, line 1: {reason}; expected UTF-8 text, a YAML list of items"
        return
    if not isinstance(document, list | None):
        yield f"{path.name}, line 1: expected a YAML list of items, found {type(document).__name__}"
        return
    starts = [number for number, line in enumerate(text.splitlines(), start=1) if line.startswith("- ")]
    for index, raw in enumerate(document or ()):
        line = starts[index] if index < len(starts) else 1
        try:
            yield _item(raw, leaves)
        except KeyError as error:
            yield f"{path.name}, line {line}: {raw.get('id', 'an item')} has no field {error}"
        except (TypeError, ValueError, re.error, AttributeError) as error:
            yield f"{path.name}, line {line}: {error}"


@cache
def load_curriculum(folder: Path = FOLDER / "curriculum") -> Curriculum:
    """All items that are usable; the others are named in `problems`. Raises KnowledgeError if none is."""
    tree = yaml.load((folder / "taxonomy.yaml").read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    leaves = {leaf.id: leaf for leaf in _leaves(tree)}
    items: dict[str, Item] = {}
    problems: list[str] = []
    for path in sorted((folder / "items").glob("*.yaml")):
        for one in _read_items(path, leaves):
            if isinstance(one, str):
                problems.append(one)
            elif one.id in items:
                problems.append(f"{path.name}: {one.id} stands there twice")
            else:
                items[one.id] = one
    if not items:
        raise KnowledgeError(f"no usable practice item in {folder.name}/items: {'; '.join(problems) or 'it is empty'}")
    return Curriculum(items=items, leaves=leaves, problems=tuple(problems))


@cache
def load_synonyms(path: Path = FOLDER / "synonyms.yaml") -> tuple[tuple[str, ...], ...]:
    """Groups of words and short phrases that mean the same, the usual term first; raises KnowledgeError."""
    try:
        groups = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise KnowledgeError(f"{path.name}: {str(error).splitlines()[0]}; expected a YAML list of lists") from error
    if not isinstance(groups, list) or not all(isinstance(group, list) and len(group) > 1 for group in groups):
        raise KnowledgeError(f"{path.name}: expected a YAML list of lists, each of two words or more")
    return tuple(tuple(str(word).lower() for word in group) for group in groups)
