"""The whole thing as people run it: `coach run` as a process, the platforms as peers, crashes included."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from knowledge.loader import load_curriculum
from tests.platform.process import Peer, coach_process, peer_process, tokens

PLATFORMS = ("slack", "discord")


@pytest.fixture(params=PLATFORMS)
async def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def peer(platform: str) -> AsyncIterator[Peer]:
    async with peer_process(platform) as one:
        yield one


async def test_a_mention_is_answered_in_its_thread_once_however_often_it_is_delivered(
    platform: str, peer: Peer, tmp_path: Path
) -> None:
    async with coach_process(tmp_path / "data", **tokens(platform, peer)) as coach:
        await peer("connected", timeout=30)
        thread = (await peer("mention", text="why does depth matter more now?"))["thread"]
        post = await peer("wait", post=0, timeout=30)
        assert post["thread"] == thread
        assert "AI makes shallow knowledge easier to access." in post["text"]
        await peer("redeliver", times=2)
        await peer("mention", text="help")
        await peer("wait", post=1, timeout=10)
        await asyncio.sleep(0.3)
        assert sum("shallow knowledge" in one["text"] for one in await peer("posts")) == 1
        assert await coach.stop() == 0
    assert "Traceback" not in coach.log.read_text()


def _stored(data: Path) -> int:
    with sqlite3.connect(f"file:{data / 'coach.db'}?mode=ro", uri=True) as connection:
        return int(connection.execute("SELECT count(*) FROM inbound WHERE NOT finished").fetchone()[0])


async def test_a_kill_between_ack_and_answer_is_made_good_after_the_restart(
    platform: str, peer: Peer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with coach_process(data, **tokens(platform, peer)) as coach:
        await peer("connected", timeout=30)
        # the index is still opening, so the question is stored and acknowledged but cannot be answered yet
        await peer("mention", text="does the tech stack still matter?")
        async with asyncio.timeout(20):
            while not _stored(data):
                await asyncio.sleep(0.01)
        coach.kill()
        await coach.wait()
        assert await peer("posts") == []
        await coach.start()
        post = await peer("wait", post=0, timeout=40)
        assert "Less than before." in post["text"]
        await asyncio.sleep(0.5)
        assert len(await peer("posts")) == 1
        await coach.stop()
    assert _stored(data) == 0


# it waits for the next minute of a real clock: once here, for the other platform in the long runs
@pytest.mark.parametrize("platform", ["discord", pytest.param("slack", marks=pytest.mark.soak)], indirect=True)
async def test_a_daily_prompt_is_delivered_answered_by_form_and_graded(
    platform: str, peer: Peer, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    async with coach_process(data, **tokens(platform, peer)) as coach:
        await peer("connected", timeout=30)
        soon = datetime.now(UTC) + timedelta(minutes=1)
        await peer("direct", text=f"subscribe {soon:%H:%M} UTC daily")
        confirmation = await peer("wait", post=0, timeout=20)
        assert f"{soon:%H:%M}" in confirmation["text"]
        prompt = await peer("wait", post=1, timeout=100)
        assert prompt["buttons"] == ["Answer", "Hint", "Reveal", "Later …", "More …"]
        await peer("press", post=1, label="Answer")
        await peer("form", timeout=10)
        await peer("submit", values={"answer": "I would put it on a queue and return 202 at once."})
        feedback = await peer("wait", post=2, timeout=20)
        assert "point" in feedback["text"]
        await coach.stop()
    with sqlite3.connect(data / "coach.db") as connection:
        assert connection.execute("SELECT count(*) FROM delivery WHERE status = 'sent'").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM answer").fetchone() == (1,)


async def test_ten_thousand_unaddressed_messages_leave_no_trace(platform: str, peer: Peer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with coach_process(data, COACH_LOG_LEVEL="DEBUG", **tokens(platform, peer)) as coach:
        await peer("connected", timeout=30)
        for start in range(0, 10_000, 500):
            await peer("chatter", texts=[f"canary-{number:05d} lunch?" for number in range(start, start + 500)])
        await peer("mention", text="why does depth matter more now?")
        await peer("wait", post=0, timeout=60)
        await coach.stop()
    for path in (*data.rglob("*"), coach.log):
        if path.is_file():
            assert b"canary-" not in path.read_bytes(), path


async def test_a_hundred_days_send_exactly_what_the_plan_said(platform: str, peer: Peer, tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with coach_process(data, **tokens(platform, peer)) as coach:
        await peer("connected", timeout=30)
        await peer("direct", text="subscribe 09:00 UTC daily")
        await peer("wait", post=0, timeout=30)
        await coach.stop()
        coach.arguments = ("run", "--simulated-clock", datetime.now(UTC).isoformat(), "--days", "100")
        await coach.start()
        assert await coach.wait(60) == 0, coach.log.read_text()
    posts = (await peer("posts"))[1:]
    planned = subprocess.run(
        [sys.executable, "-m", "bot", "plan", "--prompts", "100", "--json"],
        env=coach.env, capture_output=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    plan = [(row["category"], row["item"]) for row in json.loads(planned.stdout)]
    with sqlite3.connect(data / "coach.db") as connection:
        sent = connection.execute(
            "SELECT category, item_id FROM delivery WHERE status = 'sent' ORDER BY ordinal"
        ).fetchall()
    assert sent == plan
    prompts = load_curriculum().items
    assert len(posts) == 100
    for post, (_, item) in zip(posts, plan, strict=True):
        first_word = next(word for word in prompts[item].prompt.split() if not word.startswith("```"))
        assert first_word in post["text"]


async def test_a_wrong_token_ends_with_one_sentence(platform: str, peer: Peer, tmp_path: Path) -> None:
    wrong = {
        "slack": {"SLACK_BOT_TOKEN": "xoxb-not-known"},
        "discord": {"DISCORD_TOKEN": "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789ABCD"},
    }[platform]
    async with coach_process(tmp_path / "data", **{**tokens(platform, peer), **wrong}) as coach:
        assert await coach.wait() == 2
    said = [line for line in coach.log.read_text().splitlines() if line.startswith("coach: ")]
    assert len(said) == 1
    assert "Traceback" not in coach.log.read_text()
    assert all(value not in coach.log.read_text() for value in wrong.values())


async def test_the_same_process_serves_from_postgresql(
    platform: str, peer: Peer, tmp_path: Path, new_postgresql: Callable[..., str]
) -> None:
    data = tmp_path / "data"
    async with coach_process(data, COACH_DATABASE_URL=new_postgresql(), **tokens(platform, peer)) as coach:
        await peer("connected", timeout=30)
        await peer("direct", text="today")
        prompt = await peer("wait", post=0, timeout=30)
        assert prompt["buttons"] == ["Answer", "Hint", "Reveal", "Later …", "More …"]
        await peer("press", post=0, label="Hint")
        assert "Hint 1 of" in (await peer("wait", post=1, timeout=10))["text"]
        await peer("direct", text="does the tech stack still matter?")
        assert "Less than before." in (await peer("wait", post=2, timeout=30))["text"]
        assert await coach.stop() == 0
    assert not (data / "coach.db").exists()
    assert "Traceback" not in coach.log.read_text()
