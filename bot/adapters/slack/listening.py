"""How events reach the coach: slack-bolt behind a websocket or an HTTP port, with one middleware in front of all."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.adapter.asgi.http_request import AsgiHttpRequest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.adapters.slack.translate import Identity
from bot.adapters.slack.web import Web, sdk_logger
from bot.core.errors import ConfigurationError

log = logging.getLogger(__name__)

EVENTS_PATH = "/slack/events"
HEALTH_PATH = "/healthz"

Receive = Callable[[dict[str, Any]], Awaitable[bool]]
"""Takes an event's body; False: it is not acknowledged, so that Slack delivers it again."""


class _Front(AsyncMiddleware):
    """Answers every request itself: nothing is left to listeners, so nothing is acknowledged before it is stored."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002  # bolt passes these by name
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002, ARG002
    ) -> BoltResponse:
        return BoltResponse(status=200 if await self._receive(req.body) else 503, body="")


def bolt_app(web: Web, me: Identity, receive: Receive, signing_secret: str) -> AsyncApp:
    """The bolt app: signature, URL verification, then `receive`. It never calls the Web API itself."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=me.team, bot_user_id=me.bot_user, bot_id=me.bot)

    app = AsyncApp(
        name="coach",
        logger=sdk_logger("bolt", logging.ERROR),
        client=web.client,
        signing_secret=signing_secret,
        authorize=authorize,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    app.use(_Front(receive))

    async def unreadable(error: Exception) -> BoltResponse:
        # `receive` raises nothing: what arrives here is a signed body in which bolt itself stumbled
        log.warning("a malformed Slack event was dropped (%s)", type(error).__name__)
        return BoltResponse(status=200, body="")

    app.error(unreadable)
    return app


class _Envelopes(AsyncSocketModeHandler):
    async def handle(self, client: AsyncBaseSocketModeClient, req: SocketModeRequest) -> None:
        try:
            await super().handle(client, req)  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001  # a payload that bolt itself cannot read must not end the connection
            log.warning("a malformed Slack event was dropped (%s)", type(error).__name__)
            with contextlib.suppress(Exception):
                await client.send_socket_mode_response({"envelope_id": req.envelope_id})


@contextlib.asynccontextmanager
async def socket_mode(
    app: AsyncApp, web: Web, *, app_token: str, first_url: str, ping_interval: float
) -> AsyncIterator[None]:
    """Connected while the context lasts; a broken connection is made again.

    `ping_interval` in seconds: a half-open connection is noticed after about twice that.
    """
    handler = _Envelopes(
        app,
        app_token,
        logger=sdk_logger("socket", logging.WARNING),
        web_client=web.client,
        ping_interval=ping_interval,
    )
    handler.client.wss_uri = first_url
    connecting = asyncio.create_task(handler.connect_async())  # type: ignore[no-untyped-call]
    renewing = asyncio.create_task(_renew(handler, ping_interval))
    try:
        await connecting
        log.info("connected to Slack by Socket Mode")
        yield
    finally:
        for task in (connecting, renewing):
            task.cancel()
        await handler.close_async()  # type: ignore[no-untyped-call]


async def _renew(handler: AsyncSocketModeHandler, ping_interval: float) -> None:
    """Let the SDK ask for a new URL where it keeps trying one that does not work: it tries each URL for ever."""
    tried: str | None = None
    while True:
        await asyncio.sleep(ping_interval)
        client = handler.client
        if await client.is_connected():
            tried = None
        elif tried is not None and client.wss_uri == tried:
            client.wss_uri, tried = None, None
        else:
            tried = client.wss_uri


class _Requests(AsyncSlackRequestHandler):
    """Bolt's ASGI handler, with a health check and an answer for a body that bolt cannot read."""

    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        super().__init__(app, path=EVENTS_PATH)
        self._verifier = SignatureVerifier(signing_secret)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == HEALTH_PATH:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
            await send({"type": "http.response.body", "body": b"ok"})
            return
        await super().__call__(scope, receive, send)

    async def dispatch(self, request: AsgiHttpRequest) -> BoltResponse:
        headers = {name: str(value) for name, value in request.get_headers().items()}
        raw = ""
        try:
            raw = await request.get_raw_body()
            return await self.app.async_dispatch(
                AsyncBoltRequest(body=raw, query=request.query_string, headers=dict(headers))
            )
        except Exception as error:  # noqa: BLE001  # whatever is wrong with a body, the server stays up
            if not raw or not self._verifier.is_valid_request(raw, headers):
                return BoltResponse(status=401, body={"error": "invalid request"})
            log.warning("a malformed Slack event was dropped (%s)", type(error).__name__)
            return BoltResponse(status=200, body="")


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals to the process."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"Port {port} on {host} cannot be used for Slack's events ({error.strerror}).",
            next_step="Stop the program that uses it or set COACH_HTTP_PORT to another one.",
        ) from error
    listener.setblocking(False)  # noqa: FBT003
    return listener


@contextlib.asynccontextmanager
async def http(app: AsyncApp, *, signing_secret: str, host: str, port: int) -> AsyncIterator[None]:
    """Serving Slack's requests while the context lasts. Raises ConfigurationError for a port in use."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        _Requests(app, signing_secret), log_config=None, access_log=False, lifespan="off", server_header=False
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # uvicorn sets a flag, no event
        log.info("listening for Slack's events on port %d", port)
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        with contextlib.suppress(asyncio.CancelledError):
            await serving
        listener.close()
