"""S.REL-007: a pipeline ends with the status of its last command, and age alone deletes the last good backup."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.content.proofs.code import code_of

_DAY = 86400


def _run(tmp_path: Path, variant: int | None, shell: str, head: str = "") -> int:
    script = code_of("S.REL-007", fence=0, variant=variant).replace("/backup", str(tmp_path / "backup"))
    broken = tmp_path / "bin"
    broken.mkdir(exist_ok=True)
    for name in ("pg_dump", "tar"):
        (broken / name).write_text("#!/bin/sh\necho 'failed' >&2\nexit 1\n")
        (broken / name).chmod(0o755)
    (tmp_path / "job").write_text(head + script)
    path = f"{broken}:{os.environ['PATH']}"
    return subprocess.run(
        [shell, str(tmp_path / "job")], env={"PATH": path}, capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize(("variant", "name", "days"), [(None, "shop", 7), (0, "docs", 14)])
def test_green_without_a_dump_and_the_last_good_one_goes(
    tmp_path: Path, variant: int | None, name: str, days: int
) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    good = backup / f"{name}-2020-01-01.gz"
    good.write_bytes(b"x" * 1000)
    young = time.time() - (days + 1) * _DAY + 600
    os.utime(good, (young, young))
    assert _run(tmp_path, variant, "sh") == 0  # green
    assert good.exists()  # not yet a full day more than the option says
    made = [one for one in backup.iterdir() if one != good]
    assert [one.stat().st_size for one in made] == [20]  # gzip of nothing
    old = time.time() - (days + 1) * _DAY - 600
    os.utime(good, (old, old))
    assert _run(tmp_path, variant, "sh") == 0
    assert not good.exists()


def test_with_pipefail_it_fails_and_deletes_nothing(tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    good = backup / "shop-2020-01-01.gz"
    good.write_bytes(b"x" * 1000)
    os.utime(good, (0, 0))
    assert _run(tmp_path, None, "bash", "set -o pipefail\n") != 0
    assert good.exists()
