"""The control API for tests that run the coach as a process: POST JSON to /_peer/<what>, get JSON back."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.peers.model.rules import KEY, MODEL

if TYPE_CHECKING:
    from tests.peers.model.server import ModelPeer


def announced(peer: "ModelPeer") -> dict[str, Any]:
    """What a test needs to point a coach at this peer (OPENAI_BASE_URL, OPENAI_API_KEY, COACH_MODEL) and to drive it."""
    return {
        "url": peer.url,
        "base_url": peer.base_url,
        "control_url": f"{peer.url}/_peer/",
        "api_key": KEY,
        "model": f"openai:{MODEL}",
    }


def add_routes(app: web.Application, peer: "ModelPeer") -> None:
    """Put the control API on the peer's own port."""

    async def act(request: web.Request) -> web.Response:
        given = await request.json() if request.can_read_body else {}
        return web.json_response(_act(peer, request.match_info["what"], given))

    app.router.add_route("*", "/_peer/{what}", act)


def _act(peer: "ModelPeer", what: str, given: dict[str, Any]) -> Any:
    match what:
        case "behave":
            peer.behave(given.pop("kind"), **given)
            return {}
        case "requests":
            return [{"path": one.path, "headers": dict(one.headers), "body": one.body} for one in peer.requests]
        case "refused":
            return peer.refused
        case "closed":
            return {"count": peer.closed_early}
        case _:
            raise web.HTTPNotFound(text=f"no such control: {what}")
