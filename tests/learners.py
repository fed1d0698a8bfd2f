"""Simulated learners: the real balance and FSRS, answers and recall by chance. `python -m tests.learners docs/progress.png`
draws the picture of the documentation."""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.core.balance import DEFAULT_SPLIT
from bot.core.progress import Attempt, History, Progress, Prompt, Rated, measure
from bot.core.review import Card, Rating, due_first, rated, retrievability
from bot.core.stream import Stream, draw
from bot.picture import draw as paint
from knowledge.loader import load_curriculum
from knowledge.model import Curriculum, Item

TODAY = date(2026, 11, 24)
NOW = datetime.combine(TODAY, time(18), UTC)
DAY = timedelta(days=1)
HOLIDAYS = frozenset({date(2025, 12, 25), date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)})
TIME_OFF = frozenset(date(2026, 8, 3) + DAY * number for number in range(12))
FIRST: tuple[Rating, ...] = (1, 2, 3, 4)


def off(day: date) -> bool:
    return day.weekday() > 4 or day in HOLIDAYS or day in TIME_OFF


@dataclass(slots=True)
class Learner:
    """Answers a prompt with chance `rate` (less often one of DSA), a review by what FSRS says is remembered."""

    curriculum: Curriculum
    rng: random.Random
    rate: float
    prompts: list[Prompt] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    ratings: list[Rated] = field(default_factory=list)
    cards: dict[str, Card] = field(default_factory=dict)

    def day(self, day: date, stream: Stream) -> Stream:
        drawn = draw(self.curriculum, DEFAULT_SPLIT, stream)
        count = stream.count + 1
        self.prompts.append(Prompt(id=f"p{count}", category=drawn.category, day=day))
        keen = self.rate * (0.55 if drawn.category == "D" else 1.0)
        if self.rng.random() < keen:
            self._answer(self.curriculum.items[drawn.item_id], f"p{count}", datetime.combine(day, time(9, 20), UTC))
        return replace(stream, credits=drawn.credits, shown={**stream.shown, drawn.item_id: count}, count=count)

    def _answer(self, item: Item, prompt: str, at: datetime) -> None:
        for part in item.parts[: self.rng.choice((1, 1, 2, 3))]:
            hit = frozenset(point for point in part.points if self.rng.random() < 0.7)
            self.attempts.append(Attempt(at=at, item_id=item.id, prompt=prompt, judged=frozenset(part.points), hit=hit))
            at += timedelta(minutes=1)
        self._rate(item.id, self.rng.choices(FIRST, (25, 20, 45, 10))[0], "prompt", at)
        for card in due_first(self.cards.values(), at, 3):
            known = self.rng.random() < retrievability(card, at)
            self._rate(card.item_id, 3 if known else 1, "micro", at + timedelta(minutes=1))

    def _rate(self, item_id: str, rating: Rating, kind: str, at: datetime) -> None:
        self.cards[item_id] = rated(self.cards.get(item_id), item_id, rating, at)
        self.ratings.append(Rated(at=at, item_id=item_id, rating=rating, kind=kind))  # type: ignore[arg-type]


def history(days: int, *, rate: float = 0.85, seed: int = 5, curriculum: Curriculum | None = None) -> History:
    """What somebody did who began so many days ago and today is the last of them."""
    learner = Learner(curriculum or load_curriculum(), random.Random(seed), rate)
    stream = Stream()
    for day in (TODAY - DAY * number for number in range(days - 1, -1, -1)):
        if not off(day):
            stream = learner.day(day, stream)
    return History(prompts=learner.prompts, attempts=learner.attempts, ratings=learner.ratings)


def progress(days: int, *, off: Callable[[date], bool] = off, **given: float) -> Progress:
    """Of a learner who began so many days ago; 0: of nobody."""
    curriculum = load_curriculum()
    rows = history(days, curriculum=curriculum, **given) if days else History()  # type: ignore[arg-type]
    return measure(rows, curriculum, split=DEFAULT_SPLIT, zone=ZoneInfo("UTC"), now=NOW, off=off)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(paint(progress(365)))
