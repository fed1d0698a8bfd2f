"""The code that stands in a practice item, for the tests that run it."""

import re

from knowledge.loader import load_curriculum

_FENCE = re.compile(r"```\n(.*?)```", re.DOTALL)


def code_of(item_id: str, fence: int = 0, *, variant: int | None = None, answer: bool = False) -> str:
    """The text of a code fence of the item's prompt, or of its variant's (counted from 0), or of the answer to it."""
    item = load_curriculum().items[item_id]
    form = item if variant is None else item.variants[variant]
    return _FENCE.findall(form.answer if answer else form.prompt)[fence]
