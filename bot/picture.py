"""Progress as a picture: a PNG of 1200 pixels' width that can still be read at 400, on a background of its own."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from bot.core.known import Node
from bot.core.progress import CALENDAR, Progress, Share
from bot.core.progress_words import DURABILITY, SHORT_TITLES, nothing_known, nothing_named, streak_words

_WEEKS = CALENDAR.days // 7
_SCALE = 2
_WIDTH, _MARGIN = 600, 24
_INNER = _WIDTH - 2 * _MARGIN
_SMALL, _PLAIN, _TITLE, _HUGE = 18, 20, 23, 46
_PAPER, _INK, _QUIET, _LINE = "#FBFAF6", "#1D2733", "#596675", "#D5D2C8"
_MEASURES = (("sent", "#9AA7B8"), ("answered", "#2C6DB4"), ("minutes", "#D9801A"))
_BANDS = ("#BFE3DA", "#56B09C", "#14705F")
_STATES = {"practised": "#14705F", "repaired": "#77B7E2", "frozen": "#77B7E2"}
_OFF, _EMPTY = "#DDD9CD", "#B4B0A2"
_SQUARE = (15, 15)
_DAY = timedelta(days=1)
_PLAINER = {0x2010: "-", 0x2011: "-", 0x2013: "-", 0x2014: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size * _SCALE)


def _drawable(text: str) -> str:
    """The built-in font knows ASCII; accents go, dashes become hyphens, what else it lacks becomes a question mark."""
    text = text.translate(_PLAINER)
    folded = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return folded.encode("ascii", "replace").decode()


class _Canvas:
    """Draws from the top down in units of two pixels; `y` is where the next thing goes."""

    def __init__(self, height: int) -> None:
        self.image = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), _PAPER)
        self._pen = ImageDraw.Draw(self.image)
        self.y = float(_MARGIN)

    def width(self, text: str, size: int) -> float:
        return self._pen.textlength(_drawable(text), _font(size)) / _SCALE

    def text(
        self, x: float, y: float, text: str, size: int = _PLAIN, color: str = _INK, *, right: bool = False
    ) -> None:
        """`y` is the baseline; `x` is where the text begins, or ends if `right`."""
        anchor = "rs" if right else "ls"
        self._pen.text((x * _SCALE, y * _SCALE), _drawable(text), fill=color, font=_font(size), anchor=anchor)

    def fitted(self, x: float, y: float, text: str, wide: float) -> None:
        """As `text`, shortened to a width."""
        short = text
        while short and self.width(short + ("..." if short != text else ""), _PLAIN) > wide:
            short = short[:-1].rstrip()
        self.text(x, y, short + ("..." if short != text else ""))

    def box(
        self, at: tuple[float, float], size: tuple[float, float], color: str | None, line: str | None = None
    ) -> None:
        (x, y), (wide, high) = at, size
        corners = (x * _SCALE, y * _SCALE, (x + wide) * _SCALE - 1, (y + high) * _SCALE - 1)
        self._pen.rounded_rectangle(corners, radius=3 * _SCALE, fill=color, outline=line, width=_SCALE)

    def across(self, x: float, to_x: float, y: float, color: str) -> None:
        self._pen.line((x * _SCALE, y * _SCALE, to_x * _SCALE, y * _SCALE), fill=color, width=_SCALE)

    def mark(self, x: float, y: float, to_y: float) -> None:
        """Where the split is."""
        self._pen.line((x * _SCALE, y * _SCALE, x * _SCALE, to_y * _SCALE), fill=_INK, width=2 * _SCALE)

    def area(self, points: Sequence[tuple[float, float]], color: str) -> None:
        self._pen.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=color)

    def heading(self, text: str) -> None:
        self.across(_MARGIN, _WIDTH - _MARGIN, self.y, _LINE)
        self.text(_MARGIN, self.y + 34, text, _TITLE)
        self.y += 48

    def dot(self, x: float, y: float) -> None:
        """A day off."""
        self._pen.circle((x * _SCALE, y * _SCALE), 3.5 * _SCALE, fill=_OFF)

    def legend(self, entries: Sequence[tuple[str, str | None, str | None]]) -> None:
        """Words behind boxes of a fill and an outline."""
        x = float(_MARGIN)
        for word, fill, line in entries:
            self.box((x, self.y + 2), _SQUARE, fill, line)
            self.text(x + 21, self.y + 16, word, _SMALL, _QUIET)
            x += 21 + self.width(word, _SMALL) + 18
        self.y += 32


def draw(progress: Progress) -> bytes:
    """The picture as PNG, under 150 kB."""
    canvas = _Canvas(_height(progress))
    _head(canvas, progress)
    _balance(canvas, progress.shares)
    _known(canvas, progress)
    _calendar(canvas, progress)
    _named(canvas, progress)
    made = io.BytesIO()
    few = canvas.image.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(made, "PNG", compress_level=6)
    return made.getvalue()


def _height(progress: Progress) -> int:
    named = len(progress.strongest) + len(progress.weakest)
    lines = 62 + 28 * named + 34 * bool(progress.weakest) if named else 96
    return 104 + 374 + (290 if progress.known else 104) + 264 + lines


def _head(canvas: _Canvas, progress: Progress) -> None:
    if progress.since is None:
        canvas.text(_MARGIN, canvas.y + 26, "Your progress", 32)
        canvas.text(_MARGIN, canvas.y + 58, nothing_known(), _PLAIN, _QUIET)
        canvas.y += 80
        return
    number, words = streak_words(progress.streak)
    tiles = (
        (number, words),
        (f"{progress.week.practised}/{progress.week.work_days}", "days this week"),
        (f"{progress.week.minutes:.0f}", "minutes this week"),
    )
    for place, (big, small) in enumerate(tiles):
        x = _MARGIN + place * _INNER / 3
        canvas.text(x, canvas.y + 36, big, _HUGE)
        canvas.text(x, canvas.y + 62, small, _SMALL, _QUIET)
    canvas.y += 80


def _parts(shares: Sequence[Share]) -> list[tuple[float, float, float]]:
    """Each category's part of all that was sent, answered and spent (0-1)."""
    sums = [
        sum(one.delivered for one in shares),
        sum(one.answered for one in shares),
        sum(one.minutes for one in shares),
    ]
    rows = [(one.delivered, one.answered, one.minutes) for one in shares]
    return [tuple(each / total if total else 0.0 for each, total in zip(row, sums, strict=True)) for row in rows]  # type: ignore[misc]


