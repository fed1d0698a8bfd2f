"""Slack's refusals and broken connections, told apart by whether the message may have arrived."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.core.errors import Ambiguous, ConfigurationError, NotSent, PlatformError, RateLimited, Rejected

_MAYBE_DONE = {"fatal_error", "internal_error", "service_unavailable", "request_timeout"}
"""Slack's codes for a call that broke on its side: "some aspect of the operation may have succeeded"."""

_SENTENCES = {
    "channel_not_found": "Slack does not show me this channel. Invite me with /invite, or check that it still exists.",
    "not_in_channel": "I am not a member of this channel. Invite me with /invite.",
    "is_archived": "This channel is archived. Unarchive it or choose another one.",
    "account_inactive": "The coach was removed from this workspace. Install it again and set the new SLACK_BOT_TOKEN.",
    "token_revoked": "The coach's token was revoked. Install the app again and set the new SLACK_BOT_TOKEN.",
    "missing_scope": "The Slack app lacks a permission for this. Update it from the manifest and reinstall it.",
    "restricted_action": "A workspace preference keeps me from posting here. Ask a workspace admin to allow it.",
}


def code_of(error: BaseException) -> str:
    """Slack's own word for a failure, or "" if Slack gave none."""
    data = getattr(getattr(error, "response", None), "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""


def _status(response: Any) -> int:
    status = getattr(response, "status_code", None) or getattr(response, "status", None)
    return status if isinstance(status, int) else 200


def _retry_after(headers: Mapping[str, str] | None) -> float:
    told = headers or {}
    try:
        return max(float(told.get("Retry-After", told.get("retry-after", 1))), 0.0)
    except ValueError:
        return 1.0


def by_status(status: int, headers: Mapping[str, str] | None = None) -> PlatformError | None:
    """The failure that an HTTP status alone tells of; None for one that says nothing."""
    if status == 429:
        return RateLimited("Slack asks to wait.", retry_after=_retry_after(headers))
    if status >= 500:
        return Ambiguous(f"Slack answered with status {status}.")
    return None


def platform_error(error: BaseException) -> PlatformError:
    """What a failed call means for the message it carried."""
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, SlackApiError):
        return _refusal(error)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return NotSent("Slack cannot be reached.")
    if isinstance(error, aiohttp.ClientError | asyncio.TimeoutError | OSError):
        return Ambiguous("The connection to Slack broke before it answered.")
    return Rejected(f"Slack's answer could not be read ({type(error).__name__}).", code="unreadable_answer")


def _refusal(error: SlackApiError) -> PlatformError:
    code = code_of(error)
    if code in {"ratelimited", "rate_limited"}:
        return RateLimited("Slack asks to wait.", retry_after=_retry_after(getattr(error.response, "headers", None)))
    if failed := by_status(_status(error.response), getattr(error.response, "headers", None)):
        return failed
    if code in _MAYBE_DONE or not code:
        return Ambiguous(f"Slack broke off the call ({code or 'no answer to read'}).")
    return Rejected(_SENTENCES.get(code, f"Slack refused the message ({code})."), code=code)


def configuration_error(error: BaseException, setting: str, url: str) -> ConfigurationError:
    """Why the coach cannot start with the token in `setting`; the token itself is never part of it."""
    code = code_of(error)
    kind = "bot token (it begins with xoxb-)" if setting == "SLACK_BOT_TOKEN" else "app-level token (xapp-)"
    if code in {"invalid_auth", "not_authed", "token_expired"}:
        return ConfigurationError(
            f"Slack does not accept {setting}.", next_step=f"Copy the {kind} again from api.slack.com/apps."
        )
    if code in {"account_inactive", "token_revoked", "user_removed_from_team"}:
        return ConfigurationError(
            f"{setting} belongs to an app that was removed from the workspace.",
            next_step="Install the app again under OAuth & Permissions and copy the new token.",
        )
    if code in {"not_allowed_token_type", "no_permission", "missing_scope", "forbidden_team"}:
        scope = "connections:write" if setting == "SLACK_APP_TOKEN" else "the scopes of deploy/slack/manifest.yaml"
        return ConfigurationError(
            f"{setting} lacks a permission ({code}).",
            next_step=f"Give it {scope}, reinstall the app and copy it again.",
        )
    if code:
        return ConfigurationError(
            f"Slack refuses {setting} ({code}).", next_step="Check the app under api.slack.com/apps."
        )
    return ConfigurationError(
        f"Slack cannot be reached at {url}.", next_step="Check the network and COACH_SLACK_API_URL, then start again."
    )
