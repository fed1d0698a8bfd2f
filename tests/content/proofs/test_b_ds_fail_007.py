"""B.DS.FAIL-007: the rename comes without any fsync before it; killed before the rename, the old file stays whole."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.content.proofs.code import code_of

FORMS = pytest.mark.parametrize(("variant", "name"), [(None, "save"), (0, "store")])


class Killed(BaseException):
    pass


def _save(variant: int | None, name: str, system: Any) -> Any:
    names: dict[str, Any] = {"json": json, "os": system}
    exec(code_of("B.DS.FAIL-007", variant=variant), names)
    return names[name]


@FORMS
def test_nothing_is_forced_to_disk_before_the_rename(variant: int | None, name: str, tmp_path: Path) -> None:
    calls: list[str] = []

    def replace(a: str, b: str) -> None:
        calls.append("replace")
        Path(a).replace(b)

    system = SimpleNamespace(replace=replace, fsync=lambda _: calls.append("fsync"))
    _save(variant, name, system)({"n": 1}, str(tmp_path / "state"))
    assert calls == ["replace"]
    assert json.loads((tmp_path / "state").read_text()) == {"n": 1}


@FORMS
def test_a_killed_process_leaves_the_old_file(variant: int | None, name: str, tmp_path: Path) -> None:
    def killed(*_: Any) -> None:
        raise Killed

    _save(variant, name, os)({"n": 1}, str(tmp_path / "state"))
    with pytest.raises(Killed):
        _save(variant, name, SimpleNamespace(replace=killed))({"n": 2}, str(tmp_path / "state"))
    assert json.loads((tmp_path / "state").read_text()) == {"n": 1}
