"""Every block within Slack's limits as the peer's rules know them, and nothing in a text active."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.slack.form import modal
from bot.adapters.slack.render import Post, Upload, render
from bot.adapters.slack.requests import Carry, Request
from bot.core.model import (
    Block,
    Button,
    Buttons,
    Choice,
    Citation,
    Field,
    File,
    Form,
    Message,
    Picture,
    Progress,
    Quote,
    Reply,
    Table,
    Text,
    ThreadRef,
    UserRef,
)
from tests.peers.slack.people import text_of
from tests.peers.slack.rules import check_message, check_view

HOSTILE = "<!channel> <@U0ADA0001> <https://evil.example|here> @here *bold* _it_ `code` &lt;!here&gt; :wave: ~x~"
repeated = st.builds(str.__mul__, st.text(alphabet="ab <>&@!|*_`\n", min_size=1, max_size=12), st.integers(1, 900))
texts = st.one_of(st.text(max_size=200), repeated, st.just(HOSTILE))


def posts(reply: Reply, **how: bool) -> list[Post]:
    shown = [part for part in render(reply, **how) if isinstance(part, Post)]
    for post in shown:
        check_message({"text": post.text, "blocks": list(post.blocks)})
    return shown


def objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        return [value, *(one for inner in value.values() for one in objects(inner))]
    if isinstance(value, list | tuple):
        return [one for inner in value for one in objects(inner)]
    return []


def assert_inert(shown: list[Post], links: tuple[str, ...] = ()) -> None:
    """No object in which Slack reads markup, no link but ours, and the notification text escaped."""
    for post in shown:
        for one in objects(list(post.blocks)):
            assert one.get("type") != "mrkdwn"
            assert one.get("type") not in {"user", "usergroup", "broadcast", "channel", "emoji"}
            if one.get("type") == "link" or "url" in one:
                assert one["url"] in links
            if one.get("type") == "plain_text":
                assert one["emoji"] is False
        assert "<" not in post.text
        assert ">" not in post.text


def read(shown: list[Post]) -> str:
    return "".join(text_of(block) for post in shown for block in post.blocks)


@given(texts, st.sampled_from(["plain", "heading", "quiet", "code"]))
def test_any_text_is_shown_whole_within_the_limits_and_inert(text: str, style: Any) -> None:
    shown = posts(Reply(blocks=(Text(text=text, style=style),)))
    assert_inert(shown)
    if text.strip():
        assert "".join(read(shown).split()) == "".join(text.split())
    else:
        assert shown  # Slack takes no empty message


@given(st.data())
def test_emphasis_is_bold_exactly_where_it_was_set(data: st.DataObject) -> None:
    text = data.draw(repeated.filter(str.strip))
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    emphasis = tuple((a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b)
    shown = posts(Reply(blocks=(Text(text=text, emphasis=emphasis),)))
    assert_inert(shown)
    bold = [one["text"] for post in shown for one in objects(list(post.blocks)) if one.get("style", {}).get("bold")]
    wanted = "".join(text[a:b] for a, b in emphasis)
    assert "".join("".join(bold).split()) == "".join(wanted.split())


@given(texts, texts, st.sampled_from([None, "https://example.org/a?b=<c>", "javascript:alert(1)"]))
def test_a_quote_is_verbatim_and_links_only_where_a_web_address_is_known(
    text: str, section: str, url: str | None
) -> None:
    if not text.strip() or not section.strip():
        return
    quote = Quote(text=text, citation=Citation(source="the article", section=section, url=url))
    shown = posts(Reply(blocks=(quote,)))
    assert_inert(shown, links=("https://example.org/a?b=<c>",))
    quoted = "".join(
        text_of(block) for post in shown for block in post.blocks if block["elements"][0]["type"] == "rich_text_quote"
    )
    assert "".join(quoted.split()) == "".join(text.split())


cells = st.text(alphabet="ab<&|*\n ", max_size=60)


@settings(max_examples=40)
@given(st.integers(1, 25), st.integers(0, 130), cells, st.booleans(), st.booleans())
def test_a_table_of_any_size(width: int, height: int, cell: str, caption: bool, tables: bool) -> None:
    table = Table(header=("h",) * width, rows=((cell,) * width,) * height, caption=HOSTILE if caption else "")
    shown = posts(Reply(blocks=(table, table)), tables=tables)
    assert_inert(shown)
    made = [block["type"] for post in shown for block in post.blocks]
    assert tables or "table" not in made


@given(st.lists(st.sampled_from(["text", "buttons", "progress", "table", "quote"]), min_size=1, max_size=120))
def test_any_number_of_blocks(kinds: list[str]) -> None:
    one: dict[str, Block] = {
        "text": Text(text=HOSTILE * 20),
        "buttons": Buttons(items=(Button(label="x" * 40, action="a" * 24, argument="b" * 60),)),
        "progress": Progress(label=HOSTILE, done=3, total=7),
        "table": Table(header=("a",), rows=(("b",),)),
        "quote": Quote(text=HOSTILE, citation=Citation(source="s", section="t")),
    }
    shown = posts(Reply(blocks=tuple(one[kind] for kind in kinds)))
    assert_inert(shown)
    ids = [
        element["action_id"]
        for post in shown
        for block in post.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    assert len(ids) == kinds.count("buttons")


def test_files_come_after_a_message_that_carries_the_key() -> None:
    picture = Picture(data=b"png", alt="A queue", name="queue.png")
    row = Buttons(items=(Button(label="Go", action="go"),))
    assert [type(one) for one in render(Reply(blocks=(picture,)))] == [Post, Upload]
    assert [type(one) for one in render(Reply(blocks=(Text(text="a"), picture, row)))] == [Post, Upload, Post]
    first, second = render(Reply(blocks=(picture, Text(text="after"))))
    assert isinstance(first, Post)
    assert first.text == "after"
    assert second == Upload(name="queue.png", data=b"png", alt="A queue")
    export = File(name="e.json", media_type="application/json", data=b"{}")
    assert [getattr(one, "text", None) for one in render(Reply(blocks=(export,)))] == ["e.json", None]


@pytest.mark.parametrize(("done", "total", "shown"), [(3, 10, "30%"), (0, 0, "0%"), (12, 10, "100%"), (-1, 4, "0%")])
def test_a_bar_stays_a_bar(done: float, total: float, shown: str) -> None:
    [post] = posts(Reply(blocks=(Progress(label="Read", done=done, total=total),)))
    assert shown in post.text
    assert sum(post.text.count(cell) for cell in "█░") == 20


def test_the_notification_text_is_escaped_once_and_never_cut_inside_an_entity() -> None:
    [post] = posts(Reply(blocks=(Text(text="&" * 2500),)))
    assert post.text == "&amp;" * 2000
    [post] = posts(Reply(blocks=(Text(text="a < b & c &amp; d"),)))
    assert post.text == "a &lt; b &amp; c &amp;amp; d"


def test_a_message_of_buttons_alone_is_told_by_their_labels() -> None:
    [post] = posts(Reply(blocks=(Buttons(items=(Button(label="A & B", action="a"), Button(label="C", action="c"))),)))
    assert post.text == "A &amp; B, C"


names = st.text(alphabet="abcdefgh_", min_size=1, max_size=20)
labels = st.text(min_size=1, max_size=45)
fields = st.one_of(
    st.builds(
        Field,
        name=names,
        label=labels,
        kind=st.sampled_from(["line", "text"]),
        hint=texts,
        value=texts,
        required=st.booleans(),
        max_length=st.integers(0, 30_000),
    ),
    st.builds(
        Field,
        name=names,
        label=labels,
        kind=st.just("choice"),
        value=st.just("v1"),
        required=st.booleans(),
        choices=st.lists(
            st.builds(
                Choice,
                value=st.text(alphabet="v123", min_size=1, max_size=9),
                label=st.one_of(st.text(min_size=1, max_size=80), st.just("x" * 90)),
            ),
            min_size=1,
            max_size=25,
        ).map(tuple),
    ),
)


@given(
    st.lists(fields, min_size=1, max_size=5, unique_by=lambda one: one.name),
    st.text(max_size=24),
    st.sampled_from(["", "item.7" * 10]),
)
def test_any_form_is_a_modal_that_slack_opens(asked: list[Field], title: str, argument: str) -> None:
    where = ThreadRef(platform="slack", workspace="T1", channel="C1", thread="1.2")
    inbound = Message(
        id="slack:T1:C1:1.2",
        user=UserRef(platform="slack", workspace="T1", id="U1"),
        where=where,
        at=datetime.now(UTC),
        text="x",
    )
    carry = Carry(response_url="https://hooks.slack.com/actions/" + "x" * 200, only=True, ephemeral=True)
    request = Request(inbound=inbound, carry=carry, trigger="t", until=0.0)
    view = modal(Form(name="answer", title=title, fields=tuple(asked), argument=argument), request, where)
    check_view(view)
    assert json.loads(json.dumps(view)) == view
