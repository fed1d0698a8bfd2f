"""The figures of a run, beside what they are held against."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One figure; `limit` is the target in the same unit, the least allowed if `at_least`, else the most."""

    name: str
    value: float
    limit: float
    unit: str
    note: str = ""
    at_least: bool = False

    @property
    def ok(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def show(rows: Sequence[Row]) -> None:
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    for row in rows:
        mark = "ok  " if row.ok else "OVER" if not row.at_least else "LESS"
        print(f"{mark} {row.name:<42} {row.value:>8.3f} of {row.limit:>8.3f} {row.unit:<3} {row.note}")
