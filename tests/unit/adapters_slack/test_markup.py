import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.slack.markup import escape, plain, split


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("&amp;lt;", "&lt;"),
        ("<https://x.org/a|label>", "label"),
        ("<https://x.org/a>", "https://x.org/a"),
        ("see <#C1|general> and <#C2>", "see #general and #C2"),
        ("<@U1> and <@U2|ben>", "@U1 and @ben"),
        ("<!here> <!channel|channel> <!subteam^S1|@team>", "@here channel @team"),
        ("<mailto:a@b.c|a@b.c>", "a@b.c"),
        ("<@B> hello", "hello"),
        ("hello <@B>", "hello"),
        ("hey <@B>, what now?", "hey what now?"),
        ("one\n<@B|coach> two", "one\n two"),
        ("<@B>", ""),
        ("a < b <c", "a < b <c"),
    ],
)
def test_what_a_person_reads(sent: str, read: str) -> None:
    assert plain(sent, without="B") == read


@given(st.text())
def test_an_escaped_text_reads_as_it_was_and_holds_no_markup(text: str) -> None:
    escaped = escape(text)
    assert not set("<>") & set(escaped)
    assert plain(escaped) == text.strip()


@given(st.text(alphabet="ab .\n<&é😀", max_size=400), st.integers(min_value=2, max_value=60))
def test_the_parts_are_the_text(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert "".join(parts) == text
    assert all(1 <= len(part) <= limit for part in parts)


def test_it_cuts_after_a_paragraph_before_a_line_before_a_word() -> None:
    assert split("aaaa aa\n\nbb cc", 12) == ["aaaa aa\n\n", "bb cc"]
    assert split("aaaa aa\nbb cc dd", 12) == ["aaaa aa\n", "bb cc dd"]
    assert split("aaaa aa bb cc dd", 12) == ["aaaa aa bb ", "cc dd"]
    assert split("a" * 25, 12) == ["a" * 12, "a" * 12, "a"]
    assert split("", 12) == []
