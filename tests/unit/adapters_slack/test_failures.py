import aiohttp
import pytest

from bot.adapters.slack.failures import by_status, platform_error
from bot.core.errors import Ambiguous, NotSent, RateLimited, Rejected


def test_a_status_alone() -> None:
    limited = by_status(429, {"Retry-After": "2.5"})
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 2.5
    assert isinstance(by_status(503), Ambiguous)
    assert by_status(404) is None
    unreadable = by_status(429, {"Retry-After": "soon"})
    assert isinstance(unreadable, RateLimited)
    assert unreadable.retry_after == 1.0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (aiohttp.ConnectionTimeoutError(), NotSent),
        (aiohttp.ServerDisconnectedError(), Ambiguous),
        (aiohttp.ClientOSError(104, "reset"), Ambiguous),
        (aiohttp.SocketTimeoutError(), Ambiguous),
        (TimeoutError(), Ambiguous),
        (ConnectionResetError(), Ambiguous),
        (KeyError("x"), Rejected),
        (NotSent("x"), NotSent),
    ],
)
def test_a_broken_connection(error: Exception, kind: type[Exception]) -> None:
    assert type(platform_error(error)) is kind
