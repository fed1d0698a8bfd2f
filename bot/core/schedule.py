"""When a stream's prompt is due: a local wall-clock time on its days, outside quiet hours, each local date once."""

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.days_off import is_day_off, is_prompt_day
from bot.core.errors import InvalidRequest
from bot.core.prompts import FRESH_FOR
from bot.core.records import Subscription

WORK_DAYS = frozenset({0, 1, 2, 3, 4})
"""Monday to Friday, as `date.weekday()` counts."""
Quiet = tuple[time, time]
"""Local wall-clock hours from the first (included) to the second (not); they may go over midnight."""
_DAY = timedelta(days=1)
_HORIZON = 1100
"""Days that are looked at for the next one; time off lasts a year at the most."""


def instant_of(day: date, at: time, zone: tzinfo) -> datetime:
    """The UTC instant of a wall-clock time on a local date.

    In a repeated hour it is the first one; in a gap the time moves forward by the gap's length (PEP 495, fold=0).
    """
    return datetime.combine(day, at, zone).astimezone(UTC)


def is_quiet(at: time, quiet: Quiet | None) -> bool:
    """Whether a wall-clock time lies in quiet hours."""
    if quiet is None:
        return False
    start, end = quiet
    return start <= at < end if start <= end else at >= start or at < end


def due_on(day: date, at: time, zone: tzinfo, quiet: Quiet | None = None) -> datetime:
    """The instant on a local date at which a prompt is due: at its time or, where that is quiet, when the quiet hours
    of that date end."""
    due = instant_of(day, at, zone)
    if quiet is not None and is_quiet(due.astimezone(zone).time(), quiet):
        return instant_of(day, quiet[1], zone)
    return due


def next_due(  # noqa: PLR0917 - the order of a sentence: after, at, where, on which days
    after: datetime,
    at: time,
    zone: tzinfo,
    days: Collection[int],
    off: Callable[[date], bool] = lambda _day: False,
    quiet: Quiet | None = None,
) -> datetime:
    """The first due instant after `after` (aware) on one of the week days (0 Monday to 6 Sunday) that is not `off`.

    Raises InvalidRequest where there is none within three years.
    """
    first = after.astimezone(zone).date() - _DAY
    for step in range(_HORIZON if days else 0):
        day = first + step * _DAY
        if day.weekday() in days and not off(day) and (due := due_on(day, at, zone, quiet)) > after:
            return due
    raise InvalidRequest("At least one week day is needed.", next_step="Try `subscribe 09:00 mon-fri`.")


# --- of a stream -----------------------------------------------------------------------------


def zone_is_known(name: str) -> bool:
    """Whether the time zone database has this zone; it had it when somebody chose it."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_of(subscription: Subscription) -> tzinfo:
    """The stream's zone. Where that is not known any more: the fixed offset at which its next prompt was to come at
    its local time, so that it keeps coming at about that hour; UTC if there is none."""
    if zone_is_known(subscription.zone):
        return ZoneInfo(subscription.zone)
    if subscription.next_due is None:
        return UTC
    at = _usual_time(subscription)
    utc = subscription.next_due.astimezone(UTC)
    minutes = (at.hour - utc.hour) * 60 + at.minute - utc.minute
    return timezone(timedelta(minutes=(minutes + 720) % 1440 - 720))


def _usual_time(subscription: Subscription) -> time:
    """The wall-clock time at which its prompts come on a day without a change of the clock."""
    quiet = subscription.quiet
    return quiet[1] if quiet and is_quiet(subscription.local_time, quiet) else subscription.local_time


def local_day(instant: datetime, subscription: Subscription) -> date:
    """The stream's local date at an instant."""
    return instant.astimezone(zone_of(subscription)).date()


