"""How the peer delivers events: Socket Mode envelopes or signed HTTP requests, with the acknowledgement timed.

docs/apis/events-api, docs/apis/events-api/using-socket-mode, docs/authentication/verifying-requests-from-slack.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import WSMsgType, web

from tests.peers.slack.state import APP, BOT_USER, SECRET, TEAM, Workspace

ACK_SECONDS = 3.0


@dataclass
class Ack:
    """What came of a delivery. `seconds` is how long the acknowledgement took; late or never: ok is False."""

    ok: bool
    seconds: float
    status: int = 200


@dataclass
class _Connection:
    socket: web.WebSocketResponse
    half_open: bool = False


class Delivery:
    """To the newest live websocket, or to `request_url` once that is set."""

    def __init__(self, workspace: Workspace) -> None:
        self._ws = workspace
        self.request_url: str | None = None
        self.patience = ACK_SECONDS
        self.connections: list[_Connection] = []
        self.connects = 0
        self.acks: list[Ack] = []
        self.last: tuple[str, dict[str, Any]] | None = None
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def connected(self) -> bool:
        return self.request_url is not None or bool(self._live())

    def _live(self) -> list[_Connection]:
        return [one for one in self.connections if not one.half_open and not one.socket.closed]

    async def wait_connected(self, *, timeout: float = 10.0) -> None:
        until = time.monotonic() + timeout
        while not self.connected:
            assert time.monotonic() < until, "nobody connected to the peer"
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        for one in self.connections:
            with contextlib.suppress(Exception):
                await one.socket.close()
        if self._session:
            await self._session.close()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        connection = _Connection(socket)
        hello = {"type": "hello", "num_connections": 1, "connection_info": {"app_id": APP}, "debug_info": {}}
        await socket.send_json(hello)
        self.connections.append(connection)
        self.connects += 1
        try:
            async for message in socket:
                if connection.half_open:
                    continue
                if message.type == WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type == WSMsgType.TEXT:
                    acked = json.loads(message.data)
                    if set(acked) - {"envelope_id", "payload"}:  # sdk socket_mode/response.py
                        raise AssertionError(f"not an acknowledgement: {acked}")
                    if waiting := self._waiting.pop(acked["envelope_id"], None):
                        waiting.set_result(None)
        finally:
            self.connections.remove(connection)
        return socket

    def half_open(self) -> None:
        """Every connection so far stays open and is dead."""
        for one in self.connections:
            one.half_open = True

    async def reset(self) -> None:
        """Every connection so far dies without a word."""
        for one in list(self.connections):
            one.half_open = True  # nothing is delivered to it while it dies
            if one.socket._req and one.socket._req.transport:
                one.socket._req.transport.abort()

    async def refresh(self) -> None:
        """Slack asks every connection to go and come back."""
        for one in self._live():
            await one.socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})

    async def event(self, event: dict[str, Any], *, keep: bool = True) -> Ack:
        """An Events API event in its outer body (docs/apis/events-api: callback field overview)."""
        body = {
            "token": "verification",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{self._ws.number():08d}",
            "event_time": int(time.time()),
            "authorizations": [{"enterprise_id": None, "team_id": TEAM, "user_id": BOT_USER, "is_bot": True}],
            "is_ext_shared_channel": False,
        }
        return await self.deliver("events_api", body, keep=keep)

    async def deliver(self, kind: str, body: dict[str, Any], *, retry: int = 0, keep: bool = True) -> Ack:
        """Deliver a body once and wait `patience` seconds (Slack's three) for its acknowledgement."""
        if keep:
            self.last = (kind, body)
        if self.request_url:
            ack = await self._by_http(kind, body, retry)
        else:
            ack = await self._by_socket(kind, body, retry)
        self.acks.append(ack)
        return ack

    async def redeliver(self, times: int) -> list[Ack]:
        """The last body again, as Slack does when it saw no acknowledgement."""
        assert self.last is not None
        kind, body = self.last
        return [await self.deliver(kind, body, retry=number) for number in range(1, times + 1)]

    async def _by_socket(self, kind: str, body: dict[str, Any], retry: int) -> Ack:
        await self.wait_connected()
        envelope_id = f"envelope-{self._ws.number()}"
        envelope = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": body,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        acked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = acked
        began = time.perf_counter()
        try:
            await self._live()[-1].socket.send_json(envelope)
            await asyncio.wait_for(acked, self.patience)
        except (TimeoutError, ConnectionError, IndexError):
            self._waiting.pop(envelope_id, None)
            return Ack(ok=False, seconds=time.perf_counter() - began, status=0)
        return Ack(ok=True, seconds=time.perf_counter() - began)

    async def _by_http(self, kind: str, body: dict[str, Any], retry: int) -> Ack:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if kind == "events_api":
            raw, headers["Content-Type"] = json.dumps(body), "application/json"
            if retry:
                headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        elif kind == "slash_commands":
            raw = urllib.parse.urlencode(body)
        else:
            raw = urllib.parse.urlencode({"payload": json.dumps(body)})
        return await self.post(raw, headers)

    async def post(self, raw: str, headers: dict[str, str], *, secret: str = SECRET, age: int = 0) -> Ack:
        """A request to the app's endpoint, signed with `secret` as of `age` seconds ago."""
        assert self.request_url
        stamp = str(int(time.time()) - age)
        signed = hmac.new(secret.encode(), f"v0:{stamp}:{raw}".encode(), hashlib.sha256).hexdigest()
        headers = {**headers, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed}"}
        self._session = self._session or aiohttp.ClientSession()
        began = time.perf_counter()
        try:
            async with self._session.post(
                self.request_url, data=raw.encode(), headers=headers, timeout=aiohttp.ClientTimeout(self.patience)
            ) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        return Ack(ok=status == 200, seconds=time.perf_counter() - began, status=status)
