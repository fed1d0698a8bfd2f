"""The picture: size, time, and that it shows the numbers it is given."""

import io
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from bot.core.balance import DEFAULT_SPLIT
from bot.core.known import Node
from bot.core.progress import Progress, measure
from bot.picture import draw
from tests import learners
from tests.conftest import ROOT

LEARNERS = {
    "nobody": learners.progress(0),
    "one day": learners.progress(1, rate=1.0),
    "a month": learners.progress(30),
    "a year": learners.progress(365),
    "a year, now and then": learners.progress(365, rate=0.3, seed=9),
}
YEAR = LEARNERS["a year"]
PAPER = (251, 250, 246)


def opened(progress: Progress) -> Image.Image:
    return Image.open(io.BytesIO(draw(progress))).convert("RGBA")


def count(picture: Image.Image, color: tuple[int, int, int]) -> int:
    """Pixels near a colour."""
    found = picture.convert("RGB").getcolors(picture.width * picture.height)
    assert found
    return sum(
        times
        for times, seen in found
        if isinstance(seen, tuple) and all(abs(a - b) < 12 for a, b in zip(seen, color, strict=True))
    )


@pytest.mark.parametrize("name", LEARNERS)
def test_it_is_a_small_opaque_png_1200_wide(name: str) -> None:
    data = draw(LEARNERS[name])
    assert data.startswith(b"\x89PNG")
    assert len(data) <= 150_000
    picture = Image.open(io.BytesIO(data))
    assert picture.width == 1200
    assert picture.height <= 2700
    assert picture.convert("RGBA").getchannel("A").getextrema() == (255, 255), "it brings its own background"


@pytest.mark.parametrize("days", [0, 30, 365])
def test_numbers_and_picture_take_less_than_300_ms(days: int) -> None:
    curriculum, rows = learners.load_curriculum(), learners.history(days)
    taken = []
    for _ in range(3):
        before = time.process_time()
        draw(measure(rows, curriculum, split=DEFAULT_SPLIT, zone=ZoneInfo("UTC"), now=learners.NOW, off=learners.off))
        taken.append(time.process_time() - before)
    assert min(taken) < 0.3


@pytest.mark.parametrize("name", LEARNERS)
def test_nothing_runs_over_an_edge(name: str) -> None:
    picture = opened(LEARNERS[name]).convert("RGB")
    wide, high = picture.size
    for box in ((0, 0, 40, high), (wide - 40, 0, wide, high), (0, 0, wide, 30), (0, high - 30, wide, high)):
        low, top = zip(*picture.crop(box).getextrema(), strict=True)
        assert all(abs(a - b) < 8 for a, b in zip((*low, *top), (*PAPER, *PAPER), strict=True)), box


def test_the_longest_titles_stay_inside() -> None:
    named = tuple(
        Node(id=f"B.{n}", title="Wörter — so lang, “dass” sie nie passen würden " * 3, strength=0.5) for n in range(3)
    )
    picture = opened(replace(YEAR, strongest=named, weakest=named)).convert("RGB")
    low, _ = zip(*picture.crop((1160, 0, 1200, picture.height)).getextrema(), strict=True)
    assert all(abs(a - b) < 8 for a, b in zip(low, PAPER, strict=True))


def test_bars_are_as_long_as_the_shares() -> None:
    """The colour of what was answered, for twice the share in one of four categories."""
    shares = tuple(replace(one, answered=times) for one, times in zip(YEAR.shares, (5, 0, 5, 0), strict=True))
    none = tuple(replace(one, answered=0) for one in YEAR.shares)
    blue = (44, 109, 180)
    legend = count(opened(replace(YEAR, shares=none)), blue)
    half = count(opened(replace(YEAR, shares=shares)), blue) - legend
    some = tuple(replace(one, answered=times) for one, times in zip(YEAR.shares, (1, 1, 1, 1), strict=True))
    quarters = count(opened(replace(YEAR, shares=some)), blue) - legend
    assert half == pytest.approx(quarters, rel=0.03)
    assert half > 10_000


def test_what_is_known_fills_the_area_of_its_band() -> None:
    last = tuple(replace(one, points=(0.0, 0.0, 50.0)) for one in YEAR.known)
    mixed = tuple(replace(one, points=(25.0, 0.0, 25.0)) for one in YEAR.known)
    light = (191, 227, 218)
    assert count(opened(replace(YEAR, known=mixed)), light) > count(opened(replace(YEAR, known=last)), light) + 50_000


def test_practised_days_are_filled() -> None:
    green = (20, 112, 95)
    off = replace(YEAR.streak, days=dict.fromkeys(YEAR.streak.days, "missed"))
    assert count(opened(YEAR), green) > count(opened(replace(YEAR, streak=off)), green) + 50_000


def test_the_documentation_shows_the_picture_as_it_is_drawn() -> None:
    """`python -m tests.learners docs/progress.png` makes it again."""
    kept = Image.open(ROOT / "docs" / "progress.png").convert("RGB")
    now = opened(YEAR).convert("RGB")
    assert kept.size == now.size
    small = [one.resize((60, 130)).tobytes() for one in (kept, now)]
    differing = sum(abs(a - b) > 24 for a, b in zip(*small, strict=True)) / len(small[0])
    assert differing < 0.02
