"""`coach simulate`: learners over days on a simulated clock, through the store, the balance and the jobs that serve."""

import math
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

from bot.core.balance import DEFAULT_SPLIT, Split
from bot.core.charging import Charging
from bot.core.composing import Composed, Composing
from bot.core.exemplars import Taught
from bot.core.grading import Grader
from bot.core.memory_models import FsrsMemory, Memory, first_rating, review_rating
from bot.core.model import MessageRef, Reply, Text, ThreadRef, UserRef
from bot.core.ports import Handler
from bot.core.practice import Practising
from bot.core.records import Delivery
from bot.core.review import Card, NewRating, Rating, due_first, retrievability
from bot.core.schedule import WORK_DAYS, next_due
from bot.core.second_opinion import Grading
from bot.core.subscribing import new_subscription
from bot.service import SimulatedClock
from bot.store.store import SqlStore, open_store
from jobs.deliveries import Deliveries
from jobs.nudges import enqueue_due
from knowledge.model import CATEGORIES, Category, Curriculum

PLATFORM = "simulated"
START = datetime(2027, 1, 4, tzinfo=UTC)
"""A Monday."""
MICRO_MINUTES = 0.3
_ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Asia/Kolkata",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Africa/Lagos",
    "Europe/London",
    "Asia/Singapore",
    "America/Denver",
    "Pacific/Auckland",
)
_ON_TIME = timedelta(minutes=5)
_ANSWERS_AFTER = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Who is simulated. `micro` are the micro-reviews on a day with an answer; `skips` are categories whose prompts are
    never answered; `holidays` is a region whose public holidays are days off."""

    learners: int
    days: int
    answer_rate: float = 1.0
    micro: int = 3
    memory: Callable[[], Memory] = FsrsMemory
    skips: frozenset[Category] = frozenset()
    holidays: str | None = None
    split: Split = field(default_factory=lambda: DEFAULT_SPLIT)
    seed: int = 1


@dataclass(slots=True)
class _Learner:
    """What a simulated person did so far."""

    id: str
    rng: random.Random
    memory: Memory
    cards: dict[str, Card] = field(default_factory=dict)
    delivered: list[Category] = field(default_factory=list)
    dates: Counter[date] = field(default_factory=Counter)
    minutes: dict[date, float] = field(default_factory=lambda: defaultdict(float))
    category_minutes: dict[Category, float] = field(default_factory=lambda: defaultdict(float))
    recalled: list[bool] = field(default_factory=list)
    new: int = 0
    reviews: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of it; the fields are those of `--json`. Numbers a learner are means, `worst` holds the worst learner's.

    `shares` and `minute_shares` are by category; `max_deviation` is the largest distance of a prefix of a learner's
    prompts from the split, in prompts; `mean_recall` is the share of reviews that were recalled; `items_known` is the
    sum of retrievabilities on the last day; `doubles` are second prompts on one local date.
    """

    deliveries: int
    shares: Mapping[Category, float]
    minute_shares: Mapping[Category, float]
    max_deviation: float
    mean_recall: float
    items_known: float
    new_items: float
    reviews: float
    minutes_a_day: float
    minutes_a_day_p95: float
    late: int
    dropped: int
    doubles: int
    worst: Mapping[str, float]


class _Nowhere:
    """An adapter that delivers to nobody."""

    name = PLATFORM

    def __init__(self) -> None:
        self._sent = 0

    async def run(self, handle: Handler) -> None:
        """Nothing is heard."""

    async def send(
        self,
        to: ThreadRef | UserRef,
        reply: Reply,  # noqa: ARG002
        *,
        key: str,  # noqa: ARG002
        only_for: UserRef | None = None,  # noqa: ARG002
        replaces: MessageRef | None = None,  # noqa: ARG002
    ) -> MessageRef:
        """Arrives at once."""
        self._sent += 1
        channel = to.id if isinstance(to, UserRef) else to.channel
        place = ThreadRef(platform=PLATFORM, workspace=to.workspace, channel=channel)
        return MessageRef(thread=place, id=str(self._sent))

    async def find(self, to: ThreadRef | UserRef, key: str) -> MessageRef | None:  # noqa: ARG002
        """Nothing is ever lost on the way."""
        return None

    async def start_thread(self, in_: ThreadRef, title: str, first: Reply, *, key: str) -> ThreadRef:
        """Not needed."""
        raise NotImplementedError


