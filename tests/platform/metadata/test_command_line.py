"""`mlplat lineage`: how a model in a folder came to be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import mlplat as mp

from .two_models import register_two_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with a model of code, data and an image, and one of which nothing is known."""
    path = tmp_path_factory.mktemp("lineage") / "store"
    with mp.Platform.open(path) as platform:
        register_two_models(platform)
        platform.models.set_alias("shop/churn@1", "champion", actor=platform.admin)
    return path


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlplat", "lineage", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_a_lineage_is_shown_as_a_tree_and_as_json(folder: Path) -> None:
    done = _run("shop/churn@champion", "--store", folder)
    assert done.returncode == 0 and done.stdout.startswith("model:shop/churn@1\n  model: run:shop/r1\n    code: repo:shop/churn@")
    told = json.loads(_run("shop/churn@1", "--store", folder, "--json").stdout)
    assert told["reproducible"] and told["missing"] == [] and told["fingerprint"] in done.stdout
    assert {(link["role"], link["downstream"]) for link in told["links"]} == {
        *((role, "run:shop/r1") for role in ("code", "image", "training")),
        ("model", "model:shop/churn@1"),
    }


def test_a_lineage_is_written_in_the_forms_of_others(folder: Path) -> None:
    assert _run("shop/churn@1", "--store", folder, "--as", "mermaid").stdout.startswith("flowchart LR\n")
    pytest.importorskip("prov")
    assert "model" in str(json.loads(_run("shop/churn@1", "--store", folder, "--as", "prov").stdout))
    pytest.importorskip("openlineage")
    events = [json.loads(line) for line in _run("shop/churn@1", "--store", folder, "--as", "openlineage").stdout.splitlines()]
    assert [event["eventType"] for event in events][-1] == "COMPLETE"


def test_what_is_missing_ends_with_status_1_and_what_cannot_be_meant_with_2(folder: Path, tmp_path: Path) -> None:
    done = _run("shop/found@1", "--store", folder)
    assert done.returncode == 1 and "missing: " in done.stdout
    for arguments, says in (
        (("shop/churn@1", "--store", folder, "--as", "dot"), "unknown form 'dot'"),
        (("shop/none@1", "--store", folder), "unknown"),
        (("shop/churn@1", "--store", tmp_path / "none"), "expected the folder of a platform"),
        (("churn", "--store", folder), "expected 'project/name'"),
    ):
        done = _run(*arguments)
        assert done.returncode in (1, 2) and "Traceback" not in done.stderr, done
        if arguments[0] != "shop/none@1":
            assert done.returncode == 2 and says in done.stderr, done
