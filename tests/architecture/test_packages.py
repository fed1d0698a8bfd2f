"""The three packages: whose they are, how large, how they call themselves."""

import ast
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import ROOT

PACKAGES = ("bot", "knowledge", "jobs")
DISTRIBUTION = "backend-coach"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def test_the_three_names_belong_to_this_distribution_alone() -> None:
    """An editable install lists no top-level names in its record, so ours may be missing; nobody else's may be there."""
    found = metadata.packages_distributions()
    for package in PACKAGES:
        assert set(found.get(package, [DISTRIBUTION])) == {DISTRIBUTION}
        others = [
            str(path)
            for distribution in metadata.distributions()
            if distribution.metadata["Name"] != DISTRIBUTION
            for path in distribution.files or ()
            if path.parts[0] in {package, f"{package}.py"}
        ]
        assert others == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_packages_are_imported_from_this_folder(package: str) -> None:
    imported = __import__(package)
    assert Path(imported.__file__ or "").parent == ROOT / package


def test_what_is_installed_is_this_project() -> None:
    installed = metadata.distribution(DISTRIBUTION)
    assert installed.version == PROJECT["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", PROJECT["version"])
    origin = json.loads(installed.read_text("direct_url.json") or "{}").get("url", "")
    assert Path(unquote(urlsplit(origin).path)) == ROOT


def test_it_is_an_application_that_nobody_uploads_by_accident() -> None:
    assert PROJECT["name"] == DISTRIBUTION
    assert "Private :: Do Not Upload" in PROJECT["classifiers"]
    assert "Private :: Do Not Upload" in (metadata.metadata(DISTRIBUTION).get_all("Classifier") or [])
    assert PROJECT["scripts"] == {"coach": "bot.__main__:main"}
    assert {point.value for point in metadata.entry_points(group="console_scripts", name="coach")} == {
        "bot.__main__:main"
    }


def test_the_changelog_begins_with_this_version_or_what_is_to_come() -> None:
    first = re.search(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first is not None
    assert first[1].startswith(("Unreleased", PROJECT["version"]))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_says_what_it_is_and_is_named_by_its_concept(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text))
    assert path.stem not in {"utils", "util", "helpers", "common", "manager", "misc"}


def test_nothing_is_left_to_do_in_the_code() -> None:
    left = [
        str(path.relative_to(ROOT)) for path in MODULES if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", path.read_text())
    ]
    assert left == []


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 40
