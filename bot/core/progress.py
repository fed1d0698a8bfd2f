"""How far somebody has come: what they were sent, answered and spent, what they know, when they practised.

Pure numbers from rows; docs/progress.md explains each of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.core.balance import ONE, Split
from bot.core.days_off import is_day_off
from bot.core.known import KnownAt, Node, Shown, known_over_time, nodes
from bot.core.model import UserRef
from bot.core.records import Subscription
from bot.core.review import Kind, Rating
from bot.core.schedule import WORK_DAYS
from bot.core.streak import Streak, streak
from bot.core.usage import UsageRows
from knowledge.model import CATEGORIES, Category, Curriculum

WINDOW = timedelta(weeks=12)
"""What shares and minutes are counted over, so that a changed split shows within a season."""
WEEK = timedelta(days=7)
CALENDAR = timedelta(weeks=26)
"""What the calendar of practice days shows."""
MICRO_MINUTES = 0.3
RETIRED_MINUTES = 2.0
"""Of an answer to an item that is no longer in the curriculum: the median of a part."""
TEAM_SIZE = 5
"""Members from which a team's numbers are shown."""
_DAY = timedelta(days=1)


# --- rows ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A prompt of the person's own stream that reached them; one they asked for besides is not among these."""

    id: str
    category: Category
    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An answer to one part of a prompt. `hit` and `judged` are rubric points; `prompt` is None where none is known."""

    at: datetime
    item_id: str
    prompt: str | None
    judged: frozenset[str] = frozenset()
    hit: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """A line of the log of reviews."""

    at: datetime
    item_id: str
    rating: Rating
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All rows of one learner, each list oldest first."""

    prompts: Sequence[Prompt] = ()
    attempts: Sequence[Attempt] = ()
    ratings: Sequence[Rated] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCounts:
    """The members of a team view, how many of them practised, and the answers and micro-reviews by item."""

    members: int
    practised: int
    answers: Mapping[str, int]
    micro: Mapping[str, int]


class ProgressStore(Protocol):
    """What progress is counted from. Reading creates nothing."""

    async def history(self, user: UserRef) -> History:
        """All rows of a person, over linked identities; an empty one for somebody who is not known."""

    async def member(self, user: UserRef, place: str) -> bool:
        """Whether the person takes part in the team view of a place (PLATFORM:WORKSPACE)."""

    async def join(self, learner_id: str, place: str, *, now: datetime) -> bool:
        """Take part; False if they do already."""

    async def leave(self, learner_id: str, place: str) -> bool:
        """Take part no longer; False if they did not."""

    async def team(self, place: str, *, since: datetime) -> TeamCounts | None:
        """What the members did from `since` on; None for fewer than `TEAM_SIZE` of them."""

    async def usage(self, *, since: datetime, now: datetime) -> UsageRows:
        """What `coach report` counts, over everybody: practice and prompts from `since` on."""


def days_off(
    subscription: Subscription | None, history: History, *, zone: ZoneInfo, today: date
) -> Callable[[date], bool]:
    """Which local dates are days off for somebody: chosen week days (Monday to Friday without a stream) and holidays.

    While prompts are on, a past day on which none came and nothing was done is a day off as well: time off, weekly
    prompts and outages are nobody's miss.
    """
    if subscription is None:
        return lambda day: day.weekday() not in WORK_DAYS
    always = replace(subscription, off_until=None)  # it says only when time off ends, so it would cover all the past
    came = {one.day for one in history.prompts} | _practised(history, zone)

    def off(day: date) -> bool:
        if day >= today:
            return is_day_off(day, subscription)
        return is_day_off(day, always) or (subscription.active and day not in came)

    return off


# --- numbers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A category over the last twelve weeks: its part of the split (0-1), prompts delivered and answered, minutes."""

    category: Category
    target: float
    delivered: int
    answered: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The last seven days, since the first practice: `work_days` without those off, `practised` of these, prompts
    answered, minutes."""

    work_days: int
    practised: int
    answered: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a picture of somebody's progress shows.

    `today` is a local date, `since` that of the first practice. `known` runs from there to today; it is empty without
    ratings. `strongest` and `weakest` share no node, and are short while little is known. `off` are the days off among
    those of the calendar.
    """

    today: date
    since: date | None
    shares: tuple[Share, ...]
    known: tuple[KnownAt, ...]
    strongest: tuple[Node, ...]
    weakest: tuple[Node, ...]
    streak: Streak
    week: Week
    off: frozenset[date]


def category_of(item_id: str, curriculum: Curriculum) -> Category | None:
    """Also of an item that was retired: its id begins with it."""
    if item := curriculum.items.get(item_id):
        return item.category
    return next((category for category in CATEGORIES if item_id.startswith(f"{category}.")), None)


def part_minutes(item_id: str, curriculum: Curriculum) -> float:
    """What an answer to one part of an item takes."""
    item = curriculum.items.get(item_id)
    return item.minutes / len(item.parts) if item else RETIRED_MINUTES


