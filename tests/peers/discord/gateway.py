"""The gateway: HELLO, IDENTIFY, READY, GUILD_CREATE, heartbeats, RESUME with what was missed, both compressions.

Sources: Discord's pages "Gateway", "Gateway Events", "Opcodes and Status Codes"; discord.py's gateway.py.
"""

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

import zstandard
from aiohttp import WSMsgType, web

from tests.peers.discord.world import CONTENT_FLAG, World, snowflake

GUILDS, GUILD_MESSAGES, DIRECT_MESSAGES, CONTENT = 1 << 0, 1 << 9, 1 << 12, 1 << 15  # "List of Intents"
_PRIVILEGED = (1 << 1) | (1 << 8) | CONTENT


@dataclass
class Session:
    id: str
    intents: int
    seq: int = 0
    sent: list[dict[str, Any]] = field(default_factory=list)
    socket: "Socket | None" = None


class Socket:
    """A connection with its compression context ("Transport Compression")."""

    def __init__(self, ws: web.WebSocketResponse, compress: str | None) -> None:
        self.ws = ws
        self.compress = compress
        self._zlib = zlib.compressobj()
        self._zstd = zstandard.ZstdCompressor().compressobj()

    async def send(self, payload: Any) -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        if self.compress == "zlib-stream":
            await self.ws.send_bytes(self._zlib.compress(text.encode()) + self._zlib.flush(zlib.Z_SYNC_FLUSH))
        elif self.compress == "zstd-stream":
            data = self._zstd.compress(text.encode())
            await self.ws.send_bytes(data + self._zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
        else:
            await self.ws.send_str(text)


class Gateway:
    """Serves `/gateway`. `log` lists what clients did, for assertions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions: dict[str, Session] = {}
        self.log: list[str] = []
        self.resume_url: str | None = None
        self.url = ""
        self.refuse = 0
        self.ready = asyncio.Event()
        self.last: list[tuple[str, dict[str, Any]]] = []
        self._sockets: set[Socket] = set()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        compress = request.query.get("compress")
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            raise web.HTTPBadRequest
        if compress not in {None, "zlib-stream", "zstd-stream"}:
            raise web.HTTPBadRequest
        if self.refuse > 0:
            self.refuse -= 1
            self.log.append("refused")
            raise web.HTTPServiceUnavailable
        self.log.append(f"connect {compress}")
        ws = web.WebSocketResponse(max_msg_size=4096)  # "Sending Events": payloads of at most 4096 bytes
        await ws.prepare(request)
        socket = Socket(ws, compress)
        session: Session | None = None
        self._sockets.add(socket)
        await socket.send({"op": 10, "d": {"heartbeat_interval": 41250}, "s": None, "t": None})
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            data = json.loads(message.data)
            match data["op"]:
                case 1:
                    await socket.send({"op": 11, "d": None, "s": None, "t": None})
                case 2:
                    session = await self._identify(socket, data["d"])
                case 6:
                    session = await self._resume(socket, data["d"])
                case 3:
                    pass
                case _:
                    await ws.close(code=4001)  # "Gateway Close Event Codes": unknown opcode
        self._sockets.discard(socket)
        if session and session.socket is socket:
            session.socket = None
        return ws

    async def _identify(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        self.log.append("identify")
        if data.get("token") != self.world.token:
            await socket.ws.close(code=4004)
            return None
        intents = data.get("intents", -1)
        granted = CONTENT if self.world.app_flags & CONTENT_FLAG else 0
        if not 0 <= intents < 1 << 26:
            await socket.ws.close(code=4013)
            return None
        if intents & _PRIVILEGED & ~granted:
            await socket.ws.close(code=4014)
            return None
        session = Session(snowflake(), intents, socket=socket)
        self.sessions[session.id] = session
        ready = {
            "v": 10, "user": self.world.bot.payload(), "guilds": [{"id": self.world.guild, "unavailable": True}],
            "session_id": session.id, "resume_gateway_url": self.resume_url or self.url,
            "application": {"id": self.world.application, "flags": self.world.app_flags},
        }  # fmt: skip
        await self._push(session, "READY", ready)
        await self._push(session, "GUILD_CREATE", self.world.guild_payload())
        self.ready.set()
        return session

    async def _resume(self, socket: Socket, data: dict[str, Any]) -> Session | None:
        session = self.sessions.get(data.get("session_id", ""))
        if session is None or data.get("token") != self.world.token:
            self.log.append("resume refused")
            await socket.send({"op": 9, "d": False, "s": None, "t": None})
            return None
        self.log.append("resume")
        session.socket = socket
        for event in [one for one in session.sent if one["s"] > data["seq"]]:
            await socket.send(event)
        await self._push(session, "RESUMED", {"_trace": []})
        self.ready.set()
        return session

    async def _push(self, session: Session, name: str, data: Any) -> None:
        session.seq += 1
        event = {"op": 0, "t": name, "s": session.seq, "d": data}
        session.sent.append(event)
        del session.sent[:-500]
        if session.socket is not None:
            try:
                await session.socket.send(event)
            except (ConnectionError, RuntimeError):
                session.socket = None

    async def dispatch(self, name: str, data: dict[str, Any], *, remember: bool = False) -> None:
        """Send an event to every session that may hear it, as it may hear it."""
        if remember:
            self.last.append((name, data))
        for session in list(self.sessions.values()):
            seen = self._as_heard(session, name, data)
            if seen is not None:
                await self._push(session, name, seen)

    def _as_heard(self, session: Session, name: str, data: dict[str, Any]) -> dict[str, Any] | None:
        if name == "MESSAGE_CREATE":
            direct = "guild_id" not in data and not data.get("webhook_id")
            if not session.intents & (DIRECT_MESSAGES if direct else GUILD_MESSAGES):
                return None
            mine = data["author"]["id"] == self.world.bot.id
            named = any(one["id"] == self.world.bot.id for one in data["mentions"])
            if not (session.intents & CONTENT or direct or mine or named):
                # "Message Content Intent": these fields are empty without it
                return data | {"content": "", "attachments": [], "components": [], "embeds": []}
        if name.startswith("THREAD_") and not session.intents & GUILDS:
            return None
        return data

    async def close(self, code: int) -> None:
        """Close every connection, as Discord does before a restart of a node."""
        self.ready.clear()
        for session in list(self.sessions.values()):
            if session.socket is not None:
                socket, session.socket = session.socket, None
                await socket.ws.close(code=code)

    async def drop(self, code: int) -> None:
        """Close every connection and forget the sessions: RESUME will be refused."""
        self.ready.clear()
        self.sessions.clear()
        for socket in list(self._sockets):
            await socket.ws.close(code=code)

    async def raw(self, payload: Any) -> None:
        """Send something as it is, malformed or not."""
        for session in list(self.sessions.values()):
            if session.socket is not None:
                await session.socket.send(payload)
