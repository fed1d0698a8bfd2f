"""Faults on demand: what a test tells the peer to do wrong, and how often."""

import re
from dataclasses import dataclass


@dataclass
class Fault:
    """`kind`: a status such as "503", "429", "reset" (before the request is taken) or "lost" (taken, no answer)."""

    kind: str
    route: str = "POST /channels/.*/messages"
    times: int = 1
    retry_after: float = 0.05
    everywhere: bool = False
    via: bool = True


class Faults:
    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, kind: str, route: str = "POST /channels/.*/messages", times: int = 1, **more: object) -> None:
        self.waiting.append(Fault(kind, route, times, **more))  # type: ignore[arg-type]

    def due(self, method: str, path: str) -> Fault | None:
        for fault in self.waiting:
            if fault.times > 0 and re.fullmatch(fault.route, f"{method} {path}"):
                fault.times -= 1
                return fault
        return None
