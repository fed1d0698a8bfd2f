"""What discord.py and aiohttp raise, as the core's errors."""

import asyncio
import contextlib
from collections.abc import Iterator

import aiohttp
import discord

from bot.core.errors import Ambiguous, NotSent, PlatformError, RateLimited, Rejected

_DIRECT_CLOSED = "50007"


def translate(error: Exception) -> PlatformError | None:  # noqa: PLR0911 - a table
    """The core's error for a failed request, or None if `error` is not about a request."""
    match error:
        case PlatformError():
            return error
        case discord.RateLimited():
            return RateLimited("Discord asks to wait.", retry_after=error.retry_after)
        case discord.HTTPException():
            return _refused(error)
        case aiohttp.ClientConnectorError() | aiohttp.InvalidURL():
            return NotSent("Discord could not be reached.")
        case aiohttp.ClientError() | asyncio.TimeoutError() | OSError():
            return Ambiguous("The connection to Discord broke before its answer came.")
        case RuntimeError() if "closed" in str(error).lower():
            return NotSent("The connection to Discord is being rebuilt.")
        case _:
            return None


def _refused(error: discord.HTTPException) -> PlatformError:
    code = str(error.code or error.status)
    if error.status == 429:
        return RateLimited("Discord asks to wait.", retry_after=5.0)
    if error.status >= 500:
        return Ambiguous(f"Discord answered with an error of its own ({error.status}).")
    if code == _DIRECT_CLOSED:
        return Rejected("This person does not take direct messages from the coach.", code=code)
    if error.status == 401:
        return Rejected("Discord no longer accepts the bot's token.", code=code)
    return Rejected(f"Discord refused the message (code {code}).", code=code)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Requests inside raise only PlatformError."""
    try:
        yield
    except Exception as error:
        known = translate(error)
        if known is None or known is error:
            raise
        raise known from error
