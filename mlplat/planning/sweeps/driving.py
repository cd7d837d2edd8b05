"""The driver: sends the runs that are not there to a backend until all are, and enters each in the index as soon as it is told of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .backends.backend import Backend, Died
from .errors import SweepError
from .pending import Pending
from .planned import Run
from .run_files import Finished, read_run
from .simulating import Simulator
from .sweep_folder import SweepFolder
from .tasks import Task, Unkept, begun

AHEAD = 2
"""Tasks for each worker that are under way: one that it does and one that it has next."""
MOST_VAIN_STARTS = 5

Told = Callable[[int, int, int], object]
"""Is told how many runs there are now, of how many, and how many of them failed."""


@dataclass
class Driver:
    """Makes the runs of a sweep that its folder lacks. `finished`: all that are there; `unkept`: those that could not be made."""

    folder: SweepFolder
    simulator: Simulator
    base: Any
    runs: Sequence[Run]
    told: Told
    finished: dict[tuple[str, int], Finished] = field(default_factory=dict)
    unkept: dict[tuple[str, int], Unkept] = field(default_factory=dict)

    def find(self) -> list[Run]:
        """See what is there, and return what is not."""
        self.finished = self.folder.kept(self.runs)
        self._tell()
        return [run for run in self.runs if run.key not in self.finished]

    def drive(self, missing: Sequence[Run], backend: Backend) -> None:
        """Have runs made. Raises SweepError where that cannot go on."""
        pending = Pending(missing, backend.workers, backend.most_runs)
        in_flight = self._warmed_up(backend, missing)
        vain = 0
        while pending or in_flight:
            while in_flight < AHEAD * backend.workers and (runs := pending.take(in_flight)):
                backend.submit(self._task(runs))
                in_flight += 1
            before, died = len(self.finished), None
            began = False
            for task, result in backend.wait():
                in_flight -= 1
                if isinstance(result, Died):
                    died = result
                    began |= self._died(task, result, pending)
                elif not task.warm:
                    self._enter(result.runs)
                    pending.took(len(task.runs), result.seconds)
            if died is not None:
                vain = 0 if began or len(self.finished) > before else vain + 1
                if vain == MOST_VAIN_STARTS:
                    raise SweepError(self.folder.path, f"workers die before they begin: {died.problem}")

    def _task(self, runs: tuple[Run, ...], warm: bool = False) -> Task:
        return Task(str(self.folder.path), self.simulator, self.base, runs, warm)

    def _warmed_up(self, backend: Backend, missing: Sequence[Run]) -> int:
        """Let one worker compile what runs need before all of them do, while the others load what they can; returns what is in flight."""
        if backend.workers == 1 or len(missing) < 2:
            return 0
        first = self._task((missing[0],), warm=True)
        backend.submit(first)
        in_flight = min(backend.workers, len(missing))
        for _ in range(in_flight - 1):
            backend.submit(self._task((), warm=True))
        while in_flight:
            ended = backend.wait()
            in_flight -= len(ended)
            if any(task is first or isinstance(result, Died) for task, result in ended):
                break
        return in_flight

    def _died(self, task: Task, died: Died, pending: Pending) -> bool:
        """Take what the worker had done, and give the rest back. Returns whether it had begun anything."""
        if task.warm:
            return False
        kept = [(run, read_run(self.folder.path, run)) for run in task.runs]
        self._enter([one for _, one in kept if one is not None])
        left = [run for run, one in kept if one is None]
        began = [run for run in left if begun(self.folder.path, run).exists()]
        for run in began:
            begun(self.folder.path, run).unlink(missing_ok=True)
        for run in pending.give_back(left, began):
            self._enter([Unkept(run, f"workers die of it: {died.problem}")])
        return bool(began)

    def _enter(self, made: Sequence[Finished | Unkept]) -> None:
        finished = [one for one in made if isinstance(one, Finished) and one.key not in self.finished]
        if finished:
            self.folder.index.add(finished)
            self.finished.update({one.key: one for one in finished})
        self.unkept.update({one.run.key: one for one in made if isinstance(one, Unkept)})
        if made:
            self._tell()

    def _tell(self) -> None:
        failed = sum(one.error_kind is not None for one in self.finished.values()) + len(self.unkept)
        self.told(len(self.finished) + len(self.unkept), len(self.runs), failed)
