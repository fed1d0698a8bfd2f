"""The peer as a process of its own, driven by its control API, as the tests of `coach run` use it."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.adapters.discord import create
from bot.settings import Settings


async def test_the_control_api(inbox, clock, handler):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.peers.discord", "--port", "0",
        cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stdout
        about = json.loads(await process.stdout.readline())
        given = Settings(_env_file=None, DISCORD_TOKEN=SecretStr(about["token"]), discord_api_url=about["api_url"])
        serving = asyncio.create_task(create(given, inbox, clock).run(handler))
        async with aiohttp.ClientSession(about["control_url"]) as session:

            async def do(what: str, **more: Any) -> Any:
                async with session.post(what, json=more) as response:
                    assert response.status == 200, await response.text()
                    return await response.json()

            await do("connected")
            thread = (await do("mention", text="hello"))["thread"]
            post = await do("wait", post=0)
            assert (post["text"], post["thread"], post["channel"]) == ("heard: hello", thread, about["channel"])
            await do("redeliver", times=2)
            await do("press", post=0, label="Answer")
            assert (await do("form"))["title"] == "Your answer"
            await do("submit", values={"text": "measure", "sure": "low"})
            assert (await do("wait", post=1))["text"] == "submitted text=measure; note=; sure=low"
            await do("fault", kind="429", times=1)
            await do("direct", text="psst")
            assert (await do("wait", post=2))["text"] == "heard: psst"
            await do("command", text="help")
            assert (await do("wait", post=3))["text"] == "heard: help"
            await do("chatter", texts=["a", "b"])
            assert len(await do("posts")) == 4
            assert (await do("requests"))["refused"] == []
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    finally:
        process.kill()
        await process.wait()
