"""The peer as a process: `python -m tests.peers.slack --port 0` prints one line of JSON and serves until killed."""

import argparse
import asyncio
import json

from tests.peers.slack.control import announced
from tests.peers.slack.server import SlackPeer


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--no-echo", action="store_true", help="send no events about the coach's own posts")
    given = parser.parse_args()
    async with SlackPeer(port=given.port, echo=not given.no_echo) as peer:
        print(json.dumps(announced(peer)), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
