"""The peer itself: an aiohttp server on a free port that keeps every request and does what it was told to do next."""

import asyncio
import base64
import contextlib
import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.peers.model import judging, writing
from tests.peers.model.control import add_routes
from tests.peers.model.rules import CHAT_FIELDS, EMBEDDING_FIELDS, KEY, MODEL, Refused, check, check_chat

__all__ = ["KEY", "MODEL", "Behaviour", "ModelPeer", "Recorded"]
EMBEDDING_MODELS = frozenset({MODEL, "text-embedding-3-small"})
KINDS = frozenset(
    {
        "good", "fenced", "array", "wrapped", "one_line", "no_usage", "slow", "stalls", "breaks_off", "reset",
        "broken_json", "half_broken", "invented", "unknown_ids", "injected", "long", "endless", "empty", "429", "500",
        "error_in_stream", "drips", "echoed", "says",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the next `times` chat requests are answered.

    kind: "good" (the first sentence of each quote), "fenced", "array", "wrapped", "one_line" (the same, packed
    otherwise), "no_usage", "slow" (nothing for `seconds`), "stalls" (the first sentence, then nothing for `seconds`),
    "drips" (`seconds` before each piece),
    "breaks_off" (the connection dies after the first sentence), "reset" (it dies before anything is said),
    "broken_json", "half_broken", "invented" (a claim, a name and a number that stand nowhere), "unknown_ids",
    "injected" (does what a question or a quote tells it to), "long", "endless", "empty", "429" (with `retry_after`
    where it is set), "500", "error_in_stream" (200, then an error event), "says" (`text`). `piece`: characters of a
    chunk. Asked for a judgement it judges ("good"), for "invented" with quotes that stand nowhere and a total, for
    "echoed" with quotes from the question.
    """

    kind: str
    times: int = 1
    seconds: float = 30.0
    retry_after: str | None = None
    piece: int = 7
    text: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def text(self) -> str:
        """Everything that was sent, headers apart, for searching."""
        return json.dumps(self.body, ensure_ascii=False)


class ModelPeer:
    """`async with ModelPeer() as peer`: `peer.base_url` is what OPENAI_BASE_URL takes."""

    def __init__(self, *, port: int = 0) -> None:
        self.requests: list[Recorded] = []
        self.refused: list[str] = []
        self.closed_early = 0
        """Streams that the client closed before their end."""
        self._behaviours: list[list[Any]] = []
        self._port = port
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def behave(self, kind: str, **how: Any) -> None:
        """Queue a behaviour; what comes after the queue is "good"."""
        assert kind in KINDS, kind
        behaviour = Behaviour(kind, **how)
        self._behaviours.append([behaviour, behaviour.times])

    def _next(self) -> Behaviour:
        while self._behaviours and self._behaviours[0][1] <= 0:
            self._behaviours.pop(0)
        if not self._behaviours:
            return Behaviour("good")
        self._behaviours[0][1] -= 1
        return self._behaviours[0][0]

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**22, middlewares=[_as_the_api_refuses])
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/embeddings", self._embeddings)
        add_routes(app, self)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        if self._runner:
            await self._runner.cleanup()

    async def _given(self, request: web.Request, fields: frozenset[str], models: frozenset[str]) -> dict[str, Any]:
        raw = await request.read()
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        self.requests.append(Recorded(request.path, dict(request.headers), body))
        try:
            return check(request.headers, body, fields, models)
        except Refused as error:
            self.refused.append(str(error))
            raise

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await self._given(request, CHAT_FIELDS, frozenset({MODEL}))
        check_chat(body)
        behaviour = self._next()
        match behaviour.kind:
            case "reset":
                return _cut(request)
            case "429":
                headers = {"Retry-After": behaviour.retry_after} if behaviour.retry_after is not None else {}
                error = {
                    "message": "Rate limit reached",
                    "type": "requests",
                    "param": None,
                    "code": "rate_limit_exceeded",
                }
                return web.json_response({"error": error}, status=429, headers=headers)
            case "500":
                return web.json_response(
                    {"error": {"message": "The server had an error", "type": "server_error"}}, status=500
                )
            case "slow":
                await self._wait(behaviour.seconds)
        asked = writing.asked(body)
        text = behaviour.text or (judging if judging.asks(asked) else writing).said(behaviour.kind, asked)
        usage = {"prompt_tokens": len(writing.asked(body)) // 4, "completion_tokens": len(text) // 4}
        usage["total_tokens"] = sum(usage.values())
        if not body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            whole = _envelope("chat.completion") | {"choices": [choice], "usage": usage}
            return web.json_response(whole)
        return await self._stream(request, body, behaviour, text, usage)

    async def _wait(self, seconds: float) -> None:
        """`seconds`, or until the peer closes; the client's going away cancels it."""
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        except asyncio.CancelledError:
            self.closed_early += 1
            raise

    async def _stream(
        self, request: web.Request, body: Mapping[str, Any], behaviour: Behaviour, text: str, usage: Mapping[str, int]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(**delta: Any) -> None:
            event = _envelope("chat.completion.chunk") | delta
            await response.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())

        def choice(finish: str | None = None, **delta: str) -> list[dict[str, Any]]:
            return [{"index": 0, "delta": delta, "finish_reason": finish}]

        try:
            await send(choices=choice(role="assistant", content=""))
            first = text.find("\n") + 1
            for start in range(0, len(text), behaviour.piece):
                if behaviour.kind in {"breaks_off", "stalls", "error_in_stream"} and start >= first:
                    break
                if behaviour.kind == "drips":
                    await self._wait(behaviour.seconds)
                await send(choices=choice(content=text[start : start + behaviour.piece]))
            if behaviour.kind == "breaks_off":
                await asyncio.sleep(0.02)  # what was written has to leave before the reset discards it
                return _cut(request)
            if behaviour.kind == "error_in_stream":
                await response.write(b'data: {"error": {"message": "overloaded", "type": "server_error"}}\n\n')
                return response
            if behaviour.kind == "stalls":
                await self._wait(behaviour.seconds)
            await send(choices=choice("stop"))
            if (body.get("stream_options") or {}).get("include_usage") and behaviour.kind != "no_usage":
                await send(choices=[], usage=usage)
            await response.write(b"data: [DONE]\n\n")
            await response.write_eof()
        except ConnectionError:  # the reader has gone
            self.closed_early += 1
        return response

    async def _embeddings(self, request: web.Request) -> web.Response:
        body = await self._given(request, EMBEDDING_FIELDS, EMBEDDING_MODELS)
        given = body.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or not all(isinstance(one, str) and one for one in texts):
            raise Refused(400, "Invalid 'input'.", param="input")
        data = []
        for index, one in enumerate(texts):
            numbers: Any = writing.vector(one)
            if body.get("encoding_format") == "base64":
                numbers = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
            data.append({"object": "embedding", "index": index, "embedding": numbers})
        count = sum(len(re.findall(r"\w+", one)) for one in texts)
        usage = {"prompt_tokens": count, "total_tokens": count}
        return web.json_response({"object": "list", "model": body["model"], "data": data, "usage": usage})


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-peer", "object": kind, "created": 1767571200, "model": MODEL}


def _cut(request: web.Request) -> web.Response:
    with contextlib.suppress(AttributeError):
        request.transport.abort()  # type: ignore[union-attr]
    return web.Response()


@web.middleware
async def _as_the_api_refuses(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as error:
        return web.json_response(error.body, status=error.status)
    except web.HTTPException as error:
        if error.status not in {404, 405} or request.path.startswith("/_peer/"):
            raise
        message = f"Invalid method or URL ({request.method} {request.path})"
        return web.json_response(Refused(error.status, message).body, status=error.status)
