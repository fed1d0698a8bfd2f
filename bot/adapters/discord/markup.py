"""Plain text as Discord markdown in which nothing is active, cut into pieces that fit."""

import re
from collections.abc import Iterator

Emphasis = tuple[tuple[int, int], ...]

_SPECIAL = frozenset("\\*_~|`<>[]()#")
_EVERYONE = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_BREAKS = ("\n\n", "\n", " ")


def units(text: str) -> int:
    """The length as Discord's clients count it, in UTF-16 code units, which is never less than the characters."""
    return len(text) + sum(1 for character in text if ord(character) > 0xFFFF)


def clean(text: str) -> str:
    """`text` without control characters and lone surrogates, which JSON or Discord would refuse."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _escaped(text: str, index: int, *, line_start: bool) -> str:
    character = text[index]
    if character in _SPECIAL:
        return "\\" + character
    if character == ":" and text[index + 1 : index + 3] == "//":
        return "\\:"  # a bare address links itself; links are built only by us
    if character == "@" and _EVERYONE.match(text, index):
        return "@\u200b"
    if line_start and character in "-+":
        return "\\" + character
    if character == "." and index and re.search(r"(?:^|\n)\s*\d+$", text[max(0, index - 12) : index]):
        return "\\."
    return character


def _at_line_start(text: str, index: int) -> bool:
    before = text.rfind("\n", 0, index)
    return not text[before + 1 : index].strip()


def escape(text: str) -> str:
    """Markdown that shows exactly `text`: no formatting, mention, custom emoji, timestamp, list or link is active.

    `@everyone` and `@here` get a zero-width space; everything else is a backslash before a punctuation mark.
    """
    text = clean(text)
    return "".join(_escaped(text, i, line_start=_at_line_start(text, i)) for i in range(len(text)))


def _bold(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, end) that can be bold: within one line, without blanks at their ends."""
    for match in re.finditer(r"[^\n]+", text[start:end]):
        part = match.group()
        left = start + match.start() + len(part) - len(part.lstrip())
        right = start + match.start() + len(part.rstrip())
        if left < right:
            yield left, right


def render(text: str, emphasis: Emphasis = ()) -> str:
    """`text` escaped, with the emphasised ranges in bold."""
    out: list[str] = []
    position = 0
    merged: list[tuple[int, int]] = []
    for start, end in sorted((max(0, s), min(e, len(text))) for s, e in emphasis):
        for left, right in _bold(text, start, end):
            if merged and left <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
            else:
                merged.append((left, right))
    for start, end in merged:
        out += [_part(text, position, start), "**", _part(text, start, end), "**"]
        position = end
    out.append(_part(text, position, len(text)))
    return "".join(out)


def _part(text: str, start: int, end: int) -> str:
    part = "".join(_escaped(text, i, line_start=_at_line_start(text, i)) for i in range(start, end))
    return _CONTROL.sub("", part)


def prefixed(rendered: str, prefix: str) -> str:
    """Every line of rendered markdown behind `prefix`, such as `> ` or `-# `."""
    return "\n".join(prefix + line if line.strip() or prefix == "> " else line for line in rendered.split("\n"))


def code_block(text: str) -> str:
    """`text` in a fence that it cannot close."""
    inside = _EVERYONE.sub("@\u200b", clean(text)).replace("```", "`\u200b`\u200b`")
    return f"```\n{inside}\n```"


def _cost(text: str, emphasis: Emphasis, prefix: int) -> list[int]:
    """For each character an upper bound of what it takes once rendered."""
    costs = []
    bold = {start for start, _ in emphasis}
    for index, character in enumerate(text):
        cost = (2 if ord(character) > 0xFFFF else 1) + (0 if character.isalnum() else 2)
        if character == "\n":
            cost += prefix + 4
        if index in bold:
            cost += 4
        costs.append(cost)
    return costs


def pieces(
    text: str, emphasis: Emphasis = (), *, first: int, limit: int, prefix: int = 0
) -> Iterator[tuple[str, Emphasis]]:
    """`text` cut into parts whose rendering takes at most `first`, then `limit` units each.

    Cuts at a paragraph, else a line, else a word, else anywhere; only blanks at a cut are lost. `prefix` is what a
    line's prefix takes.
    """
    costs = _cost(text, emphasis, prefix)
    start, room = 0, first
    while start < len(text):
        end, used = start, prefix + 4
        while end < len(text) and used + costs[end] <= room:
            used += costs[end]
            end += 1
        if end < len(text):
            end = _cut(text, start, max(end, start + 1))
        part = text[start:end]
        stop = start + len(part.rstrip())
        if stop > start:
            inside = tuple((max(s, start) - start, min(e, stop) - start) for s, e in emphasis if s < stop and e > start)
            yield text[start:stop], inside
        start = end
        while start < len(text) and text[start].isspace():
            start += 1
        room = limit


def _cut(text: str, start: int, end: int) -> int:
    for mark in _BREAKS:
        at = text.rfind(mark, start + (end - start) // 2, end)
        if at > start:
            return at + len(mark)
    return end
