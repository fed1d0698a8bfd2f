"""Markdown without what its reader does not see: comments, hidden elements, definitions of links."""

import re
from bisect import bisect_left

from knowledge.ingest.decoding import Decoded, count
from knowledge.ingest.styles import declarations, hides

FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(?P<mark>`{3,}+(?![^\n]*`)|~{3,})[^\n]*")
_DEFINITION = (
    r"""^[ ]{0,3}\[(?!\^)[^\]\n]{1,300}\]:[ \t]*(?:<[^<>\n]*>|\S+)"""
    r"""(?:[ \t]*\n?[ \t]+(?:"[^"\n]*"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$\n?"""
)
_TOKEN = re.compile(
    rf"(?P<fence>^{FENCE.pattern}$)|(?P<definition>{_DEFINITION})|\\[`<\\]|(?P<tick>`+)|(?P<comment><!--)"
    r"|(?P<tag><(?P<name>[A-Za-z][\w-]*)(?P<attributes>(?:\s[^<>]{0,2000})?)>)",
    re.MULTILINE,
)
_ATTRIBUTE = re.compile(r"""([\w:-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?""")
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "select", "textarea", "title"})
_SPAN = 2_000


def fence_end(text: str, start: int, mark: str) -> int:
    """Where a fenced block that opened with `mark` before `start` ends; without a closing line it goes to the end."""
    closing = re.compile(rf"^[ \t>]*{mark[0]}{{{len(mark)},}}+[ \t]*$", re.MULTILINE)
    found = closing.search(text, start)
    return found.end() if found else len(text)


def _hidden(name: str, attributes: str) -> bool:
    found = {key.lower(): value.strip("\"'") for key, value in _ATTRIBUTE.findall(attributes)}
    return (
        name.lower() in _SILENT
        or "hidden" in found
        or found.get("aria-hidden", "").lower() == "true"
        or hides(declarations(found.get("style", "")))
    )


class _Scan:
    """One pass over a text; every position is looked at once, whatever an author has written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kept: list[str] = []
        self.comments = self.elements = self.definitions = 0
        self._closed = [found.start() for found in re.finditer("-->", text)]

    def run(self) -> str:
        start = at = 0
        while token := _TOKEN.search(self.text, at):
            at, drops = self._after(token)
            if drops:
                self.kept.append(self.text[start : token.start()])
                start = at
        return "".join((*self.kept, self.text[start:]))

    def _after(self, token: re.Match[str]) -> tuple[int, bool]:
        """Where to go on after a token, and whether what lies between is dropped."""
        kind = token.lastgroup
        if kind == "fence":
            return fence_end(self.text, token.end(), token["mark"]), False
        if kind == "definition":
            return self._after_definition(token)
        if kind == "tick":
            return self._after_span(token), False
        if kind == "comment":
            return self._after_comment(token)
        if kind == "tag" and _hidden(token["name"], token["attributes"]):
            return self._after_element(token)
        return token.end(), False

    def _after_definition(self, token: re.Match[str]) -> tuple[int, bool]:
        """Inside a paragraph a definition is text."""
        end = max(token.start() - 1, 0)
        before = self.text[self.text.rfind("\n", 0, end) + 1 : end]
        if before.strip() and not re.match(_DEFINITION, before):
            return token.start() + 1, False
        if re.search(r"""["')]\s*$""", token[0]):
            self.definitions += 1
        return token.end(), True

    def _after_span(self, token: re.Match[str]) -> int:
        """Past a code span, or past the backticks where no as many follow in this paragraph."""
        run = token["tick"]
        paragraph = self.text[token.end() : token.end() + _SPAN].partition("\n\n")[0]
        found = re.search(rf"(?<!`){run}(?!`)", paragraph)
        return token.end() + (found.end() if found else 0)

    def _after_comment(self, token: re.Match[str]) -> tuple[int, bool]:
        """A comment that is never closed hides the rest when it begins a line, and is text otherwise."""
        which = bisect_left(self._closed, token.end() - 2)
        if which < len(self._closed):
            self.comments += 1
            return self._closed[which] + 3, True
        line = self.text[self.text.rfind("\n", 0, token.start()) + 1 : token.start()]
        if line.strip():
            return token.end(), False
        self.comments += 1
        return len(self.text), True

    def _after_element(self, token: re.Match[str]) -> tuple[int, bool]:
        """Past the end of a hidden element; one without an end hides the rest of its paragraph.

        `List<Object>` is no such element: in capitals, without an attribute, and nothing closes it.
        """
        depth, at = 1, token.end()
        if token["attributes"].rstrip().endswith("/") or token["name"].lower() in {"input", "img", "br", "hr", "meta"}:
            self.elements += 1
            return at, True
        for tag in re.compile(rf"<(/?){re.escape(token['name'])}\b[^<>]*>", re.IGNORECASE).finditer(self.text, at):
            depth += -1 if tag[1] else 1
            if depth == 0:
                self.elements += 1
                return tag.end(), True
        if token["name"].istitle() and not token["attributes"].strip():
            return at, False
        self.elements += 1
        end = self.text.find("\n\n", at)
        return end if end >= 0 else len(self.text), True


def visible_markdown(text: str) -> Decoded:
    """The text of which every block is an exact substring, and notes on what is not in it. Code keeps everything."""
    scan = _Scan(text)
    kept = scan.run()
    found = ((scan.comments, "comment"), (scan.elements, "hidden element"), (scan.definitions, "unseen link title"))
    return Decoded(text=kept, notes=tuple(f"{count(number, what)} left out." for number, what in found if number))
