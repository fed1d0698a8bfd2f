"""Slack's text in and out: entities and markup to plain text, plain text to something inert, long text to parts."""

import re

_ANGLE = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_BREAKS = ("\n\n", "\n", ". ", " ")


def plain(text: str, *, without: str | None = None) -> str:
    """What a person reads in Slack's `text` field; every mention of the user `without` is cut out.

    https://docs.slack.dev/messaging/formatting-message-text: &amp; &lt; &gt; are the only escapes, and angle brackets
    hold links, mentions and channel names.
    """
    if without:
        text = re.sub(rf"[ \t]*<@{re.escape(without)}(?:\|[^<>]*)?>[,:]?[ \t]*", " ", text)
    text = _ANGLE.sub(_readable, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _readable(match: re.Match[str]) -> str:
    target, label = match[1], match[2]
    if target.startswith(("@", "#")):
        return f"{target[0]}{label.lstrip('@#')}" if label else target
    if target.startswith("!"):
        return label or "@" + target[1:].split("^")[0]
    return label or target


def escape(text: str) -> str:
    """`text` for a field in which Slack reads markup: no mention, no link, no entity is left active."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def split(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` characters that joined give `text` again, cut after a paragraph, a line, a sentence or
    a word where one ends in the second half of the part."""
    parts = []
    while len(text) > limit:
        cut = next(
            (at + len(mark) for mark in _BREAKS if (at := text.rfind(mark, limit // 2, limit - len(mark) + 1)) >= 0),
            limit,
        )
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text] if text else parts
