"""`coach doctor` says which time zones are gone and that a clock was ahead."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.examination import _database
from bot.settings import load_settings
from bot.store.store import SqlStore
from tests.stores import NOW, charged, person, subscribed


async def test_a_zone_that_is_gone_and_a_clock_that_was_ahead_are_found(sqlite_store: SqlStore) -> None:
    await subscribed(sqlite_store, person("ada"), zone="Europe/Paris")
    settings = load_settings(None)
    assert [one.topic async for one in _database(settings, sqlite_store)] == ["database"]
    await subscribed(sqlite_store, person("bob"), zone="Europe/Atlantis")
    stream = await sqlite_store.subscriptions.find(person("ada"))
    assert stream is not None
    later = (datetime.now(UTC) + timedelta(days=300)).date()
    await charged(sqlite_store, replace(stream), local_date=later, now=NOW)
    found = {one.topic: one async for one in _database(settings, sqlite_store)}
    assert found["time zones"].text.startswith("Europe/Atlantis, chosen by 1 ")
    assert found["time zones"].level == "error"
    assert "tzdata" in found["time zones"].next_step
    assert found["clock"].text.startswith("1 streams")
