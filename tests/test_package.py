"""The package as imported: nothing heavy before it is needed, every public name there, and no name hidden by a module of the same name."""

from __future__ import annotations

import importlib
import itertools
import os
import pkgutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import mlplat as mp
from mlplat.infra import network

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("numba", "polars", "pydantic", "numpy", "simpy", "networkx", "yaml", "typer", "rich", "plotly", "matplotlib", "pandas", "pooch")


def fresh(program: str) -> str:
    """What a program prints in a new interpreter."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def loaded_by(statement: str) -> set[str]:
    return set(fresh(f"import sys; {statement}; print(*[m for m in sys.modules if '.' not in m])").split())


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert loaded_by("import mlplat").isdisjoint(HEAVY)
    assert loaded_by("import mlplat; mlplat.__version__; dir(mlplat); mlplat.MlplatError").isdisjoint(HEAVY)


@pytest.mark.parametrize("package", ["hardware", "traces"])
def test_importing_a_package_loads_no_compiler(package: str) -> None:
    assert loaded_by(f"import mlplat; mlplat.{package}").isdisjoint({"numba", "polars", "pydantic", "simpy"})


def test_describing_a_cluster_and_generating_jobs_loads_no_compiler() -> None:
    statement = "import mlplat as mp; mp.ClusterSpec.parse('2x4xT4').nodes(); mp.traces.synthetic(10)"
    assert loaded_by(statement).isdisjoint({"numba", "plotly", "matplotlib", "pandas"})


def test_a_platform_without_a_cluster_loads_no_compiler() -> None:
    statement = "import mlplat as mp; p = mp.Platform(); a = p.admin; p.identity.create_project('shop', owner=a, actor=a); "
    statement += "p.scm.create_repository('shop/churn', actor=a); p.models.register('shop/churn', b'', run='r', actor=a)"
    assert loaded_by(statement).isdisjoint({"numba", "polars", "pydantic", "networkx", "dulwich", "prov", "openlineage"})


def test_the_command_lines_help_loads_no_compiler() -> None:
    statement = "sys.argv = ['mlplat', '--version']; from mlplat.cli import app; app(standalone_mode=False)"
    loaded = loaded_by(statement)
    assert loaded.isdisjoint({"numba", "polars", "pydantic"})


def test_every_public_name_is_there() -> None:
    assert len(mp.__all__) == len(set(mp.__all__))
    for name in mp.__all__:
        assert getattr(mp, name) is not None
        assert name in dir(mp)
    assert (
        fresh("from mlplat import *; print(replay.__name__, ClusterSpec.__name__, __version__)") == f"replay ClusterSpec {mp.__version__}"
    )


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="teleport"):
        mp.teleport  # noqa: B018
    with pytest.raises(AttributeError, match="teleport"):
        mp.traces.teleport  # noqa: B018
    assert not hasattr(mp, "_repr_html_")


def test_the_names_of_the_network_are_there_before_anything_heavy() -> None:
    assert loaded_by("import mlplat.infra.network as network; dir(network); network.__all__").isdisjoint(HEAVY)
    assert loaded_by("from mlplat.infra.network import AddressPlan, NetworkPolicy, Peer").isdisjoint({"numba", "networkx"})


@pytest.mark.parametrize("package", [mp.traces, mp.hardware, network], ids=["traces", "hardware", "network"])
def test_every_public_name_of_a_package_is_there(package: object) -> None:
    for name in package.__all__:  # type: ignore[attr-defined]
        assert getattr(package, name) is not None


STEPS = (
    "import mlplat.runs.replay",
    "import mlplat.cli",
    "import mlplat.demonstration",
    "import mlplat.traces.generators",
    "mlplat.traces.synthetic(3)",
    "import mlplat.runs.explanation, mlplat.runs.fragmentation",
)


@pytest.mark.parametrize("order", [range(6), range(5, -1, -1), (3, 4, 0, 1, 2, 5), (2, 5, 3, 0, 4, 1), (4, 3, 1, 5, 0, 2)], ids=str)
def test_functions_stay_functions_whatever_is_imported_first(order: tuple[int, ...]) -> None:
    program = "import importlib; import mlplat\n" + "\n".join(STEPS[i] for i in order)
    program += "\nfrom mlplat.traces import describe, filter, slice, sample, shift"
    program += "\nnames = mlplat.replay, mlplat.traces.synthetic, mlplat.read_trace, describe, filter, slice, sample, shift"
    program += "\nprint(*map(callable, names))"
    program += "\nprint(mlplat.replay.__qualname__, len(mlplat.traces.synthetic(3)), len(mlplat.traces.queueing(2, 1.0)))"
    program += "\nprint(mlplat.traces.synthetic is importlib.import_module('mlplat.traces').synthetic)"
    assert fresh(program).splitlines() == [" ".join(["True"] * 8), "replay 3 2", "True"]


def test_names_survive_the_import_of_every_module() -> None:
    modules = [m.name for m in pkgutil.walk_packages(mp.__path__, "mlplat.") if not m.name.endswith("__main__")]
    assert "mlplat.runs.replay" in modules and len(modules) > 50
    program = f"import importlib, mlplat\nfor name in {modules!r}: importlib.import_module(name)\n"
    program += "bad = [n for n in mlplat.__all__ if type(getattr(mlplat, n)).__name__ == 'module' and n not in ('hardware', 'traces')]\n"
    program += "bad += [n for p in (mlplat.traces, mlplat.hardware) for n in p.__all__ if type(getattr(p, n)).__name__ == 'module']\n"
    program += "print(bad)"
    assert fresh(program) == "[]"


def test_the_version_is_the_one_the_build_reads() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    source: dict[str, str] = {}
    exec((ROOT / project["tool"]["hatch"]["version"]["path"]).read_text("utf-8"), source)
    assert source["VERSION"] == mp.__version__
    try:
        installed = metadata.version("mlplat")
    except metadata.PackageNotFoundError:
        return  # run from the source tree
    assert installed == mp.__version__


def test_the_command_is_declared_and_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["scripts"]["mlplat"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_the_type_marker_is_in_the_package() -> None:
    assert (Path(mp.__path__[0]) / "py.typed").is_file()


def test_no_error_of_the_library_is_outside_its_tree() -> None:
    from mlplat import errors

    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(kinds) >= 6
    assert all(issubclass(a, mp.MlplatError) for a in kinds)
    for a, b in itertools.permutations([k for k in kinds if k is not mp.MlplatError], 2):
        assert not issubclass(a, b)
