"""The control API for tests that run the coach as a process: POST JSON to /_peer/<what>, get JSON back."""

import base64
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.peers.harness import Post
from tests.peers.slack.people import as_form
from tests.peers.slack.state import ADA, APP_TOKEN, BOT_TOKEN, GENERAL, SECRET

if TYPE_CHECKING:
    from tests.peers.slack.server import SlackPeer


def announced(peer: "SlackPeer") -> dict[str, Any]:
    """What a test needs to point a coach at this peer and to drive it."""
    return {
        "url": peer.url,
        "api_url": peer.api_url,
        "control_url": f"{peer.url}/_peer/",
        "bot_token": BOT_TOKEN,
        "app_token": APP_TOKEN,
        "signing_secret": SECRET,
        "person": ADA,
        "channel": GENERAL,
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
    }


def add_routes(app: web.Application, peer: "SlackPeer") -> None:
    """Put the control API on the peer's own port."""

    async def act(request: web.Request) -> web.Response:
        given = await request.json() if request.can_read_body else dict(request.query)
        return web.json_response(await _act(peer, request.match_info["what"], given))

    app.router.add_route("*", "/_peer/{what}", act)


async def _act(peer: "SlackPeer", what: str, given: dict[str, Any]) -> Any:  # noqa: PLR0911
    match what:
        case "mention":
            began = len(peer.delivery.acks)
            thread = await peer.mention(**given)
            return {"thread": thread, "acks": _acks(peer, began)}
        case "direct":
            began = len(peer.delivery.acks)
            channel = await peer.direct(**given)
            return {"channel": channel, "acks": _acks(peer, began)}
        case "chatter":
            texts = given.pop("texts", None) or [given.pop("text")]
            for text in texts:
                await peer.chatter(text, **given)
            return {"count": len(texts)}
        case "command":
            return vars(await peer.command(**given))
        case "press":
            return vars(await peer.press(peer.posts()[int(given["post"])], given["label"]))
        case "submit":
            form = as_form(peer.workspace.views[int(given.get("view", -1))])
            return vars(await peer.submit(form, given["values"]))
        case "redeliver":
            return [vars(ack) for ack in await peer.delivery.redeliver(int(given.get("times", 1)))]
        case "fault":
            peer.fault(given.pop("method"), given.pop("kind"), **given)
            return {}
        case "scopes":
            peer.workspace.scopes = set(given["scopes"])
            return {}
        case "http":
            peer.delivery.request_url = given["url"]
            return {}
        case "half_open":
            peer.delivery.half_open()
            return {}
        case "reset":
            await peer.delivery.reset()
            return {}
        case "connected":
            await peer.delivery.wait_connected(timeout=float(given.get("timeout", 10)))
            return {"connects": peer.delivery.connects}
        case "wait":
            post = await peer.post(int(given["post"]), timeout=float(given.get("timeout", 5)))
            return _shown(post)
        case "posts":
            return [_shown(post) for post in peer.posts()]
        case "form":
            return {
                "title": (form := await peer.form(timeout=float(given.get("timeout", 5)))).title,
                "fields": form.fields,
            }
        case "refused":
            return peer.refused
        case _:
            raise web.HTTPNotFound(text=f"no such control: {what}")


def _acks(peer: "SlackPeer", began: int) -> list[dict[str, Any]]:
    return [vars(ack) for ack in peer.delivery.acks[began:]]
