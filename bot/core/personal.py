"""What is stored about a person: handed out, or forgotten."""

import json
from collections.abc import AsyncIterator

from bot.core.model import Action, Button, Buttons, File, Inbound, Reply, Text
from bot.core.ports import Privacy


def as_json(rows: dict[str, list[dict[str, object]]]) -> bytes:
    """An export as readable JSON; instants in ISO 8601."""
    return json.dumps(rows, indent=2, ensure_ascii=False, default=str).encode()


class Personal:
    """The conversation about one's own data."""

    def __init__(self, privacy: Privacy) -> None:
        self._privacy = privacy

    async def export(self, inbound: Inbound) -> AsyncIterator[Reply]:
        """Everything stored about the asker, as a file only they see."""
        rows = await self._privacy.export(inbound.user)
        file = File(
            name="backend-coach-export.json",
            media_type="application/json",
            data=as_json(rows),
            caption="Everything stored about you.",
        )
        yield Reply(blocks=(file,), private=True)

    async def ask_to_forget(self, inbound: Inbound) -> AsyncIterator[Reply]:
        """A question first: it cannot be undone."""
        del inbound
        yield Reply(
            blocks=(
                Text(
                    text="This deletes your subscription, answers and progress for good. `export` first if you want a copy."
                ),
                Buttons(items=(Button(label="Forget me", action="forget_me", style="danger"),)),
            ),
            private=True,
        )

    async def forget(self, action: Action) -> AsyncIterator[Reply]:
        """Delete it."""
        await self._privacy.forget(action.user)
        yield Reply(
            blocks=(Text(text="Forgotten. Nothing about you is stored any more."),), private=True, replaces=True
        )
