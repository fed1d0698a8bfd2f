"""What is stored about a person is handed out, forgotten and kept no longer than said: every column of every table."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    insert,
    select,
)

from bot.core.model import UserRef
from bot.service import SimulatedClock
from bot.store.store import SqlStore
from bot.store.tables import metadata
from jobs.retention import purge
from tests.stores import NOW, channel, charged, hear, message, person, press, submit, subscribed, wired

PEOPLE = ("ada", "bob")
RULES = {
    "none": (),
    "learner": ("learner_id|id",),
    "person": ("platform", "workspace", "user_id"),
    "subscription": ("subscription_id",),
    "answer": ("answer_id",),
    "team": ("workspace|document_id",),
}
"""Each rule with the columns by which it finds a person's rows."""
NOT_PERSONAL = frozenset({"none", "team"})
OF_PLACES = frozenset({"platform", "workspace", "channel", "thread"})
"""Text columns that a table without personal data may have."""
SHORT = 12
"""A text column narrower than this holds a code (a status, a week day), no person's words."""


def kind(column: Column[Any]) -> Any:
    """The plain type of a column."""
    return column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type


def is_text(column: Column[Any]) -> bool:
    return isinstance(kind(column), String | Text)


def holds_words(column: Column[Any]) -> bool:
    length = getattr(kind(column), "length", None)
    return is_text(column) and (length is None or length >= SHORT)


def problems(tables: Iterable[Table]) -> Iterator[str]:
    """What keeps a table's rows from being exported, forgotten or purged."""
    for table in tables:
        rule = table.info.get("privacy")
        if rule not in RULES:
            yield f"{table.name}: info['privacy'] is none of {sorted(RULES)}"
            continue
        if "keep_days" not in table.info:
            yield f"{table.name}: info['keep_days'] does not say how long a row is kept"
        for needed in RULES[rule]:
            if not any(name in table.c for name in needed.split("|")):
                yield f"{table.name}: the rule {rule!r} needs a column {needed}"
        for column in table.c:
            if not isinstance(kind(column), String | Text | Integer | Float | Boolean | Date | DateTime | LargeBinary):
                yield f"{table.name}.{column.name}: this test does not know what {column.type} may hold"
            if rule == "none" and holds_words(column) and column.name not in OF_PLACES:
                yield f"{table.name}.{column.name} can hold a person's words, and the table has no rule"


def test_every_table_says_how_it_holds_a_persons_data() -> None:
    assert list(problems(metadata.sorted_tables)) == []


@pytest.mark.parametrize(
    ("columns", "info"),
    [
        ((Column("note", Text),), {}),
        ((Column("note", Text),), {"privacy": "none", "keep_days": None}),
        ((Column("user_id", String(40)),), {"privacy": "none", "keep_days": 7}),
        ((Column("note", Text),), {"privacy": "learner", "keep_days": None}),
        ((Column("learner_id", String(36)),), {"privacy": "learner"}),
        ((Column("user_id", String(40)),), {"privacy": "person", "keep_days": 7}),
        ((Column("note", Text),), {"privacy": "secret", "keep_days": 7}),
    ],
)
def test_a_new_table_without_a_rule_that_serves_is_found(
    columns: tuple[Column[Any], ...], info: dict[str, Any]
) -> None:
    table = Table("diary", MetaData(), Column("number", Integer, primary_key=True), *columns, info=info)
    assert list(problems([table]))


# --- rows of two people in every table -------------------------------------------------------


def canary(who: str, table: Table, column: Column[Any]) -> str:
    """A string that says whose it is and where it stood."""
    word = f"canary-{who}-{table.name}-{column.name}"
    return word[: getattr(kind(column), "length", None) or 200]


def value(who: str, table: Table, column: Column[Any]) -> Any:
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return canary(who, key.column.table, key.column)
    if table.info["privacy"] in {"person", "learner"} and column.name in {"platform", "workspace", "user_id"}:
        return {"platform": "memory", "workspace": "w1", "user_id": f"canary-{who}-id"}[column.name]
    if is_text(column):
        return canary(who, table, column) if holds_words(column) else who[0]
    others = {Boolean: False, DateTime: NOW, Date: NOW.date(), LargeBinary: b"vector"}
    return others.get(type(kind(column)), 1)


