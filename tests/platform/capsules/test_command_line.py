"""`mlplat capsule`: inspect, import, export."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlplat.platform.artifacts.capsules import archive

from .worlds import World


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlplat", "capsule", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def capsule(tmp_path: Path) -> Path:
    file = tmp_path / "churn.capsule"
    file.write_bytes(World(rich=False).export(licence="MIT"))
    return file


def test_a_capsule_is_inspected_and_a_bad_one_ends_with_status_2(capsule: Path, tmp_path: Path) -> None:
    done = _run("inspect", capsule)
    assert (done.returncode, done.stderr) == (0, "") and "model:shop/churn@1" in done.stdout
    told = json.loads(_run("inspect", capsule, "--json").stdout)
    assert told["model"] == "model:shop/churn@1" and told["members"][0]["name"] == "artifacts/0.json"
    content = bytearray(capsule.read_bytes())
    content[content.index(b"weights")] ^= 1
    (tmp_path / "bad").write_bytes(content)
    (tmp_path / "other").write_bytes(archive.written({"a": b"1"}))
    for name, reason in (("bad", "checksum"), ("other", "manifest.json: it is missing"), ("none", "cannot be read")):
        done = _run("inspect", tmp_path / name)
        assert done.returncode == 2 and done.stdout == "" and reason in done.stderr and done.stderr.count("\n") == 1
    assert _run("inspect", capsule, "--max-bytes", 10).returncode == 2


def test_a_capsule_goes_through_the_platform_in_a_folder_unchanged(capsule: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    done = _run("import", capsule, "--store", store, "--project", "lab", "--json")
    told = json.loads(done.stdout)
    assert told["model"] == "model:lab/churn@1" and len(told["registered"]) == 5
    again = _run("import", capsule, "--store", store, "--project", "lab")
    assert again.returncode == 0 and again.stdout.count("known") == 5 and "new" not in again.stdout
    done = _run("export", "lab/churn@1", tmp_path / "again", "--store", store)
    assert done.returncode == 0 and (tmp_path / "again").read_bytes() == capsule.read_bytes()
    for arguments in (
        ("export", "lab/none@1", tmp_path / "x", "--store", store),
        ("export", "a/b", tmp_path / "x", "--store", tmp_path / "none"),
    ):
        done = _run(*arguments)
        assert done.returncode == 2 and done.stderr.startswith("error: ")
    assert not (tmp_path / "x").exists() and not (tmp_path / "none").exists()


def test_a_bad_capsule_makes_no_store(capsule: Path, tmp_path: Path) -> None:
    capsule.write_bytes(capsule.read_bytes()[:-1])
    done = _run("import", capsule, "--store", tmp_path / "store", "--project", "lab")
    assert done.returncode == 2 and "capsule" in done.stderr and not (tmp_path / "store").exists()
