"""What an import may pull in: a first screen within a second depends on it. Import rules proper: `make lint`."""

import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = frozenset(
    {
        "chromadb",
        "langchain",
        "langchain_core",
        "langchain_chroma",
        "langchain_classic",
        "onnxruntime",
        "slack_bolt",
        "slack_sdk",
        "discord",
        "apscheduler",
        "alembic",
    }
)
CORE = HEAVY | {"sqlalchemy", "aiohttp", "rich", "typer", "pydantic"}


def loaded(module: str) -> set[str]:
    """Top-level packages that are loaded in a fresh process after importing `module`."""
    script = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("bot.terminal", HEAVY),
        ("bot.adapters.console", HEAVY),
        ("bot.app", HEAVY),
        ("bot.__main__", HEAVY),
        ("bot.settings", HEAVY),
        ("bot.store.store", HEAVY),
        ("jobs.deliveries", CORE),
        ("jobs.nudges", CORE),
        ("bot.core.coach", CORE),
        ("bot.core.intake", CORE),
        ("bot.core.first_minute", CORE),
        ("knowledge.loader", CORE),
    ],
)
def test_an_import_pulls_in_nothing_heavy(module: str, without: frozenset[str]) -> None:
    assert loaded(module) & without == set()


def test_every_module_of_the_core_is_light() -> None:
    names = ", ".join(f"bot.core.{path.stem}" for path in sorted((ROOT / "bot" / "core").glob("[a-z]*.py")))
    assert "bot.core.practice" in names
    assert loaded(names) & CORE == set()


@pytest.mark.parametrize(("platform", "other"), [("slack", "discord"), ("discord", "slack_bolt")])
def test_an_adapter_loads_its_own_sdk_only(platform: str, other: str) -> None:
    found = loaded(f"bot.adapters.{platform}")
    assert other not in found
    assert found & {"chromadb", "langchain", "onnxruntime", "apscheduler", "sqlalchemy"} == set()
