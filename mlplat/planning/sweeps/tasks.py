"""What a worker does: some runs, one after the other, each kept in the sweep's folder as soon as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError
from .durable_files import UNFINISHED, sync_folder
from .errors import SweepError
from .planned import Run
from .run_files import RUNS, Finished, read_run, write_failed, write_run
from .shared_traces import shared_trace
from .simulating import Simulator

if TYPE_CHECKING:
    from ...workload import JobTrace


@dataclass(frozen=True, slots=True)
class Task:
    """Some runs for one worker. `base`: the scenario whose fields they vary. `warm`: only to load and compile what such runs need."""

    folder: str
    simulator: Simulator
    base: Any
    runs: tuple[Run, ...]
    warm: bool = False


@dataclass(frozen=True, slots=True)
class Unkept:
    """A run that could not be made for want of memory or files: that is the machine's fault and not kept as an answer."""

    run: Run
    problem: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a task: its runs in order, and the seconds they took."""

    runs: tuple[Finished | Unkept, ...]
    seconds: float


def run_task(task: Task) -> Done:
    """The runs of a task, in its order. Runs that are kept already are not made again.

    Raises SweepError where the folder is not there or cannot be written: workers on other machines need it under the same path.
    """
    folder = Path(task.folder)
    if not (folder / RUNS).is_dir():
        raise SweepError(folder, "a worker does not find this folder; expected one that all workers see under the same path")
    if task.warm:
        _warm_up(task, folder)
        return Done((), 0.0)
    started = time.perf_counter()
    done: list[Finished | Unkept] = []
    try:
        for run in task.runs:
            kept = read_run(folder, run)
            done.append(_made(task, folder, run) if kept is None else kept)
        sync_folder(folder / RUNS)
    except OSError as error:
        raise SweepError(folder, f"cannot be written: {error.strerror or error}") from None
    return Done(tuple(done), time.perf_counter() - started)


def begun(folder: Path, run: Run) -> Path:
    """A mark that is there while a run is being made: where a worker dies, it tells of what."""
    return folder / UNFINISHED / f"{run.name}.begun"


def _made(task: Task, folder: Path, run: Run) -> Finished | Unkept:
    mark = begun(folder, run)
    mark.touch()
    try:
        if run.problem is not None:
            return write_failed(folder, run, *run.problem)
        try:
            figures = _run(task, folder, run)
        except (MemoryError, OSError) as error:
            return Unkept(run, f"{type(error).__name__}: {error}"[:500])
        except Exception as error:  # whatever it is, it is this run's, and the others go on
            return write_failed(folder, run, type(error).__name__, str(error))
        return write_run(folder, run, figures.values, figures.fingerprint)
    finally:
        mark.unlink(missing_ok=True)


def _run(task: Task, folder: Path, run: Run) -> Any:
    scenario = task.simulator.at(task.base, run.fields)
    return task.simulator.run(scenario, run.replication, _trace(task, folder, run, scenario))


def _trace(task: Task, folder: Path, run: Run, scenario: Any) -> JobTrace | None:
    """The trace of a run where several share it, else None: it is then made for this run alone, and by it."""
    if run.trace is None:
        return None
    make: Callable[[], JobTrace] = lambda: task.simulator.trace(scenario, run.replication)  # noqa: E731
    return shared_trace(folder, run.trace, make)


def _warm_up(task: Task, folder: Path) -> None:
    """Make the trace of the first run and run one job of it: what that compiles, other workers find on the disk."""
    for run in task.runs[:1]:
        with suppress(MlplatError, MemoryError, OSError, ValueError, ArithmeticError, LookupError, TypeError):
            scenario = task.simulator.at(task.base, run.fields)
            trace = _trace(task, folder, run, scenario) if run.trace is not None else task.simulator.trace(scenario, run.replication)
            task.simulator.run(scenario, run.replication, trace.take([0]) if trace is not None and len(trace) else None)
    if not task.runs:
        from ...runs import replay  # noqa: F401  # a second or so, before the first run is there for this worker
