"""What a stream does when nobody touches its prompts: it asks whether weekly would suit better, then it waits."""

from dataclasses import dataclass

from bot.core.records import DeliveryKind, Subscription

WEEKLY_AFTER = 3
"""Prompts in a row that nobody touched, after which the coach asks “weekly instead?”."""
SILENT_AFTER = 10
"""Prompts in a row that nobody touched, after which nothing is sent until the person comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest message that a stream sent by itself: a prompt or the question whether weekly suits better."""

    kind: DeliveryKind
    sent: bool
    touched: bool


def is_silent(subscription: Subscription) -> bool:
    """Whether nothing is sent until the person does anything here; whatever they do sets `ignored` back to 0."""
    return subscription.ignored >= SILENT_AFTER


def ignored_now(subscription: Subscription, newest: Newest | None) -> int:
    """How many in a row nobody touched once the next one falls due; what did not arrive counts neither way."""
    if newest is not None and newest.touched:
        return 0
    return subscription.ignored + (newest is not None and newest.sent)


def asks_for_weekly(subscription: Subscription, newest: Newest | None) -> bool:
    """Whether this time the question comes in the place of a prompt."""
    is_prompt = newest is not None and newest.kind == "nudge"
    return subscription.rhythm == "daily" and is_prompt and ignored_now(subscription, newest) == WEEKLY_AFTER