_PROMPT = Reply(blocks=(Text(text="A prompt"),))


class _Noting(Composing):
    """Notes what goes out, as the people will see it."""

    def __init__(self, store: SqlStore, curriculum: Curriculum) -> None:
        super().__init__(store, curriculum, _no_digest)
        self.sent: list[Delivery] = []

    async def compose(self, delivery: Delivery) -> Composed | str:
        """See `Composing`."""
        if delivery.kind != "nudge":
            return await super().compose(delivery)
        self.sent.append(delivery)
        return Composed(to=delivery.target, reply=_PROMPT)  # nobody reads it, so its words need not be drawn up


async def _no_digest(_delivery: Delivery) -> Reply | None:
    return None


@asynccontextmanager
async def _opened(clock: SimulatedClock) -> AsyncIterator[SqlStore]:
    with tempfile.TemporaryDirectory(prefix="coach-simulate-") as folder:
        store = open_store(None, Path(folder), clock)
        try:
            yield store
        finally:
            await store.close()


async def simulate(curriculum: Curriculum, setting: Setting, *, passed: Callable[[int], None]) -> Outcome:
    """Run it; `passed` hears the number of days gone by."""
    clock = SimulatedClock(START - timedelta(hours=13))
    async with _opened(clock) as store:
        people = await _people(store, setting, clock)
        practising = Practising(
            store, curriculum, clock, _no_zone, Taught(Grading(Grader(None), None), store.corrections)
        )
        charging = Charging(store, store.charges, curriculum)
        noting = _Noting(store, curriculum)
        deliveries = Deliveries(store.outbox, store.inbox, {PLATFORM: _Nowhere()}, noting, clock)
        end = START + timedelta(days=setting.days)
        while (due := await store.subscriptions.next_due((PLATFORM,))) is not None and due < end:
            clock.instant = max(clock.instant, due)
            await enqueue_due(
                store.subscriptions,
                practising,
                now=clock.now(),
                platforms=(PLATFORM,),
                noise=store.noise,
                charging=charging,
            )
            await deliveries.send_due()
            told = [(people[delivery.subscription_id], delivery) for delivery in noting.sent]
            await _answer(store, curriculum, setting, told, clock.now())
            noting.sent.clear()
            passed((clock.now() - START).days)
        _, problems = await store.outbox.overview()
        dropped = sum(count for count, status, *_ in problems if status == "dropped")
        return _outcome(setting, list(people.values()), end, dropped)


async def _no_zone(_user: UserRef) -> str | None:
    return None


async def _people(store: SqlStore, setting: Setting, clock: SimulatedClock) -> dict[str, _Learner]:
    """Subscription id -> learner, spread over the zones."""
    people: dict[str, _Learner] = {}
    for number in range(setting.learners):
        user = UserRef(platform=PLATFORM, workspace="w", id=f"u{number}")
        learner = await store.subscriptions.learner(user, now=clock.now())
        zone = _ZONES[number % len(_ZONES)]
        wanted = new_subscription(user, learner, zone=zone, at=time(9), days=WORK_DAYS, split=setting.split)
        due = next_due(clock.now(), wanted.local_time, ZoneInfo(zone), wanted.days)
        saved = await store.subscriptions.save(
            replace(wanted, active=True, next_due=due, holidays=setting.holidays), now=clock.now()
        )
        rng = random.Random(f"{setting.seed}:{number}")  # noqa: S311 - not a secret
        people[saved.id] = _Learner(id=learner, rng=rng, memory=setting.memory())
    return people


