"""Opening the database: SQLite with the settings it needs, or PostgreSQL, brought to the newest schema."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.core.errors import ConfigurationError, StoreError
from bot.store import sqlite

_SQLITE_CONNECTIONS = 3
_DAMAGED = ("malformed", "not a database", "disk I/O error")
REVISION = "0004"
"""The newest migration; a test compares it with the migrations folder."""


def database_url(url: str | None, data_dir: Path) -> URL:
    """The URL of the database; raises ConfigurationError for one that is neither SQLite nor PostgreSQL."""
    if url is None:
        return make_url(f"sqlite:///{data_dir / 'coach.db'}")
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "COACH_DATABASE_URL is not a database URL.", next_step="Use postgresql://user:password@host/name."
        ) from error
    if parsed.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite":
        return parsed
    raise ConfigurationError(
        f"COACH_DATABASE_URL names {parsed.drivername}, which the coach does not speak.",
        next_step="Use postgresql://… or leave it out for SQLite.",
    )


def _sqlite_connection(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, with BEGIN IMMEDIATE
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=10000",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(url: URL) -> None:
    """Bring the schema to REVISION; raises StoreError for a database from a newer version."""
    engine = create_engine(url)
    try:
        if engine.dialect.name == "sqlite":
            # here, alone: connections that switch at the same time lock one another out
            with engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                    raise StoreError(
                        f"The database {url.database} is damaged.", next_step="Restore a backup of that file."
                    )
        with engine.connect() as connection:
            found = None
            if engine.dialect.has_table(connection, "alembic_version"):
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if found == REVISION:
            return
        if found is not None and str(found) > REVISION:
            raise StoreError(
                f"The database was written by a newer version of the coach (schema {found}, this one knows {REVISION}).",
                next_step="Install that version, or set COACH_DATA_DIR or COACH_DATABASE_URL to another place.",
            )
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        if engine.dialect.name == "sqlite":
            # the driver's own transactions leave out what changes the schema, and a kill would leave half of it
            event.listen(engine, "begin", _begin_immediate)
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def _unusable(url: URL, error: DBAPIError) -> StoreError:
    reason = str(error.orig).splitlines()[0] if error.orig else type(error).__name__
    if url.get_backend_name() == "sqlite":
        return StoreError(
            f"The database {url.database} cannot be used ({reason}).",
            next_step="Check the folder's permissions and free space, or restore a backup of that file.",
        )
    return StoreError(
        f"The database server {url.host or 'localhost'} cannot be used ({reason}).",
        next_step="Check COACH_DATABASE_URL and that the server is up.",
    )


def prepare(url: URL) -> None:
    """Create or upgrade the schema; raises StoreError with a sentence for whatever is wrong with the database."""
    try:
        _migrate(url)
    except DBAPIError as error:
        raise _unusable(url, error) from error
    except SQLAlchemyError as error:
        raise StoreError(f"The database cannot be used ({type(error).__name__}).", next_step="See the log.") from error


class Database:
    """Connections to a prepared database, from two pools.

    Those of one are in autocommit for good: to switch a connection back and forth costs more than a statement does.
    """

    def __init__(self, url: URL) -> None:
        self.sqlite = url.get_backend_name() == "sqlite"
        if self.sqlite:
            url = url.set(drivername="sqlite+aiosqlite")
        self._transactions = self._engine(url)
        self._singles = self._engine(url, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)
        if self.sqlite:
            event.listen(self._transactions.sync_engine, "begin", _begin_immediate)

    def _engine(self, url: URL, **more: Any) -> AsyncEngine:
        if not self.sqlite:
            return create_async_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True, **more)
        engine = create_async_engine(url, pool_size=_SQLITE_CONNECTIONS, max_overflow=0, **more)
        event.listen(engine.sync_engine, "do_connect", sqlite.connect)
        event.listen(engine.sync_engine, "connect", _sqlite_connection)
        return engine

    async def warm(self) -> None:
        """Open SQLite's connections now: one that is cancelled while it opens leaves a thread behind that never ends."""
        async with AsyncExitStack() as stack:
            for engine in (self._transactions, self._singles) if self.sqlite else ():
                for _ in range(_SQLITE_CONNECTIONS):
                    await stack.enter_async_context(engine.connect())

    @asynccontextmanager
    async def single(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which each statement stands alone: reads, and writes of one statement."""
        with self._damage_said():
            async with self._singles.connect() as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: all of it is stored when the block ends, nothing if it raises."""
        with self._damage_said():
            async with self._transactions.begin() as connection:
                yield connection

    @contextmanager
    def _damage_said(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if self.sqlite and any(word in str(error.orig) for word in _DAMAGED):
                raise _unusable(self._transactions.url, error) from error
            raise

    async def close(self) -> None:
        """Close all connections."""
        await self._transactions.dispose()
        await self._singles.dispose()
