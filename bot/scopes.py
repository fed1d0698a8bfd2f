"""Scopes as they are named on the command line."""

from bot.core.errors import InvalidRequest
from knowledge.model import EVERYWHERE, Scope


def scope_named(workspace: str, channel: str) -> Scope:
    """The scope behind `--workspace` and `--channel`; everybody without them. Raises InvalidRequest."""
    if channel and not workspace:
        raise InvalidRequest("A channel belongs to a workspace.", next_step="Add --workspace slack:T… or discord:….")
    if workspace and (":" not in workspace or not all(workspace.split(":", 1))):
        raise InvalidRequest(
            f"“{workspace[:40]}” is no workspace.", next_step="Use PLATFORM:ID, such as slack:T0123ABC or discord:1234."
        )
    return Scope(workspace=workspace or EVERYWHERE, channel=channel)
