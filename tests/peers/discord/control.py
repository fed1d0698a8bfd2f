"""The control API for tests that run the coach as a process: JSON to /_peer/WHAT, JSON back."""

import asyncio
import base64
from typing import Any

from aiohttp import web

from tests.peers.discord.harness import DiscordHarness
from tests.peers.harness import Post


def announced(harness: DiscordHarness) -> dict[str, Any]:
    """What a test needs to point a coach at this peer and to drive it."""
    peer = harness.peer
    return {
        "url": peer.base,
        "api_url": peer.api_url,
        "control_url": f"{peer.base}/_peer/",
        "token": peer.world.token,
        "guild": peer.world.guild,
        "person": harness.PERSON,
        "channel": harness.CHANNEL,
    }


def _shown(post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "channel": post.channel,
        "thread": post.thread,
        "text": post.text,
        "buttons": list(post.buttons),
        "files": [[name, base64.b64encode(data).decode(), alt] for name, data, alt in post.files],
        "only_for": post.only_for,
        "pings": post.raw["pings"],
    }


def add_routes(app: web.Application, harness: DiscordHarness) -> None:
    """Put the control API on the peer's own port."""

    async def act(request: web.Request) -> web.Response:
        given = await request.json() if request.can_read_body else dict(request.query)
        try:
            return web.json_response(await _act(harness, request.match_info["what"], given))
        except TimeoutError:
            return web.json_response({"error": "nothing came in time"}, status=504)

    app.router.add_route("*", "/_peer/{what}", act)


async def _act(harness: DiscordHarness, what: str, given: dict[str, Any]) -> Any:  # noqa: PLR0911
    peer = harness.peer
    match what:
        case "mention":  # text, thread?
            return {"thread": await harness.mention(**given)}
        case "direct":  # text
            return {"channel": await harness.direct(**given)}
        case "chatter":  # text or texts, thread?
            texts = given.pop("texts", None) or [given.pop("text")]
            for text in texts:
                await harness.chatter(text, **given)
            return {"count": len(texts)}
        case "command":  # text, as after /coach
            return {"channel": await harness.command(**given)}
        case "press":  # post (number), label
            await harness.press(peer.posts()[int(given["post"])], given["label"])
            return {}
        case "form":  # timeout?
            form = await harness.form(timeout=float(given.get("timeout", 5)))
            return {"title": form.title, "fields": form.fields}
        case "submit":  # values
            form = await harness.form()
            await harness.submit(form, given["values"])
            return {}
        case "redeliver":  # times?
            await harness.redeliver(int(given.get("times", 1)))
            return {}
        case "fault":  # kind, route?, times?, retry_after?
            peer.faults.add(**given)
            return {}
        case "gateway":  # close (code), drop (code), refuse (times), resume_url, raw (anything)
            if "close" in given:
                await peer.gateway.close(int(given["close"]))
            if "drop" in given:
                await peer.gateway.drop(int(given["drop"]))
            if "raw" in given:
                await peer.gateway.raw(given["raw"])
            peer.gateway.refuse = int(given.get("refuse", peer.gateway.refuse))
            peer.gateway.resume_url = given.get("resume_url", peer.gateway.resume_url)
            return {"log": peer.gateway.log}
        case "deny":  # permission (view, send, history, threads), channel?
            peer.world.denied.add((given.get("channel", harness.CHANNEL), given["permission"]))
            return {}
        case "manager":  # may: whether the person may manage the server
            peer.world.person.manager = bool(given.get("may", True))
            return {}
        case "connected":  # timeout?
            async with asyncio.timeout(float(given.get("timeout", 10))):
                await harness.connected()
            return {"log": peer.gateway.log}
        case "disconnected":  # the coach was killed: the next "connected" waits for its successor
            peer.gateway.ready.clear()
            return {}
        case "wait":  # post (number), timeout?
            return _shown(await harness.post(int(given["post"]), timeout=float(given.get("timeout", 5))))
        case "posts":
            return [_shown(post) for post in peer.posts()]
        case "requests":
            return {"requests": peer.rest.requests, "refused": peer.rest.refusals}
        case _:
            raise web.HTTPNotFound(text=f"no such control: {what}")
