"""`coach connect`: from nothing to the first prompt in a team's chat."""

import asyncio
import importlib
import sys
from collections.abc import Callable
from dataclasses import replace
from getpass import getpass
from zoneinfo import ZoneInfo

from bot.adapters.console import local_zone
from bot.app import ADAPTERS, App, create_adapter, index_folder, open_app
from bot.core.balance import DEFAULT_SPLIT
from bot.core.errors import CoachError, ConfigurationError, InvalidRequest
from bot.core.guide import Connectable, Guide
from bot.core.model import ThreadRef
from bot.core.records import Subscription
from bot.core.schedule import WORK_DAYS, next_due
from bot.core.subscribing import DEFAULT_TIME, new_subscription, read_schedule
from bot.settings import ENV_FILE, Settings, save_to_env_file, with_tokens
from bot.store.folder import held_folder
from jobs.clock import SystemClock

_TRIES = 3


def guide_for(platform: str) -> Guide:
    """The platform's own guide."""
    module = ADAPTERS[platform].partition(":")[0]
    found = importlib.import_module(f"{module}.guide").GUIDE
    assert isinstance(found, Guide)
    return found


async def _asked(question: str, *, secret: bool = False) -> str:
    read: Callable[[str], str] = getpass if secret and sys.stdin.isatty() else input
    try:
        line = await asyncio.to_thread(read, question)
    except EOFError:
        raise InvalidRequest("The input ended before the last step.", next_step="Run the command again.") from None
    return line.strip()


async def connect(platform: str, settings: Settings) -> None:
    """Lead through the steps; raises ConfigurationError where a token does not serve."""
    guide = guide_for(platform)
    print(f"{guide.title}\n")
    for number, step in enumerate(guide.before, start=1):
        print(f"{number}. {step}")
    if guide.material:
        print(f"\n{guide.material.read_text(encoding='utf-8').strip()}\n")
    values: dict[str, str] = {}
    for number, secret in enumerate(guide.secrets, start=len(guide.before) + 1):
        print(f"{number}. {secret.where}")
        current = getattr(settings, secret.name.lower())
        keep = " (Enter keeps the one you have)" if current else ""
        value = await _asked(f"   {secret.label}{keep}: ", secret=True)
        values[secret.name] = value or (current.get_secret_value() if current else "")
    tried = with_tokens(settings, values)
    with held_folder(settings.data_dir):
        async with open_app(tried, SystemClock(), index=index_folder(tried)) as app:
            adapter = create_adapter(platform, tried, app.store.inbox, app.clock)
            app.adapters[platform] = adapter
            if not isinstance(adapter, Connectable):
                raise ConfigurationError(f"{platform} cannot be connected from here.", next_step="See the README.")
            try:
                print(f"\n✓ {await adapter.whoami()}")
                save_to_env_file(ENV_FILE, values)
                print(f"✓ The tokens are in {ENV_FILE.resolve()}, which only you can read.")
                print(f"{len(guide.before) + len(guide.secrets) + 1}. {await adapter.invitation()}")
                await _first_prompt(app, adapter, guide)
            finally:
                await adapter.close()
    print("\nNow start it and leave it running: coach run")


async def _first_prompt(app: App, adapter: Connectable, guide: Guide) -> None:
    for _ in range(_TRIES):
        place = await _asked(f"   {guide.place} (Enter skips): ")
        if not place:
            break
        try:
            target = await adapter.place(place)
            default = f"09:00 {local_zone() or 'UTC'}"
            schedule = await _asked(f"   When, every work day [{default}]: ")
            if reason := await _posted(app, _channel_stream(target, schedule)):
                print(f"   It did not arrive: {reason}")
                continue
        except CoachError as error:
            print(f"   {error}")
            continue
        print("✓ The first prompt is in that channel.")
        return
    print(
        "   Skipped. Later: “subscribe channel 09:00” to the coach in a channel, or “subscribe 09:00” to it directly."
    )


async def _posted(app: App, wanted: Subscription) -> str:
    """Send today's prompt to a new stream; returns why it did not arrive, or "". Then the stream is off again."""
    now = app.clock.now()
    saved = await app.store.subscriptions.save(wanted, now=now)
    delivery, fresh = await app.practising.charge(saved, now=now, due=now)
    if not fresh and delivery.status != "sent":
        refused = delivery.status in {"failed", "dropped"}  # then it certainly is not there, and need not be looked for
        await app.store.outbox.postpone(delivery.id, until=now, reason="tried again", certain=refused)
    await app.send_prompts()
    after = await app.store.outbox.get(delivery.id)
    if after is not None and after.status == "sent":
        return ""
    await app.store.subscriptions.save(replace(saved, active=False, next_due=None), now=now)
    return await app.store.outbox.reason(delivery.id) or "the platform did not say why"


def _channel_stream(target: ThreadRef, schedule: str) -> Subscription:
    base = new_subscription(
        target, None, zone=local_zone() or "UTC", at=DEFAULT_TIME, days=WORK_DAYS, split=DEFAULT_SPLIT
    )
    wanted, _ = read_schedule(schedule.split(), base)
    now = SystemClock().now()
    return replace(wanted, active=True, next_due=next_due(now, wanted.local_time, ZoneInfo(wanted.zone), wanted.days))