def upcoming(subscription: Subscription, after: datetime, *, had: date | None = None) -> datetime:
    """When the stream's next prompt is due, after `after` and on a later local date than `had`."""
    return next_due(
        after,
        subscription.local_time,
        zone_of(subscription),
        subscription.days,
        lambda day: (had is not None and day <= had) or not is_prompt_day(day, subscription),
        subscription.quiet,
    )


def rescheduled(before: Subscription | None, wanted: Subscription, *, now: datetime, had: date | None) -> datetime:
    """When the next prompt is due after a stream was switched on or its settings changed.

    `had` is the local date of its newest prompt. A day whose prompt was still to come is not dropped because its new
    time is over already: it comes at the old instant, or now. Raises InvalidRequest where no day is left.
    """
    zone = zone_of(wanted)
    today = now.astimezone(zone).date()
    if had is not None and had > today + _DAY:  # it was sent while the clock was ahead
        had = None
    following = upcoming(wanted, now, had=had)
    if not _owed(before, today, now) or following.astimezone(zone).date() == today:
        return following
    if (had is not None and had >= today) or not is_prompt_day(today, wanted):
        return following
    assert before is not None
    assert before.next_due is not None
    for instant in (before.next_due, now, instant_of(today, wanted.quiet[1], zone) if wanted.quiet else now):
        local = instant.astimezone(zone)
        if instant >= now and local.date() == today and not is_quiet(local.time(), wanted.quiet):
            return instant
    return following


def _owed(before: Subscription | None, today: date, now: datetime) -> bool:
    """Whether a prompt of today or an earlier local date was still to come."""
    if before is None or not before.active or before.next_due is None or now > before.next_due + FRESH_FOR:
        return False
    return local_day(before.next_due, before) <= today


def fresh_until(due: datetime, subscription: Subscription) -> datetime:
    """Until when a prompt that was due at `due` may still be sent: three hours, but not into quiet hours."""
    latest = due + FRESH_FOR
    if subscription.quiet is None:
        return latest
    zone = zone_of(subscription)
    start = instant_of(due.astimezone(zone).date(), subscription.quiet[0], zone)
    if start < due:
        start = instant_of(due.astimezone(zone).date() + _DAY, subscription.quiet[0], zone)
    return min(latest, start)


def snoozed_until(word: str, now: datetime, subscription: Subscription) -> datetime:
    """When a prompt comes back that was put off by `1h`, to `tomorrow` or to an ISO date.

    Out of quiet hours it comes when they end, on a day off on the next work day at the stream's time. Raises
    InvalidRequest for anything else and for a day that is not ahead.
    """
    zone = zone_of(subscription)
    today = now.astimezone(zone).date()
    if word == "1h":
        return _an_hour_on(now, subscription, zone)
    try:
        day = today + _DAY if word == "tomorrow" else date.fromisoformat(word)
    except ValueError as error:
        raise InvalidRequest(
            f"“{word[:20]}” is not a day.", next_step=f"Write it as {today + 7 * _DAY}, or say tomorrow."
        ) from error
    if day <= today:
        raise InvalidRequest(f"{day} is not after today.", next_step=f"Try {today + _DAY}, or one hour.")
    return _from(day, subscription, zone)


def _an_hour_on(now: datetime, subscription: Subscription, zone: tzinfo) -> datetime:
    later = now + timedelta(hours=1)
    local = later.astimezone(zone)
    if subscription.quiet is None or not is_quiet(local.time(), subscription.quiet):
        return later
    day = local.date() if local.time() < subscription.quiet[1] else local.date() + _DAY
    if is_day_off(day, subscription):
        return _from(day, subscription, zone)
    return instant_of(day, subscription.quiet[1], zone)


def _from(day: date, subscription: Subscription, zone: tzinfo) -> datetime:
    """The stream's time on the first work day from `day` on."""
    return next_due(
        instant_of(day, time.min, zone) - timedelta(seconds=1),
        subscription.local_time,
        zone,
        subscription.days,
        lambda one: one < day or is_day_off(one, subscription),
        subscription.quiet,
    )
