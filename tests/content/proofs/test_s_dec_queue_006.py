"""S.DEC.QUEUE-006: with a large prefetch the first worker holds everything, and the ones that come later idle."""

import heapq
from typing import Any

import pytest

from tests.content.proofs.code import code_of


class Channel:
    """What the code sets."""

    prefetch = 0
    queue = ""

    def basic_qos(self, prefetch_count: int) -> None:
        self.prefetch = prefetch_count

    def basic_consume(self, queue: str, _: Any) -> None:
        self.queue = queue


def _prefetch(variant: int | None) -> int:
    channel = Channel()
    exec(
        code_of("S.DEC.QUEUE-006", fence=0, variant=variant),
        {"channel": channel, "on_report": print, "on_clip": print},
    )
    assert channel.queue
    return channel.prefetch


def _last_done(jobs: int, job_s: int, prefetch: int, *, others: int, start_s: int) -> tuple[float, list[int]]:
    """When the last job is done, and how many each worker did: the broker fills who has room, first come first."""
    waiting, held, done = jobs, [0] * (1 + others), [0] * (1 + others)
    ends: list[tuple[float, int]] = []
    busy = [False] * (1 + others)

    def fill(now: float, joined: int) -> None:
        nonlocal waiting
        for worker in range(joined):
            take = min(waiting, prefetch - held[worker])
            waiting -= take
            held[worker] += take
            if held[worker] and not busy[worker]:
                busy[worker] = True
                heapq.heappush(ends, (now + job_s, worker))

    fill(0, 1)
    joined, last = 1, 0.0
    while ends:
        if joined == 1 and ends[0][0] > start_s:
            joined = 1 + others
            fill(start_s, joined)
        last, worker = heapq.heappop(ends)
        held[worker] -= 1
        done[worker] += 1
        busy[worker] = False
        fill(last, joined)
    return last, done


@pytest.mark.parametrize(("variant", "jobs", "job_s"), [(None, 400, 3), (0, 240, 5)])
def test_the_first_worker_does_it_all(variant: int | None, jobs: int, job_s: int) -> None:
    last, done = _last_done(jobs, job_s, _prefetch(variant), others=9, start_s=20)
    assert (last, done[0], sum(done[1:])) == (1200, jobs, 0)
    last, done = _last_done(jobs, job_s, 1, others=9, start_s=20)
    assert 130 <= last <= 145
    assert min(done) > 0
