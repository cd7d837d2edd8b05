"""A-9.2 and A-9.3: the same bytes in fresh processes under other settings, and a control that has not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mlplat.platform.training import trainer_of

from . import digests_of_everything as everything

ROOT = Path(__file__).resolve().parents[3]


def numpy_features() -> str:
    """The processor's features for which this numpy has code of its own."""
    try:
        from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
    except ImportError:
        return ""
    return " ".join(name for name in __cpu_dispatch__ if __cpu_features__.get(name))


SETTINGS: dict[str, dict[str, str]] = {
    "one thread": {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
    "four threads, no SIMD in numpy, OpenBLAS and glibc for old processors": {
        "PYTHONHASHSEED": "4711",
        "OMP_NUM_THREADS": "4",
        "NUMBA_NUM_THREADS": "4",
        "NPY_DISABLE_CPU_FEATURES": numpy_features(),
        "OPENBLAS_CORETYPE": "Prescott",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX2,-AVX,-FMA,-FMA4,-ERMS",
    },
    "compiled for any processor": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
    "not compiled": {"NUMBA_DISABLE_JIT": "1"},
}


@cache
def found_under(name: str) -> dict[str, Any]:
    """The digests that a fresh process finds under a setting; without a name, as this process is set."""
    if not name:
        return everything.digests()
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **SETTINGS[name]}
    program = [sys.executable, "-m", everything.__name__.removeprefix("mlplat.")]
    run = subprocess.run(program, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_a9_2_models_measures_and_data_have_the_same_bytes_under_every_setting(name: str) -> None:
    assert found_under(name)["portable"] == found_under("")["portable"]


def test_a9_2_training_twice_gives_the_same_bytes() -> None:
    assert everything.digests()["portable"] == found_under("")["portable"]


def test_a9_3_matmul_and_np_exp_are_platform_dependent_and_found_to_be() -> None:
    assert trainer_of(everything.matmul_and_exp).numerics == "platform-dependent"
    controls = {name: found_under(name)["control"] for name in ("one thread", list(SETTINGS)[1])}
    if len(set(controls.values())) == 1:
        pytest.skip("numpy and its BLAS have no variants for this processor: the control gives the same bytes under both settings")
    assert all(found_under(name)["portable"] == found_under("")["portable"] for name in controls)
