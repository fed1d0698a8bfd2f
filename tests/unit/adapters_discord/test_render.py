"""Every block, however large, within Discord's limits as the peer's rules state them."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.discord import render
from bot.core.model import (
    Button,
    Buttons,
    Citation,
    File,
    Picture,
    Progress,
    Quote,
    Reply,
    Table,
    Text,
)
from tests.peers.discord import rules
from tests.peers.discord.markdown import active, displayed
from tests.unit.adapters_discord.test_markup import TEXT

LONG = st.one_of(TEXT, st.tuples(TEXT, st.integers(1, 400)).map(lambda pair: (pair[0] + " w") * pair[1]))
BUTTON = st.builds(
    Button,
    label=st.text(min_size=1, max_size=40).filter(str.strip),
    action=st.sampled_from(["hint", "answer"]),
    argument=st.sampled_from(["", "item-7", "a" * 60]),
    opens_form=st.booleans(),
)
BLOCK = st.one_of(
    st.builds(Text, text=LONG, style=st.sampled_from(["plain", "heading", "quiet", "code"]), emphasis=st.sampled_from([(), ((0, 3),), ((1, 4), (5, 5000))])),
    st.builds(Quote, text=LONG, citation=st.builds(Citation, source=TEXT, section=TEXT, url=st.sampled_from([None, "https://a.b/c_(d)", "javascript:x", "https://a b"]))),
    st.builds(Buttons, items=st.lists(BUTTON, min_size=1, max_size=5).map(tuple)),
    st.builds(Picture, data=st.just(b"png"), alt=LONG, name=st.sampled_from(["a.png", "é ü/../x.png", "...", "p" * 90 + ".png"])),
    st.builds(File, name=st.sampled_from(["export.json", "a b.txt"]), media_type=st.just("text/plain"), data=st.just(b"{}"), caption=TEXT),
    st.builds(Table, header=st.just(("name", "what it is")), rows=st.lists(st.tuples(TEXT, LONG), max_size=60).map(tuple), caption=TEXT),
    st.builds(Progress, label=TEXT, done=st.floats(-5, 50), total=st.floats(0, 20)),
)  # fmt: skip


def payload(page: render.Page) -> tuple[dict, dict[str, bytes]]:
    view, files = page.build()
    return {"components": view.to_components(), "flags": rules.V2}, {file.filename: file.fp.read() for file in files}


@settings(max_examples=150, deadline=None)
@given(st.lists(BLOCK, min_size=1, max_size=9))
def test_every_reply_fits(blocks):
    pages = render.pages(Reply(blocks=tuple(blocks)), "key")
    for page in pages:
        data, files = payload(page)
        assert list(rules.message(data, files)) == []
        text = [one["content"] for one in rules.walk(data["components"]) if one["type"] == 10]
        assert sum(map(render.markup.units, text)) <= 4000
        for one in text:
            built = re.sub(r"\n?-# \[.*\]\(https://a\.b/c_%28d%29\)$", "", one)  # the link that is ours
            assert active(built) == []
        assert data["components"][0]["id"] == page.marker
    buttons = sum(len(block.items) for block in blocks if isinstance(block, Buttons))
    built = [one for page in pages for one in rules.walk(payload(page)[0]["components"]) if one["type"] == 2]
    assert len(built) == buttons


def lines(*blocks) -> list[str]:
    data, _ = payload(render.pages(Reply(blocks=blocks), "key")[0])
    return [one["content"] for one in rules.walk(data["components"]) if one["type"] == 10]


def test_how_the_blocks_look():
    assert lines(Text(text="Title", style="heading")) == ["## Title"]
    assert lines(Text(text="small\nprint", style="quiet")) == ["-# small\n-# print"]
    assert lines(Text(text="x = `1`", style="code")) == ["```\nx = `1`\n```"]
    assert lines(Text(text="depth matters", emphasis=((0, 5),))) == ["**depth** matters"]
    quote = Quote(text="one\n\ntwo", citation=Citation(source="the article", section="Depth", url="https://a.b/c(d)"))
    assert lines(quote) == ["> one\n> \n> two\n-# [the article, Depth](https://a.b/c%28d%29)"]
    assert lines(Progress(label="Databases", done=3, total=4)) == ["Databases ████████░░ 3 of 4"]
    table = Table(header=("a", "bb"), rows=(("1", "2"), ("333", "4")), caption="Numbers")
    assert lines(table) == ["**Numbers**", "```\na    bb\n───  ──\n1    2\n333  4\n```"]
    wide = Table(header=("name", "text"), rows=(("one", "x" * 90),))
    assert lines(wide) == ["```\nname: one\ntext: " + "x" * 90 + "\n```"]


def test_a_picture_and_a_file_carry_their_words():
    page = render.pages(
        Reply(
            blocks=(
                Picture(data=b"p", alt="A queue", name="d.png"),
                File(name="export.json", media_type="application/json", data=b"{}", caption="All of it"),
            )
        ),
        "key",
    )[0]
    view, files = page.build()
    assert [(file.filename, file.description) for file in files] == [("d.png", "A queue"), ("export.json", "All of it")]
    kinds = [one["type"] for one in view.to_components()]
    assert kinds == [12, 10, 13]


def test_the_last_message_bears_the_replys_key():
    pages = render.pages(Reply(blocks=(Text(text="word " * 3000),)), "key")
    assert len(pages) > 3
    assert pages[-1].marker == render.marker("key")
    assert len({page.marker for page in pages}) == len(pages)
    whole = " ".join(displayed(part) for page in pages for part in page.parts if isinstance(part, str))
    assert whole.split() == ["word"] * 3000


def test_a_reply_of_blanks_still_says_something():
    data, files = payload(render.pages(Reply(blocks=(Text(text="  \n "),)), "key")[0])
    assert list(rules.message(data, files)) == []


async def test_the_library_keeps_no_state_for_a_message():
    view, _ = render.pages(Reply(blocks=(Buttons(items=(Button(label="Go", action="go"),)),)), "key")[0].build()
    assert view.is_finished()


def test_many_small_blocks_take_several_messages():
    blocks = tuple(Text(text=f"line {number}") for number in range(90))
    pages = render.pages(Reply(blocks=blocks), "key")
    assert len(pages) == 3
    for page in pages:
        assert list(rules.message(*payload(page))) == []
