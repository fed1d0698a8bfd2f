"""How Discord's client shows markdown, as far as the coach's output needs it."""

import re

ACTIVE = re.compile(
    r"<@[!&]?\d+>|<#\d+>|<a?:\w+:\d+>|<t:-?\d+|</\w+:\d+>|@everyone|@here|https?://|\[[^\]]*\]\([^)]*\)"
)
"""Mentions, custom emoji, timestamps, commands, bare addresses and masked links, where no backslash stands before."""


def strip_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def active(text: str) -> list[str]:
    """What of `text` is live: escapes are taken out first, as the client's parser consumes them first."""
    return ACTIVE.findall(re.sub(r"\\([^0-9A-Za-z\s])", "\x00", strip_code(text)))


def displayed(text: str) -> str:
    """`text` as people read it: markup and escapes gone, zero-width spaces too."""
    out = []
    for number, part in enumerate(re.split(r"(```\n.*?\n```)", text, flags=re.DOTALL)):
        if number % 2:
            out.append(part[4:-4])
            continue
        bare = re.sub(r"(?m)^(?:## |-# |> )", "", part)
        kept = re.sub(r"\\([^0-9A-Za-z\s])", lambda match: chr(0xE000 + ord(match[1])), bare)
        kept = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", kept).replace("**", "")
        out.append("".join(chr(ord(c) - 0xE000) if 0xE000 <= ord(c) < 0xE100 else c for c in kept))
    return "".join(out).replace("\u200b", "")