async def _answer(
    store: SqlStore, curriculum: Curriculum, setting: Setting, told: Sequence[tuple[_Learner, Delivery]], at: datetime
) -> None:
    """What the people do about the prompts they were sent."""
    now = at + _ANSWERS_AFTER
    ratings: list[NewRating] = []
    for person, delivery in told:
        person.delivered.append(delivery.category)
        person.dates[delivery.local_date] += 1
        person.late += at - delivery.not_before > _ON_TIME
        if delivery.category in setting.skips or person.rng.random() >= setting.answer_rate:
            continue
        item = curriculum.items[delivery.item_id]
        await store.outbox.touch(delivery.id, now=now)
        ratings.append(_meet(person, item.id, delivery.id, now=now))
        person.minutes[delivery.local_date] += item.minutes
        person.category_minutes[item.category] += item.minutes
        for card in due_first((one for name, one in person.cards.items() if name != item.id), now, setting.micro):
            ratings.append(_meet(person, card.item_id, None, now=now))
            person.minutes[delivery.local_date] += MICRO_MINUTES
            person.category_minutes[curriculum.items[card.item_id].category] += MICRO_MINUTES
            person.reviews += 1
    people = {person.id: person for person, _ in told}
    for one, card in zip(ratings, await store.reviews.record_all(ratings), strict=True):
        people[one.learner_id].cards[one.item_id] = card


def _meet(person: _Learner, item_id: str, delivery_id: str | None, *, now: datetime) -> NewRating:
    """A prompt, or without a delivery a micro-review."""
    known = person.cards.get(item_id)
    if known is None:
        rating: Rating = first_rating(person.rng)
        person.new += 1
    else:
        rating = review_rating(person.memory.recall(item_id, known, now), person.rng)
        person.recalled.append(rating > 1)
    person.memory.met(item_id, rating, now)
    return NewRating(
        learner_id=person.id,
        item_id=item_id,
        rating=rating,
        kind="prompt" if delivery_id else "micro",
        delivery_id=delivery_id,
        at=now,
    )


def _deviation(delivered: Sequence[Category], split: Split) -> float:
    counts: Counter[Category] = Counter()
    worst = 0.0
    for number, category in enumerate(delivered, start=1):
        counts[category] += 1
        worst = max(worst, *(abs(counts[one] - split[one] * number / 1000) for one in CATEGORIES))
    return worst


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def _shares(counts: Mapping[Category, float]) -> dict[Category, float]:
    total = sum(counts.values()) or 1.0
    return {category: round(counts.get(category, 0) / total, 4) for category in CATEGORIES}


def _outcome(setting: Setting, people: Sequence[_Learner], end: datetime, dropped: int) -> Outcome:
    known = [sum(retrievability(card, end) for card in person.cards.values()) for person in people]
    recall = [fmean(person.recalled) for person in people if person.recalled]
    a_day = [list(person.minutes.values()) for person in people]
    deviations = [_deviation(person.delivered, setting.split) for person in people]
    all_minutes = [minutes for days in a_day for minutes in days]
    return Outcome(
        deliveries=sum(len(person.delivered) for person in people),
        shares=_shares(Counter(category for person in people for category in person.delivered)),
        minute_shares=_shares(
            {category: sum(person.category_minutes[category] for person in people) for category in CATEGORIES}
        ),
        max_deviation=round(max(deviations, default=0.0), 3),
        mean_recall=round(fmean(recall), 4) if recall else 0.0,
        items_known=round(fmean(known), 1) if known else 0.0,
        new_items=round(fmean(person.new for person in people), 1),
        reviews=round(fmean(person.reviews for person in people), 1),
        minutes_a_day=round(fmean(all_minutes), 2) if all_minutes else 0.0,
        minutes_a_day_p95=round(_percentile(all_minutes, 0.95), 2),
        late=sum(person.late for person in people),
        dropped=dropped,
        doubles=sum(count - 1 for person in people for count in person.dates.values()),
        worst={
            "mean_recall": round(min(recall, default=0.0), 4),
            "items_known": round(min(known, default=0.0), 1),
            "minutes_a_day": round(max((fmean(days) for days in a_day if days), default=0.0), 2),
            "max_deviation": round(max(deviations, default=0.0), 3),
        },
    )
