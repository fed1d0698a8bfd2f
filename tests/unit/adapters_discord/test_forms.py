"""Forms within Discord's limits, and their ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.discord import controls, forms
from bot.core.model import Button, Choice, Field, Form
from tests.peers.discord import rules
from tests.unit.adapters_discord.test_markup import TEXT

CHOICES = st.lists(st.sampled_from(["", "a", "b", "c" * 100]), min_size=1, unique=True).flatmap(
    lambda values: st.tuples(*(st.builds(Choice, value=st.just(v), label=TEXT) for v in values))
)
FIELD = st.one_of(
    st.builds(Field, name=st.just("n"), label=TEXT.map(lambda t: t[:45]), kind=st.sampled_from(["line", "text"]), hint=TEXT, value=TEXT, required=st.booleans(), max_length=st.integers(0, 9000)),
    st.builds(Field, name=st.just("n"), label=TEXT.map(lambda t: t[:45]), kind=st.just("choice"), hint=TEXT, value=st.sampled_from(["", "a"]), required=st.booleans(), choices=CHOICES),
)  # fmt: skip


@given(st.lists(FIELD, min_size=1, max_size=5), st.text(max_size=24), st.sampled_from(["", "x" * 60]))
def test_every_form_fits(fields, title, argument):
    from dataclasses import replace

    named = tuple(replace(field, name=f"f{number}") for number, field in enumerate(fields))
    form = Form(name="a" * 24, title=title, fields=named, argument=argument)
    assert list(rules.modal(forms.modal(form).to_dict())) == []


def test_values_come_from_the_raw_submission():
    raw = [
        {"type": 18, "component": {"type": 4, "custom_id": "text", "value": "long"}},
        {"type": 18, "component": {"type": 3, "custom_id": "sure", "values": ["high"]}},
        {"type": 18, "component": {"type": 3, "custom_id": "none", "values": []}},
        {"type": 18, "component": {"type": 3, "custom_id": "dash", "values": ["-"]}},
        {"type": 1, "components": [{"type": 4, "custom_id": "old", "value": "-"}]},
    ]
    assert forms.values(raw) == {"text": "long", "sure": "high", "none": "", "dash": "", "old": "-"}


@given(st.from_regex(r"[a-z][a-z_]{0,23}", fullmatch=True), st.from_regex(r"[A-Za-z0-9._:-]{0,60}", fullmatch=True))
def test_an_id_is_read_as_it_was_written(name, argument):
    for kind in ("a", "f", "m"):
        text = controls.custom_id(kind, name, argument)
        assert len(text) <= 100
        assert controls.read(text) == (kind, name, argument)
        assert controls.read(controls.custom_id(kind, name, argument, 2)) == (kind, name, argument)


@pytest.mark.parametrize("text", ["", "coach", "coach:x:a:b", "coach:a:A:b", "other:a:b:c", "coach:a:hint:" + "x" * 61])
def test_other_ids_are_not_ours(text):
    assert controls.read(text) is None


def test_two_buttons_that_do_the_same_have_two_ids():
    taken: set[str] = set()
    ids = [controls.button(Button(label="Go", action="go"), taken).custom_id for _ in range(3)]
    assert len(set(ids)) == 3
