"""Progress in chat: the picture for oneself, a team's counts from five on, the digest by request."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.core.errors import InvalidRequest
from bot.core.model import Message, Picture, Reply, Table, UserRef
from bot.core.ports import Clock
from bot.core.progress import TEAM_SIZE, Progress
from bot.core.progressing import Progressing
from bot.picture import draw
from bot.store.store import SqlStore
from tests.stores import CURRICULUM, NOW, channel, charged, dm, message, person, said, subscribed

ADA = person("ada")


@pytest.fixture
def progressing(sqlite_store: SqlStore, clock: Clock) -> Progressing:
    return Progressing(sqlite_store, CURRICULUM, clock, draw)


async def say(progressing: Progressing, text: str, who: UserRef = ADA, **given: Any) -> Reply:
    feature: Callable[[Message], Any] = progressing.phrases[text]
    (reply,) = [one async for one in feature(message(text, who, **given))]
    assert isinstance(reply, Reply)
    return reply


async def practised(store: SqlStore, who: UserRef, item: str = "B.X.1") -> None:
    learner = await store.subscriptions.learner(who, now=NOW)
    await store.reviews.record(
        learner_id=learner, item_id=item, rating=3, kind="micro", delivery_id=None, now=NOW - timedelta(hours=1)
    )


async def test_a_picture_with_the_same_in_words(progressing: Progressing, sqlite_store: SqlStore) -> None:
    await practised(sqlite_store, ADA)
    reply = await say(progressing, "progress", where=channel())
    assert reply.private
    picture = reply.blocks[0]
    assert isinstance(picture, Picture)
    assert picture.data.startswith(b"\x89PNG")
    assert "1 point of 1 exercise" in picture.alt
    assert "1 point of 1 exercise" in said(reply)
    assert any(isinstance(one, Table) for one in reply.blocks)


async def test_somebody_without_anything_is_welcomed(progressing: Progressing) -> None:
    reply = await say(progressing, "progress")
    assert isinstance(reply.blocks[0], Picture)
    assert "Your first answer starts a streak." in said(reply)


async def test_the_drawing_keeps_the_event_loop_free(sqlite_store: SqlStore, clock: Clock) -> None:
    import threading

    threads: list[int] = []

    def watched(progress: Progress) -> bytes:
        threads.append(threading.get_ident())
        return draw(progress)

    await say(Progressing(sqlite_store, CURRICULUM, clock, watched), "progress")
    assert threads != [threading.get_ident()]


async def test_it_uses_the_split_and_the_zone_of_the_stream(progressing: Progressing, sqlite_store: SqlStore) -> None:
    from dataclasses import replace

    stream = await subscribed(sqlite_store, ADA, zone="Pacific/Kiritimati")
    split = {"B": 100, "S": 200, "D": 300, "A": 400}
    await sqlite_store.subscriptions.save(replace(stream, split=split), now=NOW)  # type: ignore[arg-type]
    measured = await progressing.measured(ADA)
    assert [one.target for one in measured.shares] == [0.1, 0.2, 0.3, 0.4]
    assert measured.today == NOW.date()
    await sqlite_store.subscriptions.save(replace(stream, zone="America/Los_Angeles"), now=NOW)
    assert (await progressing.measured(ADA)).today < NOW.date()


async def test_a_zone_that_exists_no_longer_is_read_as_utc(progressing: Progressing, sqlite_store: SqlStore) -> None:
    await subscribed(sqlite_store, ADA, zone="Mars/Olympus")
    assert (await progressing.measured(ADA)).today == NOW.date()


# --- the digest ------------------------------------------------------------------------------


async def test_the_digest_is_off_until_somebody_asks_for_it(progressing: Progressing, sqlite_store: SqlStore) -> None:
    assert not (await subscribed(sqlite_store, ADA)).digest
    assert "Once a week" in said(await say(progressing, "progress digest on"))
    stored = await sqlite_store.subscriptions.find(ADA)
    assert stored is not None
    assert (stored.digest, stored.active) == (True, True)
    await say(progressing, "progress digest off")
    stored = await sqlite_store.subscriptions.find(ADA)
    assert stored is not None
    assert not stored.digest


async def test_a_digest_needs_a_daily_prompt(progressing: Progressing, sqlite_store: SqlStore) -> None:
    with pytest.raises(InvalidRequest, match="subscribe"):
        await say(progressing, "progress digest on")
    await subscribed(sqlite_store, ADA, active=False)
    with pytest.raises(InvalidRequest, match="subscribe"):
        await say(progressing, "progress digest on")
    assert "off" in said(await say(progressing, "progress digest off", person("bob")))


async def test_the_digest_of_a_delivery(progressing: Progressing, sqlite_store: SqlStore) -> None:
    mine, _ = await charged(sqlite_store, await subscribed(sqlite_store, ADA))
    assert await progressing.digest(mine) is None, "nothing to tell yet"
    await practised(sqlite_store, ADA)
    reply = await progressing.digest(mine)
    assert reply is not None
    assert "Your week" in said(reply)
    shared, _ = await charged(sqlite_store, await subscribed(sqlite_store, channel()), key="k2")
    assert await progressing.digest(shared) is None


# --- the team --------------------------------------------------------------------------------


async def test_a_team_is_shown_from_five_members_on_without_names(
    progressing: Progressing, sqlite_store: SqlStore
) -> None:
    people = [person(f"secret{number}") for number in range(TEAM_SIZE)]
    for number, one in enumerate(people):
        shown = said(await say(progressing, "progress team", where=channel()))
        assert "from 5 members on" in shown, number
        assert "You take part" in said(await say(progressing, "progress team join", one))
        await practised(sqlite_store, one)
    reply = await say(progressing, "progress team", where=channel())
    assert reply.private
    assert f"5 of {TEAM_SIZE} members practised" in said(reply)
    assert "join" in said(reply)
    assert "secret" not in said(reply)
    await say(progressing, "progress team leave", people[0])
    assert "from 5 members on" in said(await say(progressing, "progress team", people[1], where=channel()))


async def test_joining_twice_and_leaving_twice(progressing: Progressing) -> None:
    assert "You take part in" in said(await say(progressing, "progress team join"))
    assert "already" in said(await say(progressing, "progress team join"))
    assert "no longer" in said(await say(progressing, "progress team leave"))
    assert "do not take part" in said(await say(progressing, "progress team leave"))


@pytest.mark.parametrize("text", ["progress team", "progress team join", "progress team leave"])
async def test_where_there_is_no_workspace_there_is_no_team(progressing: Progressing, text: str) -> None:
    alone = person("ada", workspace="")
    with pytest.raises(InvalidRequest, match="server"):
        await say(progressing, text, alone, where=dm(alone))
