"""Every adapter that can be configured keeps the seam's signatures, name by name."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.adapters.console import ConsoleAdapter
from bot.app import ADAPTERS, configured, create_adapter
from bot.core import ports
from bot.settings import load_settings
from bot.store.store import SqlStore
from jobs.clock import SystemClock
from tests.conftest import ROOT
from tests.peers.memory_inbox import MemoryInbox
from tests.stores import MemoryAdapter

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1-2-abc",
    "SLACK_APP_TOKEN": "xapp-1-A1-2-abc",
    "DISCORD_TOKEN": "MTA.abc.def",
}


def methods(protocol: type) -> Iterator[str]:
    return (name for name, member in vars(protocol).items() if inspect.isfunction(member) and not name.startswith("_"))


def shape(function: object) -> list[tuple[str, object, object]]:
    """Kinds, defaults and keywords of what is passed; annotations are mypy's business."""
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return [
        (one.name if one.kind is one.KEYWORD_ONLY else "", one.kind, one.default)
        for one in parameters
        if one.name != "self"
    ]


def assert_keeps(cls: type, protocol: type) -> None:
    for name in methods(protocol):
        promised, kept = getattr(protocol, name), getattr(cls, name, None)
        assert kept is not None, f"{cls.__name__} has no {name}"
        assert shape(kept) == shape(promised), f"{cls.__name__}.{name}"
        assert inspect.iscoroutinefunction(kept) == inspect.iscoroutinefunction(promised), f"{cls.__name__}.{name}"


@pytest.fixture
async def created(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ports.Adapter:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(None).model_copy(update={"data_dir": tmp_path})
    return create_adapter(request.param, settings, MemoryInbox(), SystemClock())


@pytest.mark.parametrize("created", list(ADAPTERS), indirect=True)
def test_a_configured_adapter_keeps_the_seam(created: ports.Adapter) -> None:
    assert created.name in ADAPTERS
    assert_keeps(type(created), ports.Adapter)
    if isinstance(created, ports.Profiles):
        assert_keeps(type(created), ports.Profiles)


@pytest.mark.parametrize("cls", [ConsoleAdapter, MemoryAdapter])
def test_the_other_adapters_keep_it_too(cls: type) -> None:
    assert_keeps(cls, ports.Adapter)


def test_the_names_lead_to_a_package_each_that_creates_an_adapter_of_that_name() -> None:
    for name, where in ADAPTERS.items():
        module, _, factory = where.partition(":")
        assert module == f"bot.adapters.{name}"
        assert (ROOT / "bot" / "adapters" / name / "__init__.py").is_file()
        create = getattr(importlib.import_module(module), factory)
        assert list(inspect.signature(create).parameters) == ["settings", "inbox", "clock"]


def test_every_adapter_package_is_named() -> None:
    packages = {path.parent.name for path in (ROOT / "bot" / "adapters").glob("*/__init__.py")}
    assert packages == set(ADAPTERS)


def test_what_is_configured_is_what_has_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.delenv(name, raising=False)
    assert configured(load_settings(None)) == ()
    monkeypatch.setenv("DISCORD_TOKEN", "x")
    assert configured(load_settings(None)) == ("discord",)


@pytest.mark.parametrize(
    ("part", "protocol"),
    [
        ("inbox", ports.Inbox),
        ("subscriptions", ports.Subscriptions),
        ("outbox", ports.Outbox),
        ("practice", ports.Practice),
        ("privacy", ports.Privacy),
    ],
)
def test_the_store_keeps_its_ports(sqlite_store: SqlStore, part: str, protocol: type) -> None:
    assert_keeps(type(getattr(sqlite_store, part)), protocol)


def test_the_inbox_of_the_adapters_tests_keeps_its_port() -> None:
    assert_keeps(MemoryInbox, ports.Inbox)
