"""The cache on disk is used again, and an edit in a kernel that is called from another file is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

import mlplat
from mlplat.infra.kernels.compilation import package_digest

PROGRAM = """
import mlplat as mp
trace = mp.JobTrace.build(submit=range(40), duration=[9] * 40, request=[0] * 40, requests=[mp.ResourceRequest(cpus=1)])
result = mp.replay(mp.ClusterSpec.parse("8x4cpu"), trace, placement="random", seed=1)
print(mp.__file__)
print(*result.attempts["node"])
"""
MIXED_IN = "0x9E3779B97F4A7C15"  # the constant of the generator that `random` draws with (docs/scheduling.md)


def kernels(folder: Path) -> Path:
    """A folder of two small Python files."""
    folder.mkdir()
    (folder / "a.py").write_text("x = 1\n")
    (folder / "b.py").write_text("y = 2\n")
    return folder


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    first, second = kernels(tmp_path / "one"), kernels(tmp_path / "two")
    assert package_digest(first) == package_digest(second)
    (second / "b.py").write_text("y = 3\n")
    edited = package_digest(second)
    (second / "b.py").write_text("y = 2\n")
    assert edited != package_digest(first) == package_digest(second)
    (second / "b.py").rename(second / "c.py")
    renamed = package_digest(second)
    (second / "b.py").write_text("")
    assert len({package_digest(first), edited, renamed, package_digest(second)}) == 4
    (first / "notes.txt").write_text("not code")
    assert package_digest(first) == package_digest(kernels(tmp_path / "three"))


def test_bytes_that_move_from_one_file_to_the_next_change_the_digest(tmp_path: Path) -> None:
    first, second = kernels(tmp_path / "one"), kernels(tmp_path / "two")
    (second / "a.py").write_text("x = 1\ny = 2\n")
    (second / "b.py").write_text("")
    assert package_digest(first) != package_digest(second)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_editing_a_called_kernel_compiles_anew_and_nothing_else_does(tmp_path: Path) -> None:
    package = tmp_path / "mlplat"
    shutil.copytree(Path(mlplat.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    cache = tmp_path / "cache"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}

    def nodes() -> list[int]:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert ran.returncode == 0, ran.stderr
        file, line = ran.stdout.splitlines()
        assert Path(file).parent == package
        return [int(node) for node in line.split()]

    def compiled() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in sorted(cache.rglob("*.nb[ic]"))}

    first = nodes()
    written = compiled()
    assert any("replay_loop" in path.name for path in written)
    assert nodes() == first
    assert compiled() == written  # loaded, not compiled
    draws = package / "infra" / "kernels" / "draws.py"
    source = draws.read_text()
    assert MIXED_IN in source
    draws.write_text(source.replace(MIXED_IN, "0xD1342543DE82EF95"))
    assert nodes() != first
    assert compiled() != written
