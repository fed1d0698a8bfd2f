"""What is remembered: streams of prompts, the prompts themselves, and what the grader saw in an answer.

All values are frozen and keyword-only; datetimes are aware and in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from bot.core.model import MessageRef, ThreadRef, UserRef
from knowledge.model import Category

Rhythm = Literal["daily", "weekly", "silent"]
"""How often a stream's prompts come; a silent one waits until its person comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A stream of daily prompts to a person or a channel, and when it is due.

    `zone` is an IANA name, `days` are week days (0 Monday to 6 Sunday), `split` is in thousandths a category.
    `next_due` is None while it is not active. `learner_id` is None for a channel. `quiet` are the local hours (from, to)
    in which nothing is sent; `holidays` is an ISO country or COUNTRY-SUBDIVISION whose public holidays are days off;
    `off_until` is the first local date on which prompts come again. `ignored` counts the prompts in a row that nobody
    touched. `digest` asks for a weekly summary.
    """

    id: str
    target: UserRef | ThreadRef
    learner_id: str | None
    active: bool
    zone: str
    local_time: time
    days: frozenset[int]
    split: Mapping[Category, int]
    next_due: datetime | None = None
    rhythm: Rhythm = "daily"
    quiet: tuple[time, time] | None = None
    holidays: str | None = None
    off_until: date | None = None
    ignored: int = 0
    digest: bool = False


DeliveryStatus = Literal["pending", "sending", "sent", "unknown", "failed", "dropped"]
DeliveryKind = Literal["nudge", "extra", "reveal", "offer", "digest"]
"""`extra` was asked for; `reveal` resolves a channel's prompt; `offer` asks whether weekly would suit better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A prompt of a subscription for one local date: a row of the outbox until it is sent, of the history afterwards.

    `unknown` means that it may have arrived and cannot be looked up, so it is not repeated. `attempt` counts sends.
    `about` is the id of the prompt that a `reveal` resolves. `touched_at` is when somebody first did anything with it. `times` counts the
    prompts on the same item before it in its stream: a review is worded otherwise. `sent_at` is when it was sent, or before that
    when a send was begun that may have arrived. `lease_until` names the claim that holds it; `reason` says why it is not sent.
    `contested`: somebody somewhere has disputed its item, so whether it may be asked here has to be looked up. `digest`: its
    stream asks for a weekly summary.
    """

    id: str
    key: str
    subscription_id: str
    target: UserRef | ThreadRef
    local_date: date
    category: Category
    item_id: str
    status: DeliveryStatus
    not_before: datetime
    expires_at: datetime
    attempt: int = 0
    message: MessageRef | None = None
    kind: DeliveryKind = "nudge"
    about: str | None = None
    touched_at: datetime | None = None
    sent_at: datetime | None = None
    times: int = 0
    lease_until: datetime | None = None
    reason: str = ""
    contested: bool = True
    digest: bool = True


Verdict = Literal["hit", "missed", "unsure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointVerdict:
    """What the grader saw of one rubric point; `quote` is the span of the answer that shows it, or empty."""

    point_id: str
    verdict: Verdict
    quote: str = ""
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """A graded answer. `score` is the weight hit over the weight attempted (0-1); `unsure` likewise.

    `abstained` says that too much was unsure for a score to mean anything. `remarks` answer contradictions. `refused`:
    the text is no answer that anyone could judge, such as an empty one, key words alone or the prompt pasted back.
    """

    points: tuple[PointVerdict, ...]
    score: float
    unsure: float
    abstained: bool
    remarks: tuple[str, ...] = ()
    refused: bool = False