def _balance(canvas: _Canvas, shares: Sequence[Share]) -> None:
    canvas.heading("Balance, last 12 weeks")
    parts = _parts(shares)
    left, right = _MARGIN + 104, _WIDTH - _MARGIN - 52
    full = max(0.5, *(max(one) for one in parts), *(one.target for one in shares))
    for share, part in zip(shares, parts, strict=True):
        canvas.text(_MARGIN, canvas.y + 24, SHORT_TITLES[share.category], _PLAIN)
        canvas.text(_MARGIN, canvas.y + 47, f"split {share.target:.0%}", _SMALL, _QUIET)
        for row, (value, (_, color)) in enumerate(zip(part, _MEASURES, strict=True)):
            y = canvas.y + row * 20
            wide = (right - left) * value / full
            if wide >= 1:
                canvas.box((left, y + 2), (max(wide, 6), 15), color)
            canvas.text(_WIDTH - _MARGIN, y + 16, f"{value:.0%}", _SMALL, _INK if value else _QUIET, right=True)
        mark = left + (right - left) * share.target / full
        canvas.mark(mark, canvas.y - 2, canvas.y + 61)
        canvas.y += 72
    canvas.mark(_MARGIN + 7, canvas.y, canvas.y + 18)
    canvas.text(_MARGIN + 21, canvas.y + 16, "split", _SMALL, _QUIET)
    x = _MARGIN + 21 + canvas.width("split", _SMALL) + 18
    for word, color in _MEASURES:
        canvas.box((x, canvas.y + 2), _SQUARE, color)
        canvas.text(x + 21, canvas.y + 16, word, _SMALL, _QUIET)
        x += 21 + canvas.width(word, _SMALL) + 18
    canvas.y += 38


