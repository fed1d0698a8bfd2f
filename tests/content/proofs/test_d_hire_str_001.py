"""D.HIRE.STR-001: a cut inside a character raises; stepping back over continuation bytes does not."""

from typing import Any

import pytest

from tests.content.proofs.code import code_of


def _cut(*, answer: bool = False) -> Any:
    scope: dict[str, Any] = {}
    exec(code_of("D.HIRE.STR-001", answer=answer), scope)
    return scope["cut"]


def test_ascii_passes_and_a_split_character_raises() -> None:
    assert _cut()("x" * 500) == "x" * 140
    assert _cut()("é" * 70) == "é" * 70
    with pytest.raises(UnicodeDecodeError):
        _cut()("x" * 139 + "é")


def test_the_variant_raises_as_well_and_adds_dots_to_short_lines() -> None:
    scope: dict[str, Any] = {}
    exec(code_of("D.HIRE.STR-001", variant=0), scope)
    assert scope["shorten"]("short") == "short..."
    with pytest.raises(UnicodeDecodeError):
        scope["shorten"]("x" * 1020 + "é" * 9)


@pytest.mark.parametrize("letters", range(130, 145))
@pytest.mark.parametrize("character", ["x", "é", "€", "😀"])
def test_the_answers_cut_never_raises_and_loses_three_bytes_at_most(letters: int, character: str) -> None:
    text = "x" * letters + character * 20
    cut = _cut(answer=True)(text)
    assert text.startswith(cut)
    assert 137 <= len(cut.encode()) <= 140
    assert _cut(answer=True)("short €") == "short €"


def test_what_the_answer_leaves_to_graphemes() -> None:
    assert _cut(answer=True)("x" * 139 + "e\N{COMBINING ACUTE ACCENT}") == "x" * 139 + "e"


def test_dropping_one_character_at_a_time_encodes_200_megabytes() -> None:
    assert sum(range(141, 20_001)) == 200_000_130
