"""What the process that parses may use: memory, processor time, no files to write, no network, no other program."""

import contextlib
import os
import sys
from pathlib import Path

_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile")


def _deny(event: str, _arguments: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} has no place in reading a document")


def _address_space() -> int:
    """Bytes of address space in use; 0 where /proc does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def confine(memory: int) -> None:
    """Limits this process for good, to `memory` bytes above what it has now; without limits where there are none."""
    sys.addaudithook(_deny)
    try:
        import resource
    except ImportError:
        return
    limits = (
        (resource.RLIMIT_AS, _address_space() + memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_CORE, 0),
    )
    for which, most in limits:
        with contextlib.suppress(ValueError, OSError):  # a system that does not know it, or has a lower one
            resource.setrlimit(which, (most, most))


def allow_seconds(seconds: float) -> None:
    """Lets this process compute for that much longer; then the system ends it."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (soft if hard < 0 else min(soft, hard), hard))
