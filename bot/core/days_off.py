"""Days on which a stream is silent: week days that were not chosen, public holidays, time off."""

from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

from bot.core.records import Subscription

LONGEST_REGION = 10
"""Characters of an ISO country or COUNTRY-SUBDIVISION that can be kept."""


def is_day_off(day: date, subscription: Subscription) -> bool:
    """Whether this local date is none on which the stream's people work."""
    if day.weekday() not in subscription.days:
        return True
    if subscription.off_until is not None and day < subscription.off_until:
        return True
    return subscription.holidays is not None and day in public_holidays(subscription.holidays, day.year)


def is_prompt_day(day: date, subscription: Subscription) -> bool:
    """Whether a prompt comes on this local date: every work day, or of a weekly stream the first one of its ISO week."""
    if is_day_off(day, subscription):
        return False
    if subscription.rhythm != "weekly":
        return True
    return all(is_day_off(day - timedelta(days=back), subscription) for back in range(1, day.weekday() + 1))


@lru_cache(maxsize=2000)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """The public holidays of an ISO country or COUNTRY-SUBDIVISION; none of a region that is not known any more."""
    from holidays import country_holidays

    country, _, subdivision = region.partition("-")
    try:
        return frozenset(country_holidays(country, subdiv=subdivision or None, years=year))
    except NotImplementedError:
        return frozenset()


def prepare(subscriptions: Iterable[Subscription], year: int) -> None:
    """Load what `is_day_off` needs for these streams; it takes some tenths of a second the first time."""
    for region in {one.holidays for one in subscriptions if one.holidays}:
        for near in (year, year + 1):
            public_holidays(region, near)