def minutes_by_category(
    answers: Iterable[tuple[str, int]], micro: Iterable[tuple[str, int]], curriculum: Curriculum
) -> dict[Category, float]:
    """The minutes that answers and micro-reviews took, both counted by item."""
    spent: dict[Category, float] = dict.fromkeys(CATEGORIES, 0.0)
    for item_id, times in answers:
        if category := category_of(item_id, curriculum):
            spent[category] += times * part_minutes(item_id, curriculum)
    for item_id, times in micro:
        if category := category_of(item_id, curriculum):
            spent[category] += times * MICRO_MINUTES
    return spent


def measure(
    history: History,
    curriculum: Curriculum,
    *,
    split: Split,
    zone: ZoneInfo,
    now: datetime,
    off: Callable[[date], bool],
    quizzes: Mapping[Category, float] | None = None,
) -> Progress:
    """The numbers at `now`. `off` says which local dates are days off; `quizzes` are minutes of the last twelve weeks."""
    today = now.astimezone(zone).date()
    history = _until(history, now)
    practised = _practised(history, zone)
    found = streak(practised, _again(history.ratings, zone), today=today, off=off)
    shown = [Shown(at=one.at, item_id=one.item_id, judged=one.judged, hit=one.hit) for one in history.attempts]
    ratings = [(one.at, one.item_id, one.rating) for one in history.ratings]
    known, cards = known_over_time(shown, ratings, now=now)
    strongest, weakest = nodes(cards, curriculum, now=now)
    return Progress(
        today=today,
        since=min(practised, default=None),
        shares=_shares(history, curriculum, split, today=today, now=now, quizzes=quizzes or {}),
        known=known,
        strongest=strongest,
        weakest=weakest,
        streak=found,
        week=_week(history, curriculum, practised, today=today, now=now, off=off),
        off=frozenset(day for day in _days(today - CALENDAR, today) if off(day)),
    )


def _days(first: date, last: date) -> list[date]:
    return [first + _DAY * number for number in range((last - first).days + 1)]


def _practised(history: History, zone: ZoneInfo) -> set[date]:
    instants = [*(one.at for one in history.attempts), *(one.at for one in history.ratings)]
    return {at.astimezone(zone).date() for at in instants}


def _until(history: History, now: datetime) -> History:
    """Without what a clock that was ahead noted."""
    return History(
        prompts=history.prompts,
        attempts=[one for one in history.attempts if one.at <= now],
        ratings=[one for one in history.ratings if one.at <= now],
    )


def _again(ratings: Sequence[Rated], zone: ZoneInfo) -> set[date]:
    """The local dates on which something was recalled that was learned on an earlier one."""
    first: dict[str, date] = {}
    found = set()
    for one in ratings:
        day = one.at.astimezone(zone).date()
        if day > first.setdefault(one.item_id, day):
            found.add(day)
    return found


def _spent(history: History, curriculum: Curriculum, since: datetime) -> dict[Category, float]:
    return minutes_by_category(
        ((one.item_id, 1) for one in history.attempts if one.at > since),
        ((one.item_id, 1) for one in history.ratings if one.kind == "micro" and one.at > since),
        curriculum,
    )


def _answered(history: History, curriculum: Curriculum, since: datetime) -> dict[Category, int]:
    """Prompts, not parts of them."""
    prompts: dict[Category, set[str]] = defaultdict(set)
    for one in history.attempts:
        if one.at > since and (category := category_of(one.item_id, curriculum)):
            prompts[category].add(one.prompt or f"{one.item_id} {one.at.isoformat()}")
    return {category: len(found) for category, found in prompts.items()}


def _shares(
    history: History,
    curriculum: Curriculum,
    split: Split,
    *,
    today: date,
    now: datetime,
    quizzes: Mapping[Category, float],
) -> tuple[Share, ...]:
    spent, answered = _spent(history, curriculum, now - WINDOW), _answered(history, curriculum, now - WINDOW)
    recent = [one for one in history.prompts if today - WINDOW < one.day <= today]
    return tuple(
        Share(
            category=category,
            target=split[category] / ONE,
            delivered=sum(one.category == category for one in recent),
            answered=answered.get(category, 0),
            minutes=spent[category] + quizzes.get(category, 0.0),
        )
        for category in CATEGORIES
    )


def _week(
    history: History,
    curriculum: Curriculum,
    practised: set[date],
    *,
    today: date,
    now: datetime,
    off: Callable[[date], bool],
) -> Week:
    begun = min(practised, default=today)
    work = {day for day in _days(max(begun, today - WEEK + _DAY), today) if not off(day)}
    return Week(
        work_days=len(work),
        practised=len(work & practised),
        answered=sum(_answered(history, curriculum, now - WEEK).values()),
        minutes=sum(_spent(history, curriculum, now - WEEK).values()),
    )
