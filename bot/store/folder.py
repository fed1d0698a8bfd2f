"""The data folder: made, checked and held by one process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.core.errors import ConfigurationError


def ready_folder(path: Path) -> Path:
    """The folder, made if needed; raises ConfigurationError if it cannot be written to."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = path / f".write-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {path} cannot be written to ({error.strerror or error}).",
            next_step="Correct its permissions, or set COACH_DATA_DIR to another folder.",
        ) from error
    return path


@contextmanager
def held_folder(path: Path) -> Iterator[None]:
    """Hold the folder for this process; raises ConfigurationError if another one has it."""
    ready_folder(path)
    lock = FileLock(path / "coach.lock")
    owner = path / "coach.pid"
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        pid = owner.read_text().strip() if owner.exists() else "?"
        raise ConfigurationError(
            f"Another coach (process {pid}) is using the data folder {path}.",
            next_step="Stop that one, or set COACH_DATA_DIR to another folder.",
        ) from error
    try:
        owner.write_text(str(os.getpid()))
        yield
    finally:
        owner.unlink(missing_ok=True)
        lock.release()
