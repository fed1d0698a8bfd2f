"""The Web API client: one shared session, no retries of its own, nothing of a call in the logs."""

import logging
import re
from collections.abc import Awaitable, Mapping
from typing import TypeVar

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack.failures import platform_error

_T = TypeVar("_T")
_SECRET = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=ticket=)[^&\s'\"]+")


class _Redacted(logging.Filter):
    """Takes tokens and tickets out of what the SDK logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _SECRET.search(text):
            record.msg, record.args = _SECRET.sub("…", text), None
        if record.exc_info:  # a traceback of the SDK's may hold a URL with a ticket
            record.exc_info, record.exc_text = None, None
        return True


def sdk_logger(name: str, level: int) -> logging.Logger:
    """A logger for the SDK that never goes below `level`: below it the SDK logs whole messages."""
    logger = logging.getLogger(f"bot.adapters.slack.{name}")
    logger.setLevel(level)
    if not logger.filters:
        logger.addFilter(_Redacted())
    return logger


class Web:
    """The client and its session, made inside the running loop on first use."""

    def __init__(self, token: str, base_url: str) -> None:
        self._token = token
        self.base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The shared session; a call takes ten seconds at most."""
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(total=10, sock_connect=5)
            self._session = aiohttp.ClientSession(timeout=timeout)
            self._client = None
        return self._session

    @property
    def client(self) -> AsyncWebClient:
        """The client. It repeats nothing by itself: Slack may have accepted a call whose answer was lost."""
        session = self.session
        if self._client is None:
            self._client = AsyncWebClient(
                token=self._token,
                base_url=self.base_url,
                session=session,
                retry_handlers=[],
                logger=sdk_logger("web", logging.WARNING),
            )
        return self._client

    async def post(self, url: str, body: bytes, media_type: str) -> tuple[int, Mapping[str, str], str]:
        """Post to a URL that Slack handed out, through the proxy that the client found in the environment."""
        headers = {"Content-Type": media_type}
        async with self.session.post(url, data=body, headers=headers, proxy=self.client.proxy) as answer:
            return answer.status, answer.headers, await answer.text()

    async def close(self) -> None:
        """Close the session; the next use opens another one."""
        if self._session is not None:
            await self._session.close()


async def attempt(call: Awaitable[_T]) -> _T:
    """The call's result; raises a PlatformError that says whether the call may have worked."""
    try:
        return await call
    except Exception as error:
        raise platform_error(error) from error
