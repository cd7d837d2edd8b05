"""What a release is made of: a wheel with the package and nothing else, a source distribution with everything, metadata, a citation."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml

import mlplat as mp

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis"}


def files_of(folder: str) -> set[str]:
    """The files of a folder of the project, by their path in it, without what caches have left there."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and not CACHES & set(path.parts))
    return {path.relative_to(ROOT).as_posix() for path in found if path.suffix not in (".nbi", ".nbc", ".pyc")}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel that is made from it."""
    if any(importlib.util.find_spec(name) is None for name in ("build", "hatchling")):
        pytest.skip("build or hatchling is not installed (pip install 'mlplat[test]')")
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("mlplat-*-py3-none-any.whl")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files_of("mlplat")
    assert "mlplat/py.typed" in names


def test_the_source_distribution_has_what_is_needed_to_test_and_read_it(built: Path) -> None:
    (source,) = built.glob("mlplat-*.tar.gz")
    with tarfile.open(source) as archive:
        names = {member.name.partition("/")[2] for member in archive.getmembers()}
    wanted = set().union(*(files_of(folder) for folder in ("mlplat", "tests", "docs", "benchmarks", "examples", ".ci")))
    wanted |= {"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "CITATION.cff", "pyproject.toml", "PKG-INFO"}
    assert wanted <= names, sorted(wanted - names)[:10]


def test_the_metadata_is_complete(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    archive = zipfile.ZipFile(wheel)
    text = archive.read(next(name for name in archive.namelist() if name.endswith("/METADATA"))).decode("utf-8")
    metadata = Parser().parsestr(text)
    assert metadata["Name"] == "mlplat" and metadata["Version"] == mp.__version__
    assert metadata["Requires-Python"] == ">=3.11" and metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Author"] and metadata["Summary"] and metadata["Keywords"] and metadata["Description-Content-Type"] == "text/markdown"
    assert set(metadata.get_all("Provides-Extra", [])) == set(PROJECT["optional-dependencies"])
    assert "flight simulator" in str(metadata.get_payload())
    points = archive.read(next(name for name in archive.namelist() if name.endswith("/entry_points.txt"))).decode("utf-8")
    assert "mlplat = mlplat.cli:main" in points


def test_classifiers_agree_with_the_python_that_is_required() -> None:
    versions = {found[1] for one in PROJECT["classifiers"] if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", one))}
    assert PROJECT["requires-python"].removeprefix(">=") in versions
    assert PROJECT["classifiers"] == sorted(PROJECT["classifiers"])


def test_the_citation_is_of_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert citation["title"] and citation["message"] and citation["abstract"]
    assert citation["authors"] == [{"name": author["name"]} for author in PROJECT["authors"]]
    assert citation["version"] == mp.__version__ and citation["license"] == PROJECT["license"]
