"""`coach run` as a process of its own, and the peers it talks to."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]


@dataclass(slots=True)
class Peer:
    """A platform peer as a process, driven over its control API."""

    about: dict[str, Any]
    session: aiohttp.ClientSession

    async def __call__(self, what: str, **given: Any) -> Any:
        async with self.session.post(self.about["control_url"] + what, json=given) as answer:
            body = await answer.text()
            assert answer.status == 200, f"{what}: {answer.status} {body}"
            return json.loads(body)


@contextlib.asynccontextmanager
async def peer_process(platform: str) -> AsyncIterator[Peer]:
    """`python -m tests.peers.PLATFORM` on a free port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.peers.{platform}", "--port", "0", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        async with aiohttp.ClientSession() as session:
            yield Peer(json.loads(line), session)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@dataclass(slots=True)
class Coach:
    """`coach run` with a data folder of its own; what it logs is in `log`."""

    env: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = None
    arguments: tuple[str, ...] = field(default=("run",))

    async def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                *self.arguments,
                cwd=self.log.parent,
                env=dict(self.env),
                stdout=out,
                stderr=out,
            )

    def kill(self) -> None:
        """As the system does when memory runs out: no chance to tidy up."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)

    async def wait(self, timeout: float = 30) -> int:
        assert self.process is not None
        return await asyncio.wait_for(self.process.wait(), timeout)

    async def stop(self) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        return await self.wait()


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of a coach that sees none of this machine's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COACH_", "SLACK_", "DISCORD_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "COACH_DATA_DIR": str(data_dir), **more}


@contextlib.asynccontextmanager
async def coach_process(data_dir: Path, **more: str) -> AsyncIterator[Coach]:
    """`coach run`, stopped at the end."""
    data_dir.mkdir(exist_ok=True)
    coach = Coach(environment(data_dir, **more), data_dir.parent / "coach.log")
    await coach.start()
    try:
        yield coach
    finally:
        if coach.process is not None and coach.process.returncode is None:
            coach.kill()
            await coach.wait()


def tokens(platform: str, peer: Peer) -> dict[str, str]:
    """The settings that point a coach at a peer."""
    if platform == "slack":
        return {
            "SLACK_BOT_TOKEN": peer.about["bot_token"],
            "SLACK_APP_TOKEN": peer.about["app_token"],
            "COACH_SLACK_API_URL": peer.about["api_url"],
        }
    return {"DISCORD_TOKEN": peer.about["token"], "COACH_DISCORD_API_URL": peer.about["api_url"]}
