"""Sentences that a language model writes from quotes; none of them is shown before code has checked it."""

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC

from bot.core.checking import supported
from bot.core.follow_up import Exchange
from bot.core.guard import redacted
from bot.core.memory import Spending
from bot.core.model import Answer
from bot.core.ports import Clock
from knowledge.model import TokensUsed, WriterFailed
from knowledge.ports import Embedder, Writer

log = logging.getLogger(__name__)

_CALL = 2000
"""Tokens that have to be left of the day's budget for a call to be made."""


class Writing:
    """A model within its budget. Whatever goes wrong, nothing is written and the quotes alone answer."""

    def __init__(
        self, writer: Writer, spending: Spending, clock: Clock, *, budget: int, embedder: Embedder | None = None
    ) -> None:
        """`budget` is in tokens a workspace and day (UTC)."""
        self._writer = writer
        self._spending = spending
        self._clock = clock
        self._budget = budget
        self._embedder = embedder

    async def sentences(
        self, question: str, answer: Answer, earlier: Sequence[Exchange], workspace: str
    ) -> AsyncIterator[list[str]]:
        """The checked sentences so far, each time one is added."""
        day = self._clock.now().astimezone(UTC).date()
        if await self._spending.spent(workspace, day) + _CALL > self._budget:
            log.info("the token budget of %s is used up for today", workspace or "direct messages")
            return
        quotes = [redacted(quote.text) for quote in answer.quotes]
        kept: list[str] = []
        used: TokensUsed | None = None
        try:
            async for piece in self._writer.write(question, quotes, earlier=[one.question for one in earlier[-2:]]):
                if isinstance(piece, TokensUsed):
                    used = piece
                elif supported(piece, quotes, similarity=self._embedder.similarity if self._embedder else None):
                    kept.append(piece.text)
                    yield list(kept)
        except WriterFailed as error:
            log.warning("the model gave no answer: %s", error)
        finally:
            if used is not None:
                await self._spending.spend(workspace, day, used)
