"""Who may administer the coach in a workspace."""

from collections.abc import Collection

from bot.core.errors import InvalidRequest
from bot.core.model import Inbound, UserRef


class Admins:
    """The platforms' own administrators, and those named in COACH_ADMINS as PLATFORM:WORKSPACE:USER."""

    def __init__(self, named: str = "") -> None:
        self._named: Collection[str] = {name.strip() for name in named.split(",") if name.strip()}

    def includes(self, inbound: Inbound) -> bool:
        """Whether the person behind this event administers the coach where it happened."""
        return inbound.admin or _name(inbound.user, inbound.where.workspace) in self._named

    def require(self, inbound: Inbound, what: str) -> None:
        """Raise InvalidRequest unless the person is one; `what` completes "Only an administrator may …"."""
        if not self.includes(inbound):
            raise InvalidRequest(
                f"Only an administrator of this workspace may {what}.",
                next_step="Ask one of them, or whoever runs me to add you to COACH_ADMINS.",
            )


def _name(user: UserRef, place: str) -> str:
    return f"{user.platform}:{user.workspace or place}:{user.id}"
