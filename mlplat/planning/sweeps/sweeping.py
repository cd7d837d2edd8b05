"""`sweep`: runs of a scenario over values of its fields."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ...version import VERSION
from .designs import Design
from .outcome import Sweep

if TYPE_CHECKING:
    from ..scenario import Scenario
    from .simulating import Simulator

FORMAT = 1


def sweep(
    scenario: Scenario | str | os.PathLike[str],
    design: Design | Mapping[str, Any] | None = None,
    *,
    folder: str | os.PathLike[str],
    backend: str = "joblib",
    workers: int | None = None,
    replications: int | None = None,
    progress: bool | Callable[[int, int, int], object] | None = None,
) -> Sweep:
    """Run a scenario at every point of a design, each with all replications, and keep each run in `folder` as soon as it is done.

    `design`: what is varied: a `Design`, or a mapping of paths to values, of which the grid is run; the scenario's own `sweep` if left out.
    `folder`: made if it is not there; runs that it holds already are not made again, so that the same call goes on where a sweep was
    killed. `backend`: `serial`, `joblib` (processes on this machine), `dask` or `ray`, also with an address (`dask:tcp://host:8786`,
    `ray:auto`); workers on other machines must see `folder` under the same path. `workers`: as many as there are cores if left out.
    `replications`: in place of the scenario's; more may be asked for later. `progress`: whether a bar is shown, on standard error or in the
    cell of a notebook (None: on a terminal), or a function that is told of finished runs, all runs and failed runs.

    What comes of it does not depend on backend, workers or order. A run that fails is kept with its error, and the others go on.

    Raises SpecError and OptionError for a design that does not fit the scenario; OtherSweepError where the folder is not this sweep's,
    SweepInUseError where it is being run by another, SweepError where it cannot be written; MissingExtraError where the backend is
    not installed.

    >>> import tempfile
    >>> from mlplat.planning.scenario import Scenario
    >>> scenario = Scenario.from_yaml("{cluster: 1x8xV100, workload: {synthetic: {days: 1, gpus: 8}}, replications: 2}")
    >>> made = sweep(scenario, {"policies.queue": ["fifo", "easy"]}, folder=tempfile.mkdtemp(), backend="serial", progress=False)
    >>> made.total, made.finished, made.complete
    (4, 4, True)
    """
    from ..scenario import Scenario
    from .backends.choosing import check_backend
    from .scenario_runs import Base, ScenarioRuns, design_of, figures_shown

    check_backend(backend, workers)
    read = scenario if isinstance(scenario, Scenario) else Scenario.open(scenario)
    wanted = read.replications if replications is None else replications
    chosen = design_of(read) if design is None else design if isinstance(design, Design) else Design(design, seed=read.seed)
    about = {"name": read.name, "base": read.to_dict(), "figures": figures_shown(read)}
    return run_sweep(
        ScenarioRuns(), Base.of(read), chosen, wanted, about, folder=folder, backend=backend, workers=workers, progress=progress
    )


def run_sweep(
    simulator: Simulator,
    base: Any,
    design: Design,
    replications: int,
    about: Mapping[str, Any],
    *,
    folder: str | os.PathLike[str],
    backend: str,
    workers: int | None,
    progress: bool | Callable[[int, int, int], object] | None,
) -> Sweep:
    """A sweep of anything that a `Simulator` runs. `about`: what else `sweep.json` says."""
    from .backends.choosing import open_backend
    from .driving import Driver
    from .planned import plan_runs
    from .progress import shown_progress
    from .results import results_bytes
    from .sweep_folder import SweepFolder

    if isinstance(replications, bool) or not isinstance(replications, int) or not 1 <= replications <= 1_000_000:
        raise OptionError(f"replications={replications!r:.40}: expected a number of at least 1")
    digest = simulator.digest(base)
    runs = plan_runs(simulator, base, digest, design, replications)
    manifest = {
        **about,
        "format": FORMAT,
        "version": VERSION,
        "scenario": digest,
        "design": design.described(),
        "replications": replications,
        "runs": [[run.scenario, run.replication] for run in runs],
    }
    with shown_progress(progress, str(about["name"])) as told, SweepFolder(folder, manifest) as opened:
        driver = Driver(opened, simulator, base, runs, told)
        missing = driver.find()
        if missing:
            with open_backend(backend, workers) as chosen:
                driver.drive(missing, chosen)
        if len(driver.finished) == len(runs):
            opened.finish(runs, results_bytes(opened.path, runs))
        return Sweep(opened.path, unkept=driver.unkept.values())
