"""The store: one object with a part for each port."""

from pathlib import Path

from sqlalchemy.engine import URL

from bot.core.ports import Clock
from bot.store.charging import SqlCharges
from bot.store.conversation import SqlConversations, SqlSpending
from bot.store.corpus import SqlCorpus
from bot.store.corrections import SqlCorrections
from bot.store.disputes import SqlDisputes
from bot.store.engine import Database, database_url, prepare
from bot.store.gaps import SqlGaps
from bot.store.inbox import SqlInbox
from bot.store.noise import SqlNoise
from bot.store.outbox import SqlOutbox
from bot.store.practice import SqlPractice
from bot.store.privacy import SqlPrivacy
from bot.store.progress import SqlProgress
from bot.store.reviews import SqlReviews
from bot.store.subscriptions import SqlSubscriptions


class SqlStore:
    """`bot.core.ports.Store` on SQLite or PostgreSQL."""

    def __init__(self, url: URL, clock: Clock) -> None:
        self._database = Database(url)
        self.inbox = SqlInbox(self._database, clock)
        self.subscriptions = SqlSubscriptions(self._database)
        self.outbox = SqlOutbox(self._database)
        self.charges = SqlCharges(self._database)
        self.noise = SqlNoise(self._database)
        self.practice = SqlPractice(self._database)
        self.corrections = SqlCorrections(self._database)
        self.disputes = SqlDisputes(self._database)
        self.reviews = SqlReviews(self._database)
        self.progress = SqlProgress(self._database)
        self.documents = SqlCorpus(self._database)
        self.conversations = SqlConversations(self._database, clock)
        self.gaps = SqlGaps(self._database)
        self.spending = SqlSpending(self._database)
        self.privacy = SqlPrivacy(self._database)

    async def warm(self) -> None:
        """Connect, so that the first event does not have to."""
        await self._database.warm()

    async def close(self) -> None:
        """Close all connections."""
        await self._database.close()


def open_store(url: str | None, data_dir: Path, clock: Clock) -> SqlStore:
    """The store at `url`, or SQLite in `data_dir`, with its schema up to date. Raises ConfigurationError, StoreError."""
    parsed = database_url(url, data_dir)
    prepare(parsed)
    return SqlStore(parsed, clock)
