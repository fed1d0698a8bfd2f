"""What a reply still needs of the event it answers: the trigger for a form, the response URL, who may see it."""

import dataclasses
import json
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from bot.core.model import Inbound

TRIGGER_SECONDS = 3.0
"""https://docs.slack.dev/interactivity/handling-user-interaction: a trigger_id expires three seconds after the press."""
_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """The part of an event that its answer needs after a restart; it travels in `Inbound.carry`.

    `only` says that the event itself was visible to its sender alone, so that its answers are too.
    """

    response_url: str = ""
    only: bool = False
    command: bool = False
    ephemeral: bool = False

    def dump(self) -> str:
        """As text for `Inbound.carry`."""
        return json.dumps({name: value for name in self.__slots__ if (value := getattr(self, name))})

    @classmethod
    def load(cls, text: str) -> "Carry":
        """What `dump` wrote; an empty text is an event that needs nothing."""
        return cls(**json.loads(text)) if text else cls()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An event being answered. `trigger` opens one form before `until` (seconds of the given clock)."""

    inbound: Inbound
    carry: Carry
    trigger: str | None
    until: float


class Requests:
    """The events being answered, by their id, bounded: one that was pushed out is answered without trigger and URL."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._open: OrderedDict[str, Request] = OrderedDict()

    def remember(self, inbound: Inbound, trigger: str | None) -> None:
        """Keep what the replies to `inbound` need; without `trigger` for an event from before a restart."""
        self._open[inbound.id] = Request(
            inbound=inbound, carry=Carry.load(inbound.carry), trigger=trigger, until=self._seconds() + TRIGGER_SECONDS
        )
        while len(self._open) > _KEPT:
            self._open.popitem(last=False)

    def forget(self, inbound_id: str) -> None:
        """The event is answered: keep nothing of it."""
        self._open.pop(inbound_id, None)

    def of(self, key: str) -> Request | None:
        """The event that the reply with this key answers."""
        return self._open.get(key.rpartition(":")[0])

    def trigger(self, request: Request) -> str | None:
        """The trigger, if it can still open a form; it is handed out once."""
        self._open[request.inbound.id] = dataclasses.replace(request, trigger=None)
        return request.trigger if self._seconds() < request.until else None