def rows_of(who: str) -> dict[str, dict[str, Any]]:
    return {
        table.name: {column.name: value(who, table, column) for column in table.c} for table in metadata.sorted_tables
    }


def canaries(who: str) -> set[str]:
    """What stands about somebody in tables that hold personal data."""
    tables = {table.name for table in metadata.sorted_tables if table.info["privacy"] not in NOT_PERSONAL}
    return {
        cell
        for name, row in rows_of(who).items()
        if name in tables
        for column, cell in row.items()
        if isinstance(cell, str) and cell.startswith("canary-") and not names_no_person(metadata.tables[name].c[column])
    }


def names_no_person(column: Column[Any]) -> bool:
    """Whether it only refers to a row that is not personal."""
    return any(key.column.table.info["privacy"] in NOT_PERSONAL for key in column.foreign_keys)


def identity_of(who: str) -> UserRef:
    return UserRef(platform="memory", workspace="w1", id=f"canary-{who}-id")


async def fill(store: SqlStore) -> None:
    async with store._database.transaction() as connection:
        for who in PEOPLE:
            for table in metadata.sorted_tables:
                await connection.execute(insert(table).values(rows_of(who)[table.name]))


async def everything(store: SqlStore) -> set[str]:
    """Every text in the database."""
    found: set[str] = set()
    async with store._database.single() as connection:
        for table in metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                found |= {cell for cell in row if isinstance(cell, str)}
    return found


def texts(export: dict[str, list[dict[str, Any]]]) -> set[str]:
    return {cell for rows in export.values() for row in rows for cell in row.values() if isinstance(cell, str)}


def raw(folder: Path) -> bytes:
    """The database file and everything beside it."""
    return b"".join(path.read_bytes() for path in folder.glob("coach.db*"))


async def test_the_rows_of_two_people_stand_in_every_table(store: SqlStore) -> None:
    await fill(store)
    assert canaries("ada") <= await everything(store)
    assert canaries("ada").isdisjoint(canaries("bob"))
    assert len(canaries("ada")) > 15


async def test_an_export_holds_all_of_one_person_and_nothing_of_another(store: SqlStore) -> None:
    await fill(store)
    export = await store.privacy.export(identity_of("ada"))
    assert canaries("ada") <= texts(export)
    assert not any("canary-bob" in text for text in texts(export))
    personal = {table.name for table in metadata.sorted_tables if table.info["privacy"] not in NOT_PERSONAL}
    assert set(export) == personal
    assert all(set(row) == set(metadata.tables[name].c.keys()) for name, rows in export.items() for row in rows)


async def test_forgetting_leaves_nothing_of_one_person_and_all_of_another(store: SqlStore, tmp_path: Path) -> None:
    await fill(store)
    kept = {text for text in await everything(store) if "canary-bob" in text}
    personal = [table for table in metadata.sorted_tables if table.info["privacy"] not in NOT_PERSONAL]
    assert await store.privacy.forget(identity_of("ada")) == len(personal)
    left = await everything(store)
    assert canaries("ada").isdisjoint(left)
    assert {text for text in left if "canary-bob" in text} == kept
    assert await store.privacy.export(identity_of("ada")) == {}
    if (tmp_path / "coach.db").exists():
        bytes_left = raw(tmp_path)
        assert canaries("bob") <= {word for word in canaries("bob") if word.encode() in bytes_left}
        assert [word for word in canaries("ada") if word.encode() in bytes_left] == []


async def test_forgetting_somebody_unknown_does_nothing(store: SqlStore) -> None:
    await fill(store)
    before = await everything(store)
    assert await store.privacy.forget(person("nobody")) == 0
    assert await store.privacy.export(person("nobody")) == {}
    assert await everything(store) == before


async def test_all_linked_identities_of_a_person_are_one(store: SqlStore) -> None:
    on_slack = person("canary-ada-slack", platform="slack", workspace="T1")
    await fill(store)
    learner = rows_of("ada")["learner"]["id"]
    async with store._database.transaction() as connection:
        await connection.execute(
            insert(metadata.tables["identity"]).values(
                platform="slack", workspace="T1", user_id=on_slack.id, learner_id=learner
            )
        )
    await store.inbox.accept(message("written in Slack", on_slack))
    assert any("written in Slack" in text for text in texts(await store.privacy.export(identity_of("ada"))))
    await store.privacy.forget(on_slack)
    assert not any(
        "canary-ada" in text or "written in Slack" in text for text in await everything(store) - not_personal()
    )