def _known(canvas: _Canvas, progress: Progress) -> None:
    canvas.heading("Points you know, by how long they last")
    if not progress.known:
        canvas.text(_MARGIN, canvas.y + 20, nothing_known(), _PLAIN, _QUIET)
        canvas.y += 56
        return
    high, known = 150, progress.known
    most = max(sum(one.points) for one in known) or 1.0
    top = float(f"{most:.0f}") or 1.0
    left, right = float(_MARGIN), _WIDTH - _MARGIN - canvas.width(f"{top:.0f}", _PLAIN) - 10
    if len(known) == 1:
        known = (replace(known[0], points=(0.0, 0.0, 0.0)), known[0])
    xs = [left + (right - left) * number / (len(known) - 1) for number in range(len(known))]
    base = canvas.y + high
    floor = [base] * len(known)
    for band in (2, 1, 0):  # what lasts lies below
        roof = [low - high * one.points[band] / most for low, one in zip(floor, known, strict=True)]
        canvas.area([*zip(xs, roof, strict=True), *reversed(list(zip(xs, floor, strict=True)))], _BANDS[band])
        floor = roof
    canvas.across(left, right, base, _QUIET)
    level = min(max(floor[-1] + 7, canvas.y + 14), base)
    canvas.text(_WIDTH - _MARGIN, level, f"{sum(known[-1].points):.0f}", right=True)
    canvas.text(left, base + 24, f"{progress.known[0].at:%b %Y}", _SMALL, _QUIET)
    canvas.text(right, base + 24, "today", _SMALL, _QUIET, right=True)
    canvas.y = base + 36
    canvas.legend([(DURABILITY[band], _BANDS[band], None) for band in (0, 1, 2)])
    canvas.y += 12


def _calendar(canvas: _Canvas, progress: Progress) -> None:
    canvas.heading(f"Practice days, last {_WEEKS} weeks")
    pitch = (_INNER - 24) / _WEEKS
    monday = progress.today - _DAY * progress.today.weekday()
    first = monday - _DAY * 7 * (_WEEKS - 1)
    left, top = _MARGIN + 24, canvas.y + 20
    for number in (0, 2, 4, 6):
        canvas.text(_MARGIN, top + pitch * number + 15, "MTWTFSS"[number], _SMALL, _QUIET)
    written = -9
    for week in range(_WEEKS):
        begins = first + _DAY * 7 * week
        if begins.day <= 7 and week - written > 2:
            canvas.text(left + pitch * week, canvas.y + 12, f"{begins:%b}", _SMALL, _QUIET)
            written = week
        for number in range(7):
            day = begins + _DAY * number
            if day <= progress.today:
                _cell(canvas, progress, day, (left + pitch * week, top + pitch * number), pitch - 3)
    canvas.y = top + pitch * 7 + 8
    canvas.legend(
        [
            ("practised", _STATES["practised"], None),
            ("frozen or repaired", _STATES["frozen"], None),
            ("work day", None, _EMPTY),
        ]
    )
    canvas.dot(_WIDTH - _MARGIN - 40, canvas.y - 22)
    canvas.text(_WIDTH - _MARGIN, canvas.y - 16, "off", _SMALL, _QUIET, right=True)
    canvas.y += 4


def _cell(canvas: _Canvas, progress: Progress, day: date, at: tuple[float, float], size: float) -> None:
    state = progress.streak.days.get(day)
    if state in _STATES:
        canvas.box(at, (size, size), _STATES[state])
    elif progress.since is None or day < progress.since:
        return
    elif day in progress.off:
        canvas.dot(at[0] + size / 2, at[1] + size / 2)
    else:
        canvas.box(at, (size, size), None, _QUIET if day == progress.today else _EMPTY)


def _named(canvas: _Canvas, progress: Progress) -> None:
    canvas.heading("Strongest: still known in 30 days")
    if not progress.strongest:
        canvas.text(_MARGIN, canvas.y + 20, nothing_named(), _PLAIN, _QUIET)
        return
    _list(canvas, progress.strongest, _BANDS[2])
    if progress.weakest:
        canvas.y += 10
        canvas.text(_MARGIN, canvas.y + 20, "Weakest: worth a prompt", _TITLE)
        canvas.y += 34
        _list(canvas, progress.weakest, _MEASURES[2][1])


def _list(canvas: _Canvas, nodes: Sequence[Node], color: str) -> None:
    for node in nodes:
        wide = 70 * node.strength
        canvas.box((_MARGIN, canvas.y + 4), (70, 15), _OFF)
        if wide >= 6:
            canvas.box((_MARGIN, canvas.y + 4), (wide, 15), color)
        canvas.text(_MARGIN + 130, canvas.y + 19, f"{node.strength:.0%}", _PLAIN, _INK, right=True)
        canvas.fitted(_MARGIN + 142, canvas.y + 19, node.title, _INNER - 142)
        canvas.y += 28
