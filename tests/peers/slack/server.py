"""The peer itself: an aiohttp server on a free port, its faults, and the people of its workspace."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.peers.slack.api import WebApi
from tests.peers.slack.delivery import Delivery
from tests.peers.slack.people import People
from tests.peers.slack.rules import METHODS, Refused, check_arguments
from tests.peers.slack.state import APP_TOKEN, BOT_TOKEN, READER_TOKEN, Workspace


@dataclass
class Fault:
    """What happens to the next calls of a method.

    kind: "429" (with `retry_after`), "500", "error" (with `code`), "reset" (the connection dies before the call is
    read), "lost" (the call is carried out, then the connection dies), "slow" (answered after `seconds`), "pass" (nothing:
    the call before the one that is meant).
    """

    kind: str
    times: int = 1
    retry_after: float = 0.05
    code: str = "internal_error"
    seconds: float = 0.1


class SlackPeer(People):
    """`async with SlackPeer() as peer`: `peer.api_url` is what COACH_SLACK_API_URL takes."""

    def __init__(self, *, port: int = 0, echo: bool = True) -> None:
        self.workspace = Workspace()
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.calls: list[tuple[str, Mapping[str, Any]]] = []
        self.refused: list[tuple[str, str, str]] = []
        self.delivery = Delivery(self.workspace)
        self._echoes = echo
        self._background: set[asyncio.Task[Any]] = set()
        self.web_api = WebApi(self.workspace, lambda: self.url, self._echo)
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def fault(self, method: str, kind: str, **how: Any) -> None:
        self.faults[method].append(Fault(kind, **how))

    def _echo(self, event: dict[str, Any]) -> None:
        """Slack tells an app that is subscribed to messages of its own messages too."""
        if self._echoes and self.delivery.connected:
            task = asyncio.create_task(self.delivery.event(event, keep=False))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/upload/v1/{file}", self._upload)
        app.router.add_post("/response/{id}", self._respond)
        app.router.add_get("/link/", self._link)
        from tests.peers.slack.control import add_routes

        add_routes(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.delivery.close()
        if self._runner:
            await self._runner.cleanup()

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json":
            given |= await request.json()
        elif request.method == "POST":
            given |= dict(await request.post())
        fault = next((one for one in self.faults[method] if one.times > 0), None)
        if fault:
            fault.times -= 1
            if fault.kind == "reset":
                return self._cut(request)
            if fault.kind == "429":  # docs/apis/web-api/rate-limits
                return web.json_response(
                    {"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": str(fault.retry_after)}
                )
            if fault.kind == "500":
                return web.Response(status=503, text="upstream connect error")
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
        try:
            reader = self._authorise(method, request)
            check_arguments(method, request.method, given)
            self._check_scope(method, fault, reader=reader)
            self.calls.append((method, given))
            answer = {"ok": True, **await self.web_api.methods[method](given, reader)}
        except Refused as error:
            self.refused.append((method, error.code, error.detail))
            answer = {"ok": False, "error": error.code, "response_metadata": {"messages": [error.detail]}}
        if fault and fault.kind == "lost":
            return self._cut(request)
        return web.json_response(answer, headers={"x-oauth-scopes": ",".join(sorted(self.workspace.scopes))})

    def _authorise(self, method: str, request: web.Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            raise Refused("not_authed")  # docs: common errors
        if method == "apps.connections.open":
            if token != APP_TOKEN:
                raise Refused("not_allowed_token_type" if token == BOT_TOKEN else "invalid_auth")
        elif token not in {BOT_TOKEN, READER_TOKEN}:
            raise Refused("not_allowed_token_type" if token == APP_TOKEN else "invalid_auth")
        return token == READER_TOKEN

    def _check_scope(self, method: str, fault: Fault | None, *, reader: bool) -> None:
        if fault and fault.kind == "error":
            raise Refused(fault.code)
        needed = METHODS[method][0] - {"history"}
        if not reader and needed - self.workspace.scopes:
            raise Refused("missing_scope", ",".join(needed))

    def _cut(self, request: web.Request) -> web.StreamResponse:
        if request.transport:
            request.transport.abort()
        return web.Response()

    async def _upload(self, request: web.Request) -> web.Response:
        file = self.workspace.files.get(request.match_info["file"])
        data = await request.read()
        if file is None or len(data) != file["length"]:
            return web.Response(status=400, text="length")
        file["data"] = data
        return web.Response(text=f"OK - {len(data)}")

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            answer = self.web_api.respond(request.match_info["id"], await request.json())
        except Refused as error:
            self.refused.append(("response_url", error.code, error.detail))
            answer = error.code
        return web.Response(status=200 if answer == "ok" else 404, text=answer)

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self.web_api.tickets:
            return web.Response(status=403)
        self.web_api.tickets.discard(ticket)  # docs/apis/events-api/using-socket-mode: a URL serves once
        return await self.delivery.serve(request)

    async def reader(self, method: str, **arguments: Any) -> dict[str, Any]:
        """What a person with every permission sees through the Web API."""
        import aiohttp

        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {READER_TOKEN}"}) as session,
            session.post(f"{self.api_url}{method}", data=arguments) as answer,
        ):
            return json.loads(await answer.text())


@contextlib.asynccontextmanager
async def peer(**how: Any):
    async with SlackPeer(**how) as one:
        yield one