def not_personal() -> set[str]:
    """What stands in tables without personal data."""
    return {
        cell
        for who in PEOPLE
        for name, row in rows_of(who).items()
        if metadata.tables[name].info["privacy"] in NOT_PERSONAL
        for cell in row.values()
        if isinstance(cell, str)
    }


async def test_a_life_with_the_coach_is_forgotten(store: SqlStore, clock: SimulatedClock, tmp_path: Path) -> None:
    core = wired(store, clock).coach
    ada, bob = person("ada-7f3a"), person("bob-11c2")
    stream = await subscribed(store, channel())
    shared, _ = await charged(store, stream)
    for who in (ada, bob):
        words = f"pool exhausted says {who.id}"
        event = message(words, who)
        await store.inbox.accept(event)
        await hear(core, message("subscribe 09:00 UTC", who))
        await hear(core, message("today", who))
        await hear(core, event)
        await hear(core, submit("answer", {"answer": words}, who, argument=f"{shared.id}:a"))
        await hear(core, press(_hint(shared.id), who))
    export = await store.privacy.export(ada)
    assert len(export["answer"]) == 2
    assert len(export["inbound"]) == len(export["help_taken"]) == 1
    assert "bob-11c2" not in str(export)
    await store.privacy.forget(ada)
    assert not any("ada-7f3a" in text for text in await everything(store))
    assert len((await store.privacy.export(bob))["answer"]) == 2
    assert await store.subscriptions.find(channel()) is not None
    assert await store.outbox.get(shared.id) is not None
    if (tmp_path / "coach.db").exists():
        assert b"ada-7f3a" not in raw(tmp_path)
        assert b"bob-11c2" in raw(tmp_path)


def _hint(delivery: str) -> Any:
    from bot.core.model import Button

    return Button(label="Hint", action="hint", argument=delivery)


# --- retention -------------------------------------------------------------------------------


async def test_what_is_over_and_old_is_purged(store: SqlStore, clock: SimulatedClock) -> None:
    done, waiting = message("done"), message("waiting")
    for event in (done, waiting):
        await store.inbox.accept(event)
    await store.inbox.finish(done.id)
    await store.inbox.joined(channel(thread="1"))
    week, season = dt.timedelta(days=7), dt.timedelta(days=90)
    assert await purge(store.privacy, now=NOW + week) == 0
    assert not await store.inbox.accept(done), "a duplicate is known for a week"
    assert waiting in [one.inbound for one in await store.inbox.unfinished("memory")], "it is not answered yet"
    assert await purge(store.privacy, now=NOW + week + dt.timedelta(seconds=1)) == 2
    assert await store.inbox.unfinished("memory") == [], "nobody waits a week for an answer"
    assert await purge(store.privacy, now=NOW + season + dt.timedelta(seconds=1)) == 1


async def test_every_table_with_a_time_limit_is_purged(store: SqlStore) -> None:
    await fill(store)
    limited = [table for table in metadata.sorted_tables if table.info["keep_days"] is not None]
    assert limited
    async with store._database.transaction() as connection:
        for table in limited:
            if "finished" in table.c:
                await connection.execute(table.update().values(finished=True))
    longest = max(table.info["keep_days"] for table in limited)
    await store.privacy.purge(NOW + dt.timedelta(days=longest, seconds=1))
    async with store._database.single() as connection:
        for table in metadata.sorted_tables:
            left = len((await connection.execute(select(table))).all())
            assert left == (0 if table in limited else len(PEOPLE)), table.name


async def test_what_was_purged_leaves_no_bytes(sqlite_store: SqlStore, tmp_path: Path) -> None:
    event = replace(message("words of long ago", person("canary-ada-id")), carry="an interaction token")
    await sqlite_store.inbox.accept(event)
    assert b"words of long ago" in raw(tmp_path)
    await sqlite_store.inbox.finish(event.id)
    await sqlite_store.privacy.purge(NOW + dt.timedelta(days=8))
    left = raw(tmp_path)
    assert [word for word in (b"words of long ago", b"canary-ada-id", b"interaction token") if word in left] == []
