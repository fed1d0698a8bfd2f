"""Whatever a person or a source wrote: it shows as it is, and nothing of it is live."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord import markup
from tests.peers.discord.markdown import active, displayed

NASTY = st.sampled_from(
    [
        "@everyone", "@here", "@EVERYONE", "<@123456789012345678>", "<@!1>", "<@&2>", "<#3>", "<:a:4>", "<a:b:5>",
        "<t:1700000000:R>", "</coach ask:6>", "https://evil.example/a", "http://x.y", "[click](https://evil.example)",
        "**", "__", "~~", "||", "```", "`", "\n# h", "\n> q", "\n- l", "\n1. l", "\n-# s", "\\", "\\\\", "\\@everyone",
        "\\<@1>", "<https://a.b>", "\n", "  ", "🦓", "\x00", "\r\n", "a@everyone.com",
    ]
)  # fmt: skip
TEXT = st.lists(st.one_of(NASTY, st.text(max_size=8)), max_size=12).map("".join)


def shown(text: str) -> str:
    return re.sub(r"[\u200b\ue000-\ue0ff]", "", markup.clean(text))


@given(TEXT)
def test_nothing_is_active_and_everything_is_shown(text):
    escaped = markup.escape(text)
    assert active(escaped) == []
    assert "@everyone" not in escaped.lower()
    assert not re.search(r"(?m)^\s*(?:#|>|-|\+|\d+\.)", escaped)
    if not re.search(r"[\ue000-\ue0ff]", text):
        assert displayed(escaped) == shown(text)


@given(TEXT, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4))
def test_bold_changes_nothing_else(text, ranges):
    cleaned = markup.clean(text)
    rendered = markup.render(cleaned, tuple(ranges))
    assert active(rendered) == []
    assert rendered.replace("**", "") == markup.escape(cleaned).replace("**", "")
    marks = [len(re.findall(r"(?<!\\)(?:\\\\)*\*\*", line)) for line in rendered.split("\n")]
    assert all(count % 2 == 0 for count in marks)


def test_bold():
    assert markup.render("depth matters", ((0, 5),)) == "**depth** matters"
    assert markup.render("abc d", ((0, 1), (1, 3))) == "**abc** d"
    assert markup.render(" a \nb", ((0, 5),)) == " **a** \n**b**"
    assert markup.render("2*3", ((0, 3),)) == "**2\\*3**"


@given(TEXT.filter(str.strip), st.integers(40, 200), st.integers(40, 200))
def test_pieces_fit_and_lose_only_blanks(text, first, limit):
    text = markup.clean(text)
    parts = list(markup.pieces(text, first=first, limit=limit))
    for number, (part, _) in enumerate(parts):
        assert markup.units(markup.escape(part)) <= (limit if number else first)
    assert "".join("".join(part.split()) for part, _ in parts) == "".join(text.split())


@given(st.lists(st.text(alphabet="abc ", min_size=1, max_size=12), min_size=1, max_size=40).map(" ".join))
def test_words_are_kept_whole(text):
    parts = [part for part, _ in markup.pieces(text, first=60, limit=60)]
    assert " ".join(parts).split() == text.split()


def test_emphasis_survives_the_cut():
    text = "word " * 100
    parts = list(markup.pieces(text, ((0, len(text)),), first=100, limit=100))
    assert len(parts) > 2
    assert all(emphasis == ((0, len(part)),) for part, emphasis in parts)


@given(TEXT)
def test_a_code_block_cannot_be_left(text):
    block = markup.code_block(text)
    assert block.count("```") == 2
    assert "@everyone" not in block.lower()


@pytest.mark.parametrize("text", ["3.5 ms at 10:30", "a - b", "x_y", "C# and F#", "e.g. 1. item"])
def test_plain_words_stay_readable(text):
    assert displayed(markup.escape(text)) == text
