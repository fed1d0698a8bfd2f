"""The store's ports, the same on SQLite and PostgreSQL; and the migrations that make its tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from bot.core.balance import DEFAULT_SPLIT, parse_split
from bot.core.errors import ConfigurationError, StoreError
from bot.core.model import Inbound, MessageRef
from bot.core.records import Delivery, Grade, PointVerdict, Subscription
from bot.core.stream import Stream, draw, plan
from bot.service import SimulatedClock
from bot.store.engine import REVISION, database_url, prepare
from bot.store.inbox import decode, encode
from bot.store.store import SqlStore, open_store
from bot.store.tables import metadata
from tests.conftest import ROOT, Place
from tests.stores import (
    CURRICULUM,
    NOW,
    channel,
    charged,
    drawing,
    message,
    person,
    press,
    submit,
    subscribed,
)

LEASE = timedelta(seconds=90)
HOUR = timedelta(hours=1)


@pytest.fixture
async def replicas(place: Place, clock: SimulatedClock) -> AsyncIterator[list[SqlStore]]:
    """Three processes on one database."""
    opened = [place.open(clock) for _ in range(3)]
    yield opened
    for one in opened:
        await one.close()


@contextmanager
def connection(place: Place) -> Any:
    engine = create_engine(database_url(place.url, place.folder))
    try:
        with engine.begin() as opened:
            yield opened
    finally:
        engine.dispose()


def rows(place: Place, query: str) -> list[Any]:
    with connection(place) as opened:
        return list(opened.execute(text(query)).mappings())


# --- events ----------------------------------------------------------------------------------


def an_action() -> Inbound:
    from bot.core.model import Button

    action = press(Button(label="Hint", action="hint", argument="d-1:a"), where=channel(thread="7"))
    return replace(action, message=MessageRef(thread=channel(thread="7"), id="m1"), carry='["token"]', admin=True)


EVENTS = {
    "message": message("Why? — “quoted”, <&>, 日本, \U0001f525\nand a line", where=channel(thread="7")),
    "action": an_action(),
    "form": submit("settings", {"time": "09:00", "zone": ""}, argument="x"),
}


@pytest.mark.parametrize("kind", list(EVENTS))
def test_an_event_survives_being_written_and_read(kind: str) -> None:
    assert decode(encode(EVENTS[kind])) == EVENTS[kind]


@pytest.mark.parametrize("kind", list(EVENTS))
async def test_an_event_is_accepted_once_and_comes_back_as_it_was(store: SqlStore, kind: str) -> None:
    event = EVENTS[kind]
    assert await store.inbox.accept(event)
    assert not await store.inbox.accept(event)
    (pending,) = await store.inbox.unfinished("memory")
    assert (pending.inbound, pending.sent, pending.attempted) == (event, 0, False)


async def test_of_many_deliveries_at_once_one_is_accepted(replicas: list[SqlStore]) -> None:
    event = message("hi")
    told = await asyncio.gather(*(one.inbox.accept(event) for one in replicas for _ in range(7)))
    assert sorted(told) == [False] * 20 + [True]


async def test_how_far_an_answer_came_is_known_after_a_restart(place: Place, clock: SimulatedClock) -> None:
    event = message("hi")
    first = place.open(clock)
    await first.inbox.accept(event)
    await first.inbox.attempt(event.id, 0)
    await first.inbox.attempt(event.id, 1)
    await first.close()
    second = place.open(clock)
    (pending,) = await second.inbox.unfinished("memory")
    assert (pending.sent, pending.attempted) == (1, True)
    await second.close()


async def test_unfinished_events_come_oldest_first_and_by_platform(store: SqlStore, clock: SimulatedClock) -> None:
    events = [message(f"{number}") for number in range(4)]
    elsewhere = message("elsewhere", person(platform="slack"))
    for number in (2, 0, 3, 1):  # as if written by machines whose clocks differ
        clock.instant = NOW + timedelta(milliseconds=number)
        await store.inbox.accept(events[number])
    await store.inbox.accept(elsewhere)
    await store.inbox.finish(events[1].id)
    assert [one.inbound for one in await store.inbox.unfinished("memory")] == [events[0], events[2], events[3]]
    assert [one.inbound for one in await store.inbox.unfinished("slack")] == [elsewhere]


async def test_a_finished_event_leaves_its_key_and_nothing_else(place: Place, store: SqlStore) -> None:
    event = replace(message("a secret"), carry="token")
    await store.inbox.accept(event)
    await store.inbox.finish(event.id)
    (row,) = rows(place, "SELECT * FROM inbound")
    assert (row["key"], row["body"], row["workspace"], row["user_id"]) == (event.id, None, None, None)
    assert not await store.inbox.accept(event)
    assert await store.inbox.unfinished("memory") == []


async def test_threads_the_coach_speaks_in(replicas: list[SqlStore]) -> None:
    one, other, _ = replicas
    here = channel(thread="1")
    assert not await one.inbox.joins(here)
    await other.inbox.joined(here)
    await one.inbox.joined(here)
    assert await one.inbox.joins(here)
    assert await other.inbox.joins(here)
    for place in (channel(thread="2"), channel("random", "1"), channel(), replace(here, workspace="w2")):
        assert not await one.inbox.joins(place)
    await one.inbox.joined(channel())
    assert not await one.inbox.joins(channel()), "a channel's top level is nobody's thread"


async def test_asking_for_a_thread_writes_nothing(place: Place, store: SqlStore) -> None:
    await store.inbox.joins(channel(thread="1"))
    assert rows(place, "SELECT * FROM joined_thread") == []


# --- people and streams ----------------------------------------------------------------------


async def test_a_person_is_one_learner_however_often_and_at_once(replicas: list[SqlStore]) -> None:
    ids = await asyncio.gather(*(one.subscriptions.learner(person(), now=NOW) for one in replicas for _ in range(4)))
    assert len(set(ids)) == 1
    others = [person("bob"), person(workspace="w2"), person(platform="slack")]
    assert len({*ids, *[await replicas[0].subscriptions.learner(who, now=NOW) for who in others]}) == 4


async def test_no_learner_is_left_over_from_a_race(place: Place, replicas: list[SqlStore]) -> None:
    await asyncio.gather(*(one.subscriptions.learner(person(), now=NOW) for one in replicas for _ in range(4)))
    assert len(rows(place, "SELECT * FROM learner")) == 1


async def test_a_stream_comes_back_as_it_was_saved(store: SqlStore) -> None:
    learner = await store.subscriptions.learner(person(), now=NOW)
    wanted = Subscription(
        id="s1",
        target=person(),
        learner_id=learner,
        active=True,
        zone="America/Argentina/Buenos_Aires",
        local_time=time(7, 5),
        days=frozenset({0, 6}),
        split=parse_split("25/25/30/20"),
        next_due=datetime.fromisoformat("2026-03-01T10:05:00.000001+00:00"),
    )
    assert await store.subscriptions.save(wanted, now=NOW) == wanted
    assert await store.subscriptions.find(person()) == wanted
    assert await store.subscriptions.find(person("bob")) is None


async def test_saving_again_changes_settings_and_keeps_id_and_credits(store: SqlStore) -> None:
    first = await subscribed(store, person())
    await charged(store, first)
    before = await store.outbox.stream(first.id)
    changed = replace(
        first, id="another", zone="Asia/Tokyo", split=parse_split("10/20/30/40"), active=False, next_due=None
    )
    saved = await store.subscriptions.save(changed, now=NOW)
    assert saved == replace(changed, id=first.id)
    assert await store.outbox.stream(first.id) == before


async def test_a_channel_is_a_stream_whatever_the_thread(store: SqlStore) -> None:
    saved = await subscribed(store, channel())
    assert await store.subscriptions.find(channel(thread="9")) == saved
    assert saved.learner_id is None
    again = await subscribed(store, channel(thread="9"))
    assert again.id == saved.id


async def test_due_streams_come_longest_due_first(store: SqlStore) -> None:
    streams = [await subscribed(store, person(f"p{hour}"), due=NOW - hour * HOUR) for hour in (1, 3, 2)]
    await subscribed(store, person("later"), due=NOW + HOUR)
    await subscribed(store, person("off"), due=NOW - HOUR, active=False)
    assert [one.id for one in await store.subscriptions.due(NOW, limit=9)] == [streams[i].id for i in (1, 2, 0)]
    assert [one.id for one in await store.subscriptions.due(NOW, limit=1)] == [streams[1].id]
    assert await store.subscriptions.next_due() == NOW - 3 * HOUR
    assert await store.subscriptions.due(NOW - 4 * HOUR, limit=9) == []


async def test_a_due_instant_moves_only_if_it_is_what_was_seen(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    await store.subscriptions.move(stream.id, seen=NOW + HOUR, to=NOW + 2 * HOUR)
    assert await store.subscriptions.next_due() == NOW
    await store.subscriptions.move(stream.id, seen=NOW, to=NOW + HOUR)
    assert await store.subscriptions.next_due() == NOW + HOUR


async def test_nothing_due_is_none(store: SqlStore) -> None:
    assert await store.subscriptions.next_due() is None
    assert await store.subscriptions.due(NOW, limit=9) == []


async def test_a_naive_instant_is_refused(store: SqlStore) -> None:
    with pytest.raises(Exception, match="naive"):
        await subscribed(store, person(), due=NOW.replace(tzinfo=None))


# --- outbox ----------------------------------------------------------------------------------


async def claim(store: SqlStore, at: datetime = NOW, limit: int = 9) -> list[Delivery]:
    return await store.outbox.claim(["memory"], now=at, lease=LEASE, limit=limit)


async def status(store: SqlStore, delivery: Delivery) -> str:
    found = await store.outbox.get(delivery.id)
    assert found is not None
    return found.status


async def test_a_key_is_charged_once(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    first, fresh = await charged(store, stream)
    again, fresh_again = await charged(store, stream)
    assert (fresh, fresh_again) == (True, False)
    assert again == first
    assert (first.status, first.attempt, first.target, first.message) == ("pending", 0, person(), None)
    assert await store.outbox.get(first.id) == first
    assert await store.outbox.get("no such id") is None
    after = await store.outbox.stream(stream.id)
    assert (after.count, dict(after.shown)) == (1, {first.item_id: 1})
    assert after.credits == draw(CURRICULUM, DEFAULT_SPLIT, Stream()).credits


async def test_many_at_once_agree_on_one_row_and_pay_once(replicas: list[SqlStore]) -> None:
    stream = await subscribed(replicas[0], person())
    told = await asyncio.gather(*(charged(one, stream) for one in replicas for _ in range(4)))
    assert len({delivery.id for delivery, _ in told}) == 1
    assert sum(fresh for _, fresh in told) == 1
    assert (await replicas[0].outbox.stream(stream.id)).count == 1


async def test_different_days_at_once_are_the_plan_nevertheless(replicas: list[SqlStore]) -> None:
    stream = await subscribed(replicas[0], person())
    await asyncio.gather(
        *(charged(one, stream, key=f"k{n}{day}") for n, one in enumerate(replicas) for day in range(4))
    )
    expected = Stream()
    for one in islice(plan(CURRICULUM, DEFAULT_SPLIT, Stream()), 12):
        shown = {**expected.shown, one.item_id: expected.count + 1}
        expected = Stream(credits=one.credits, shown=shown, count=expected.count + 1)
    assert await replicas[0].outbox.stream(stream.id) == expected


async def test_a_draw_that_fails_writes_nothing(store: SqlStore) -> None:
    stream = await subscribed(store, person())

    def failing(_stream: Stream) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await charged(store, stream, draw=failing)
    assert await store.outbox.latest(stream.id) is None
    assert (await store.outbox.stream(stream.id)).count == 0


async def test_a_claim_takes_what_is_due_in_order_and_no_more(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    made = [(await charged(store, stream, key=f"k{n}", not_before=NOW - n * HOUR))[0] for n in (1, 3, 2)]
    later = (await charged(store, stream, key="later", not_before=NOW + HOUR))[0]
    sent = (await charged(store, stream, key="sent", status="sent"))[0]
    first = await claim(store, limit=2)
    assert [one.id for one in first] == [made[1].id, made[2].id]
    assert all((one.status, one.attempt) == ("sending", 1) for one in first)
    assert [one.id for one in await claim(store)] == [made[0].id]
    assert await claim(store) == []
    assert (await status(store, later), await status(store, sent)) == ("pending", "sent")
    assert await store.outbox.claim(["slack"], now=NOW + 9 * HOUR, lease=LEASE, limit=9) == []


async def test_no_row_goes_to_two_claimers(replicas: list[SqlStore]) -> None:
    stream = await subscribed(replicas[0], person())
    for number in range(40):
        await charged(replicas[0], stream, key=f"k{number}")
    batches = await asyncio.gather(*(claim(one, limit=4) for one in replicas for _ in range(5)))
    ids = [delivery.id for batch in batches for delivery in batch]
    assert len(ids) == len(set(ids))
    assert all(len(batch) <= 4 for batch in batches)
    while rest := await claim(replicas[0]):
        ids += [delivery.id for delivery in rest]
    assert len(ids) == len(set(ids)) == 40


async def test_a_lease_that_ran_out_is_claimed_again(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    await charged(store, stream)
    (first,) = await claim(store)
    assert await claim(store, NOW + LEASE) == []
    (again,) = await claim(store, NOW + LEASE + timedelta(seconds=1))
    assert (again.id, again.attempt) == (first.id, 2)


@pytest.mark.parametrize("how", ["sent", "unknown", "failed", "dropped"])
async def test_a_settled_delivery_is_over(store: SqlStore, how: Any) -> None:
    stream = await subscribed(store, person())
    await charged(store, stream)
    (claimed,) = await claim(store)
    ref = MessageRef(thread=channel(thread="5"), id="m1")
    await store.outbox.settle(claimed.id, how, message=ref, reason="because " * 40)
    found = await store.outbox.get(claimed.id)
    assert found is not None
    assert (found.status, found.message) == (how, ref)
    assert await store.outbox.reason(claimed.id) == ("because " * 40)[:200]
    assert await claim(store, NOW + 9 * HOUR) == []


async def test_settling_without_a_message_keeps_the_one_that_is_known(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    delivery, _ = await charged(store, stream)
    ref = MessageRef(thread=channel(), id="m1")
    await store.outbox.settle(delivery.id, "sent", message=ref)
    await store.outbox.settle(delivery.id, "sent")
    found = await store.outbox.get(delivery.id)
    assert found is not None
    assert found.message == ref


async def test_a_postponed_delivery_is_claimed_again_in_its_time(store: SqlStore) -> None:
    stream = await subscribed(store, person())
    await charged(store, stream)
    (claimed,) = await claim(store)
    await store.outbox.postpone(claimed.id, until=NOW + HOUR, reason="rate limited")
    assert await store.outbox.reason(claimed.id) == "rate limited"
    assert await claim(store, NOW + HOUR - timedelta(seconds=1)) == []
    (again,) = await claim(store, NOW + HOUR)
    assert again.attempt == 2


async def test_the_newest_prompt_of_a_thread_and_of_a_stream(store: SqlStore) -> None:
    mine, theirs = await subscribed(store, person()), await subscribed(store, channel())
    old = (await charged(store, mine, key="old"))[0]
    new = (await charged(store, mine, key="new", now=NOW + HOUR))[0]
    other = (await charged(store, theirs, key="other"))[0]
    thread = channel(thread="5")
    await store.outbox.settle(old.id, "sent", message=MessageRef(thread=thread, id="m1"))
    await store.outbox.settle(new.id, "sent", message=MessageRef(thread=thread, id="m2"))
    await store.outbox.settle(other.id, "sent", message=MessageRef(thread=channel(), id="m3"))

    async def found(where: Any) -> str | None:
        delivery = await store.outbox.in_thread(where)
        return delivery.id if delivery else None

    assert await found(thread) == new.id
    assert await found(channel(thread="m3")) == other.id, "a thread that the prompt itself opened"
    for where in (channel(thread="6"), channel("random", "5"), channel(thread="5", platform="slack")):
        assert await found(where) is None
    latest = await store.outbox.latest(mine.id)
    assert latest is not None
    assert latest.id == new.id
    assert await store.outbox.latest("no such stream") is None


async def test_the_overview_counts_streams_and_names_what_did_not_arrive(store: SqlStore) -> None:
    mine = await subscribed(store, person())
    await subscribed(store, person("off"), active=False)
    for number, how in enumerate(["failed", "failed", "dropped", "sent", "pending"]):
        delivery, _ = await charged(store, mine, key=f"k{number}")
        if how != "pending":
            await store.outbox.settle(delivery.id, how, reason=f"{how} because")  # type: ignore[arg-type]
    assert await store.outbox.overview() == (
        1,
        [(2, "failed", "memory", "failed because"), (1, "dropped", "memory", "dropped because")],
    )


# --- practice --------------------------------------------------------------------------------

GRADE = Grade(
    points=(
        PointVerdict(point_id="r1", verdict="hit", quote="pool", span=(0, 4)),
        PointVerdict(point_id="r2", verdict="missed"),
    ),
    score=0.6,
    unsure=0.0,
    abstained=False,
)


async def save(store: SqlStore, learner: str, event: str = "e1", **given: Any) -> str:
    values = {"delivery_id": "d1", "item_id": "B.X.1", "text": "pool", "grade": GRADE, "now": NOW}
    return await store.practice.save_answer(inbound_id=event, learner_id=learner, **{**values, **given})


async def test_an_answer_is_saved_once_an_event(place: Place, store: SqlStore) -> None:
    learner = await store.subscriptions.learner(person(), now=NOW)
    first = await save(store, learner)
    assert await save(store, learner, text="other") == first
    assert await save(store, learner, "e2", grade=replace(GRADE, points=())) != first
    assert sorted(row["text"] for row in rows(place, "SELECT text FROM answer")) == ["pool", "pool"]
    verdicts = {(row["point_id"], row["verdict"], row["quote"]) for row in rows(place, "SELECT * FROM verdict")}
    assert verdicts == {("r1", "hit", "pool"), ("r2", "missed", "")}


async def test_one_form_delivered_to_three_processes_is_one_answer(place: Place, replicas: list[SqlStore]) -> None:
    learner = await replicas[0].subscriptions.learner(person(), now=NOW)
    ids = await asyncio.gather(*(save(one, learner) for one in replicas for _ in range(3)))
    assert len(set(ids)) == 1
    assert len(rows(place, "SELECT * FROM verdict")) == 2


async def test_whether_somebody_answered(store: SqlStore) -> None:
    ada, bob = [await store.subscriptions.learner(person(name), now=NOW) for name in ("ada", "bob")]
    await save(store, ada)
    assert await store.practice.judged(learner_id=ada, delivery_id="d1")
    assert not await store.practice.judged(learner_id=bob, delivery_id="d1")
    assert not await store.practice.judged(learner_id=ada, delivery_id="d2")


async def test_only_ones_own_verdict_is_contested(place: Place, store: SqlStore) -> None:
    ada, bob = [await store.subscriptions.learner(person(name), now=NOW) for name in ("ada", "bob")]
    answer = await save(store, ada)
    for learner, one, point in ((bob, answer, "r2"), (ada, "no such answer", "r2"), (ada, answer, "r9")):
        assert not await store.practice.contest(learner_id=learner, answer_id=one, point_id=point)
    assert await store.practice.contest(learner_id=ada, answer_id=answer, point_id="r2")
    contested = {row["point_id"]: bool(row["contested"]) for row in rows(place, "SELECT * FROM verdict")}
    assert contested == {"r1": False, "r2": True}


async def test_hints_are_counted_up_to_the_last(place: Place, store: SqlStore) -> None:
    learner = await store.subscriptions.learner(person(), now=NOW)
    delivery, _ = await charged(store, await subscribed(store, person()))
    taken = [await store.practice.take_hint(learner_id=learner, delivery_id=delivery.id, available=2) for _ in range(4)]
    assert taken == [0, 1, 1, 1]
    await store.practice.reveal(learner_id=learner, delivery_id=delivery.id)
    (row,) = rows(place, "SELECT * FROM help_taken")
    assert (row["hints"], bool(row["revealed"])) == (2, True)


async def test_reveal_before_any_hint(place: Place, store: SqlStore) -> None:
    learner = await store.subscriptions.learner(person(), now=NOW)
    delivery, _ = await charged(store, await subscribed(store, person()))
    await store.practice.reveal(learner_id=learner, delivery_id=delivery.id)
    assert await store.practice.take_hint(learner_id=learner, delivery_id=delivery.id, available=2) == 0
    assert [bool(row["revealed"]) for row in rows(place, "SELECT * FROM help_taken")] == [True]


# --- the schema ------------------------------------------------------------------------------


def head() -> str:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(ROOT / "bot" / "store" / "migrations"))
    return str(ScriptDirectory.from_config(config).get_current_head())


def test_the_newest_migration_is_the_one_the_code_knows() -> None:
    assert head() == REVISION


def test_preparing_again_changes_nothing(empty_place: Place) -> None:
    url = database_url(empty_place.url, empty_place.folder)
    prepare(url)
    prepare(url)
    assert [row["version_num"] for row in rows(empty_place, "SELECT * FROM alembic_version")] == [REVISION]


def test_a_database_from_a_newer_version_is_refused_and_left_alone(place: Place, clock: SimulatedClock) -> None:
    with connection(place) as opened:
        opened.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=f"9999.*{REVISION}") as caught:
        place.open(clock)
    assert caught.value.next_step
    assert [row["version_num"] for row in rows(place, "SELECT * FROM alembic_version")] == ["9999"]


async def test_sqlite_is_set_up_for_readers_beside_a_writer_and_for_forgetting(sqlite_store: SqlStore) -> None:
    async with sqlite_store._database.single() as opened:
        for pragma, expected in (
            ("journal_mode", "wal"),
            ("secure_delete", 1),
            ("foreign_keys", 1),
            ("busy_timeout", 10000),
        ):
            assert (await opened.execute(text(f"PRAGMA {pragma}"))).scalar() == expected, pragma


# --- what cannot be opened -------------------------------------------------------------------


@pytest.mark.parametrize("url", ["no url", "mysql://u:p@h/d", "sqlite+pysqlcipher://x"])
def test_a_url_that_is_no_database_of_ours(url: str, tmp_path: Path, clock: SimulatedClock) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_store(url, tmp_path, clock)
    assert "COACH_DATABASE_URL" in str(caught.value)
    assert "u:p" not in str(caught.value)


def test_a_server_that_is_down_is_one_sentence_without_the_password(tmp_path: Path, clock: SimulatedClock) -> None:
    with pytest.raises(StoreError) as caught:
        open_store("postgresql://me:hunter2@127.0.0.1:9/none?connect_timeout=2", tmp_path, clock)
    assert "127.0.0.1" in caught.value.sentence
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path, clock: SimulatedClock) -> None:
    (tmp_path / "coach.db").write_bytes(b"this is not a database, it only has the name of one" * 100)
    with pytest.raises(StoreError, match=r"coach\.db") as caught:
        open_store(None, tmp_path, clock)
    assert caught.value.next_step


def test_the_builders_draw_as_the_store_does() -> None:
    assert drawing(Stream()) == draw(CURRICULUM, DEFAULT_SPLIT, Stream())


def test_the_migrations_make_the_tables(empty_place: Place) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    prepare(database_url(empty_place.url, empty_place.folder))
    with connection(empty_place) as opened:
        context = MigrationContext.configure(opened, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        names = set(inspect(opened).get_table_names())
        assert names == {*metadata.tables, "alembic_version"}


@pytest.mark.parametrize("words", ["pool \x00 nul", "pool \ud800 lone"])
async def test_any_text_can_be_stored_and_graded(store: SqlStore, clock: SimulatedClock, words: str) -> None:
    from tests.stores import buttons, hear, wired

    core = wired(store, clock).coach
    pressed = buttons(*await hear(core, message("today")))["Answer"]
    event = submit("answer", {"answer": words}, argument=pressed.argument)
    assert await store.inbox.accept(event)
    (pending,) = await store.inbox.unfinished("memory")
    assert pending.inbound == event
    assert await hear(core, event)


async def test_today_in_a_thread_with_the_longest_event_id(store: SqlStore, clock: SimulatedClock) -> None:
    from tests.stores import hear, wired

    event = message("today", where=channel(thread="1"), id="e" * 160)
    assert await store.inbox.accept(event)
    await hear(wired(store, clock).coach, event)
    assert await store.outbox.in_thread(channel(thread="1")) is not None


async def test_a_top_level_is_no_thread_of_a_prompt(store: SqlStore) -> None:
    delivery, _ = await charged(store, await subscribed(store, channel()))
    await store.outbox.settle(delivery.id, "sent", message=MessageRef(thread=channel(), id="m1"))
    assert await store.outbox.in_thread(channel()) is None


async def test_an_event_of_another_version_does_not_hold_the_others_up(place: Place, store: SqlStore) -> None:
    odd, plain = message("odd"), message("plain")
    for event in (odd, plain):
        await store.inbox.accept(event)
    with connection(place) as opened:
        opened.execute(text("UPDATE inbound SET body = '{}' WHERE key = :key"), {"key": odd.id})
    assert [one.inbound for one in await store.inbox.unfinished("memory")] == [plain]


def test_a_fresh_sqlite_file_is_in_wal_mode_before_anybody_connects(tmp_path: Path) -> None:
    """Connections that switch to it at the same time lock one another out."""
    prepare(database_url(None, tmp_path))
    assert rows(Place(None, tmp_path), "PRAGMA journal_mode") == [{"journal_mode": "wal"}]
