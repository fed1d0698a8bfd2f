"""`coach items`: the practice items, by topic, type and level."""

import json
import re
import sys
import textwrap
from collections.abc import Mapping, Sequence

from rapidfuzz import fuzz, utils
from rich.console import Console
from rich.table import Table

from bot.core.errors import InvalidRequest
from bot.core.quality.items import TYPES
from bot.core.quality.spread import counts
from knowledge.loader import load_curriculum
from knowledge.model import Curriculum, Item

_NAMED = 3
"""Near topics that are offered."""
_FIRST = 70
"""Characters of a prompt."""
_WIDE = 160
"""Characters of a line where no terminal says how wide it is."""


def nearest(name: str, topics: Mapping[str, str]) -> list[str]:
    """The topics that somebody may have meant, by id or by title, nearest first."""

    def likeness(topic: str) -> float:
        words = [word for word in utils.default_process(topics[topic]).split() if len(word) > 3]
        return max(fuzz.ratio(name.upper(), topic), *(fuzz.ratio(name.lower(), word) for word in words), 0.0)

    best = sorted(topics, key=likeness, reverse=True)[:_NAMED]
    return [f"{topic} ({topics[topic]})" if topics[topic] else topic for topic in best]


def nodes_of(curriculum: Curriculum) -> dict[str, str]:
    """The leaves with their titles, and what they are grouped under."""
    found: dict[str, str] = {}
    for leaf in curriculum.leaves.values():
        steps = leaf.id.split(".")
        found |= {".".join(steps[:depth]): "" for depth in range(1, len(steps)) if ".".join(steps[:depth]) not in found}
        found[leaf.id] = leaf.title
    return found


def under(curriculum: Curriculum, node: str) -> list[Item]:
    """The items that a node or one below it is named for; raises InvalidRequest for one that is not there."""
    wanted = node.strip().upper()
    known = nodes_of(curriculum)
    if wanted not in known:
        titled = [name for name, title in known.items() if title and title.casefold() == node.strip().casefold()]
        if not titled:
            near = ", ".join(nearest(node[:60], known))
            raise InvalidRequest(f"There is no topic “{node[:40]}”.", next_step=f"Nearest: {near}.")
        wanted = titled[0]
    return [
        item
        for item in curriculum.items.values()
        if any(one == wanted or one.startswith(f"{wanted}.") for one in item.nodes)
    ]


def first_words(item: Item) -> str:
    """How its prompt begins."""
    return textwrap.shorten(re.sub(r"```\w*", " ", item.prompt), _FIRST, placeholder=" …")


def items(*, node: str, kind: str, level: int | None, counted: bool, as_json: bool) -> None:
    """List the items that fit, or how many there are a leaf."""
    curriculum = load_curriculum()
    if kind and kind not in TYPES:
        raise InvalidRequest(f"There is no type “{kind[:40]}”.", next_step=f"Use one of: {', '.join(TYPES)}.")
    if level is not None and level not in range(1, 6):
        raise InvalidRequest(f"There is no level {level}.", next_step="Use 1 (easy) to 5 (hard).")
    found = under(curriculum, node) if node else list(curriculum.items.values())
    found = [item for item in found if kind in {"", item.type} and level in {None, item.level}]
    if counted:
        _counts(curriculum, found, as_json=as_json)
    elif as_json:
        print(json.dumps([_as_object(item, curriculum) for item in found], ensure_ascii=False, indent=2))
    elif found:
        table = Table("id", "level", "type", "minutes", box=None, pad_edge=False)
        table.add_column("begins", no_wrap=True)
        for item in found:
            table.add_row(item.id, str(item.level), item.type, str(item.minutes), first_words(item))
        _console().print(table)
        _console().print(f"{len(found)} of {len(curriculum.items)} items.")
    else:
        print("No item fits; leave out one of the options.")


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False, file=sys.stdout)
    if not console.is_terminal:
        console.width = max(console.width, _WIDE)
    return console


def _as_object(item: Item, curriculum: Curriculum) -> dict[str, object]:
    return {
        "id": item.id,
        "topic": curriculum.leaves[item.leaf].title,
        "nodes": item.nodes,
        "type": item.type,
        "level": item.level,
        "minutes": item.minutes,
        "begins": first_words(item),
    }


def _counts(curriculum: Curriculum, found: Sequence[Item], *, as_json: bool) -> None:
    held = {item.id for item in found}
    rows = [
        {
            "id": one.leaf.id,
            "title": one.leaf.title,
            "items": sum(item.leaf == one.leaf.id and item.id in held for item in curriculum.items.values()),
            "target": one.leaf.quota,
        }
        for one in counts(curriculum)
    ]
    if len(found) < len(curriculum.items):
        rows = [row for row in rows if row["items"]]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("leaf", "title", box=None, pad_edge=False)
    table.add_column("items", justify="right")
    table.add_column("target", justify="right")
    for row in rows:
        table.add_row(*map(str, row.values()))
    _console().print(table)
    _console().print(f"{len(found)} items.")
