"""The peer as a process: `python -m tests.peers.discord --port 0` prints one line of JSON and serves until killed."""

import argparse
import asyncio
import json

from tests.peers.discord.control import add_routes, announced
from tests.peers.discord.harness import DiscordHarness
from tests.peers.discord.peer import DiscordPeer


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-content", action="store_true", help="the owner did not switch on Message Content Intent")
    given = parser.parse_args()
    peer = DiscordPeer(content_intent=not given.no_content)
    harness = DiscordHarness(peer)
    peer.extra = lambda app: add_routes(app, harness)
    async with peer.running(port=given.port):
        print(json.dumps(announced(harness)), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
