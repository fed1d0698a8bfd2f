"""S.SCA-007: Python salts the hash of strings per process, and what modulo moves when one more server joins."""

import os
import subprocess
import sys
import zlib

import pytest

from tests.content.proofs.code import code_of


def _chosen(code: str, function: str, seed: str) -> list[int]:
    script = f"{code}\nprint([{function}(f'id-{{n}}') for n in range(400)])"
    out = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [int(one) for one in out.strip("[]\n").split(",")]


@pytest.mark.parametrize(("variant", "function", "servers"), [(None, "shard_of", 8), (0, "server_for", 4)])
def test_two_processes_disagree_but_one_agrees_with_itself(variant: int | None, function: str, servers: int) -> None:
    code = code_of("S.SCA-007", fence=0, variant=variant)
    one, other = _chosen(code, function, "1"), _chosen(code, function, "2")
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / len(one)
    assert abs(agreed - 1 / servers) < 0.1
    names: dict[str, object] = {}
    exec(code, names)
    choose = names[function]
    assert callable(choose)
    assert all(choose(f"id-{n}") == choose(f"id-{n}") for n in range(400))  # what the tests see: one process


@pytest.mark.parametrize("servers", [8, 4])
def test_modulo_moves_nearly_all_keys(servers: int) -> None:
    period = servers * (servers + 1)
    moved = sum(n % servers != n % (servers + 1) for n in range(period)) / period
    assert moved == pytest.approx(servers / (servers + 1))


def test_a_checksum_is_the_same_everywhere() -> None:
    assert zlib.crc32(b"id-1") == 1497390780
