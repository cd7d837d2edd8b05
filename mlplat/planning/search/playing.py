"""Runs of a scenario with other counts of nodes, in this process or in several."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import MlplatError, OptionError
from .goals import Values
from .space import Counts

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from ...workload import JobTrace
    from ..scenario import Scenario

TRACES_KEPT = 32
"""Traces of replications that are kept for the next choice of counts."""


def with_counts(scenario: Scenario, counts: Mapping[str, int]) -> Scenario:
    """The scenario with so many nodes in each of these groups; of a pool, which is one node, with so many devices, or cores if it has none.

    Raises SpecError where the cluster cannot have so many.
    """
    if not scenario.cluster.pool:
        return scenario.with_fields({f"cluster.groups[{row(scenario, name)}].count": count for name, count in counts.items()})
    ((name, count),) = counts.items()
    amount = "gpus" if scenario.cluster.groups[0].gpus else "cpus"
    return scenario.with_fields({f"cluster.groups[{row(scenario, name)}].{amount}": count})


def row(scenario: Scenario, name: str) -> int:
    """The place of a group in the cluster."""
    return [group.name for group in scenario.cluster.groups].index(name)


class Playing:
    """Plays runs of one scenario. Every choice of counts gets the same jobs in the same replication: they are drawn from the scenario as it
    is, and kept.
    """

    def __init__(self, scenario: Scenario, names: Sequence[str]) -> None:
        self.scenario, self.names = scenario, tuple(names)
        self._traces: OrderedDict[int, JobTrace] = OrderedDict()
        self._changed: tuple[Counts, Scenario] | None = None

    def __call__(self, wanted: Sequence[tuple[Counts, int]]) -> Iterator[Values | str]:
        return (self.play(counts, replication) for counts, replication in wanted)

    def play(self, counts: Counts, replication: int) -> Values | str:
        """The figures of one run, or why the cluster cannot be had."""
        from ..scenario import run_once

        try:
            trace = None if self.scenario.workload is None else self._trace(replication)
            return dict(run_once(self._with(counts), replication, trace=trace).values)
        except MlplatError as error:
            return str(error)

    def _with(self, counts: Counts) -> Scenario:
        if self._changed is None or self._changed[0] != counts:
            self._changed = counts, with_counts(self.scenario, dict(zip(self.names, counts, strict=True)))
        return self._changed[1]

    def _trace(self, replication: int) -> JobTrace:
        from ..scenario import trace_of

        if replication in self._traces:
            self._traces.move_to_end(replication)
            return self._traces[replication]
        fixed = self.scenario.workload is not None and not self.scenario.workload.draws
        if fixed and self._traces:
            return next(iter(self._traces.values()))
        drawn = self._traces[replication] = trace_of(self.scenario, replication)
        if len(self._traces) > TRACES_KEPT:
            self._traces.popitem(last=False)
        return drawn


class PlayingInProcesses:
    """The same in `workers` processes, to be closed. The figures do not depend on how many there are."""

    def __init__(self, scenario: Scenario, names: Sequence[str], workers: int) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        if workers < 1:
            raise OptionError(f"workers={workers}: expected at least 1")
        self._pool: ProcessPoolExecutor = ProcessPoolExecutor(
            workers,
            mp_context=get_context("spawn"),
            initializer=_begin,
            initargs=(scenario.to_dict(), os.fspath(scenario.folder), tuple(names)),
        )

    def __call__(self, wanted: Sequence[tuple[Counts, int]]) -> Iterator[Values | str]:
        return self._pool.map(_play, wanted)

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown(cancel_futures=True)


_playing: Playing | None = None


def _begin(document: dict[str, Any], folder: str, names: tuple[str, ...]) -> None:
    global _playing
    from ..scenario import Scenario

    _playing = Playing(Scenario.from_dict(document, folder=folder), names)


def _play(wanted: tuple[Counts, int]) -> Values | str:
    assert _playing is not None
    return _playing.play(*wanted)
