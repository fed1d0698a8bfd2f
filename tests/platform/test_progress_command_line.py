"""`coach progress` and `coach report`, as somebody runs them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.console import terminal_user
from bot.core.model import UserRef
from bot.core.records import Grade, PointVerdict
from bot.store.store import open_store
from jobs.clock import SystemClock
from tests.platform.test_command_line import CommandLine, refused

ITEM = "B.DB.LOCK-001"
ADA = UserRef(platform="slack", workspace="T1", id="U1")


@pytest.fixture
def coach(tmp_path: Path) -> CommandLine:
    """With a data folder in which Ada answered something yesterday and the terminal's user today."""
    folder = tmp_path / "data"
    folder.mkdir()

    async def write() -> None:
        store = open_store(None, folder, SystemClock())
        now = datetime.now(UTC)
        for who, at in ((ADA, now - timedelta(days=1)), (terminal_user(), now)):
            learner = await store.subscriptions.learner(who, now=at)
            points = (PointVerdict(point_id="r1", verdict="hit"),)
            await store.practice.save_answer(
                inbound_id=f"e-{who.platform}",
                learner_id=learner,
                delivery_id="d1",
                item_id=ITEM,
                text="secret words",
                grade=Grade(points=points, score=1.0, unsure=0.0, abstained=False),
                now=at,
            )
            await store.reviews.record(
                learner_id=learner, item_id=ITEM, rating=3, kind="prompt", delivery_id="d1", now=at
            )
        await store.close()

    asyncio.run(write())
    return CommandLine(tmp_path, folder)


def test_ones_own_progress_in_words(coach: CommandLine) -> None:
    done = coach("progress")
    assert (done.code, done.err) == (0, "")
    for words in ("1 point of 1 exercise", "Backend", "Last 12 weeks", "split"):
        assert words in done.out
    assert "secret words" not in done.out


def test_somebody_elses_with_the_picture(coach: CommandLine, tmp_path: Path) -> None:
    done = coach("progress", "--user", "slack:T1:U1", "--out", "mine.png")
    assert (done.code, done.err) == (0, "")
    assert "The picture is in mine.png." in done.out
    picture = (tmp_path / "mine.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) <= 150_000


def test_every_number_for_programs(coach: CommandLine) -> None:
    done = coach("progress", "--user", "slack:T1:U1", "--json")
    said = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    (backend, *others) = said["shares"]
    assert (backend["category"], backend["split"], backend["answered"], backend["answered_share"]) == ("B", 0.4, 1, 1.0)
    assert backend["minutes"] > 0
    assert [one["answered"] for one in others] == [0, 0, 0]
    assert said["known"][-1]["items"] > 0.5
    assert said["streak"]["days"][said["since"]] == "practised"
    assert "point" in said["text"]


def test_somebody_unknown_has_not_begun(coach: CommandLine) -> None:
    done = coach("progress", "--user", "slack:T2:U1", "--json")
    said = json.loads(done.out)
    assert (done.code, said["since"], said["known"], said["streak"]["length"]) == (0, None, [], 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("--user", "ada"), "is not a person"), (("--out", "nowhere/mine.png"), "cannot be written")],
)
def test_what_cannot_be_done_is_one_sentence(coach: CommandLine, arguments: tuple[str, ...], sentence: str) -> None:
    refused(coach("progress", *arguments), sentence)


def test_the_report_counts_without_text_or_ids(coach: CommandLine) -> None:
    printed, done = coach("report"), coach("report", "--json")
    said = json.loads(done.out)
    assert (printed.code, done.code, done.err) == (0, 0, "")
    assert (said["people_opted_in"], said["answers"], said["days_practised"]) == (0, 2, 2)
    assert said["minutes_a_day"]["mean"] > 0
    assert set(said["answer_rate"]) == set("BSDA")
    assert "Week 4: 0 of 0" in printed.out
    for secret in ("secret", "U1", "T1", "LOCK"):
        assert secret not in printed.out + done.out
