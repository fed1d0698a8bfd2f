"""B.OPS.TRACE-001: the request is rebuilt from the bars of its trace, then with one call changed."""

import re

import pytest

from knowledge.loader import load_curriculum
from tests.content.proofs.code import code_of

ITEM = "B.OPS.TRACE-001"
BARS = re.compile(r"^\s*(.+?)\s+(\d+)-(\d+)(?: ms)?$", re.MULTILINE)


def _bars(variant: int | None) -> list[tuple[str, int, int]]:
    return [(name, int(begin), int(end)) for name, begin, end in BARS.findall(code_of(ITEM, fence=0, variant=variant))]


def _total(bars: list[tuple[str, int, int]], *, first: float = 1, second_ms: int | None = None) -> float:
    """The first two calls start together, the third when both are there; the gaps stay as they are in the trace."""
    (_, _, whole), (_, start, first_end), (_, also, second_end), (_, third, third_end) = bars
    assert start == also
    gap = third - max(first_end, second_end)
    second = second_end - start if second_ms is None else second_ms
    both = max((first_end - start) * first, second)
    return start + both + gap + (third_end - third) + (whole - third_end)


@pytest.mark.parametrize("variant", [None, 0])
def test_the_answer_follows_from_the_bars(variant: int | None) -> None:
    item = load_curriculum().items[ITEM]
    form = item if variant is None else item.variants[variant]
    bars = _bars(variant)
    (_, _, whole), _, (_, start, second_end), _ = bars
    assert _total(bars) == whole
    assert _total(bars, first=0.5) == whole, "half of the first call gains nothing"
    numeric = next(point.numeric for point in form.rubric if point.id == "r2")
    assert numeric is not None
    assert _total(bars, second_ms=200) == numeric.value
    assert whole - numeric.value < second_end - start - 200, "less is gained than the call lost"
    end = whole - bars[3][2]
    assert f"{start + second_end - start + end} ms" in form.answer, "all three at once"
