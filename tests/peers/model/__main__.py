"""The peer as a process: `python -m tests.peers.model --port 0` prints one line of JSON and serves until killed."""

import argparse
import asyncio
import json

from tests.peers.model.control import announced
from tests.peers.model.server import ModelPeer


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    async with ModelPeer(port=given.port) as peer:
        print(json.dumps(announced(peer)), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
