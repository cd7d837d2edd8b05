"""`plan`: the smallest or cheapest cluster that meets the objectives of a scenario, and `Plan`, the answer with its proof."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import OptionError, SpecError
from ...html_pages import write_html
from ...plotting import Plots
from ...runs.progress_bar import asked_progress
from ..statistics import Interval, mean_interval
from . import plan_view, proof, words
from .asked import Asked, asked, described
from .cheapest import Found
from .goals import Goal, Values, Verdict
from .playing import Playing, PlayingInProcesses
from .runs import Progress, Runs
from .sequential import Searched, search
from .space import Counts, Space
from .verdicts import Judging

if TYPE_CHECKING:
    import polars as pl

    from ..scenario import Scenario
    from .sensitivity import Sensitivity


@dataclass(frozen=True, eq=False)
class Plan:
    """The answer to a scenario: how many nodes, how sure that is, what they cost, and what was tried. Made by `plan`.

    `verdict`: what the replications say of the cheapest choice that meets all objectives; None where none does. `runs`: how many were
    made. `level`: the confidence with which each objective of it holds, one-sided. `random`: whether replications differ at all. `nodes`:
    what a node of each group is. `cost` (US dollars), `energy` (kWh) and `co2` (kg): means a month with their intervals, of the
    choice that was found, else of the best reachable.

    >>> from mlplat.planning.scenario import Scenario
    >>> found = plan(Scenario.from_yaml('''
    ... cluster: 1x8xV100
    ... workload: {synthetic: {jobs: 60, gpus: 16}}
    ... objectives: {p95_wait: 1h}
    ... search: {groups: {node: {least: 1, most: 6}}}
    ... '''))
    >>> found.met, found.counts
    (True, {'node': 3})
    """

    scenario: Scenario
    asked: Asked
    searched: Searched
    verdict: Verdict | None
    runs: int
    level: float
    random: bool
    nodes: Mapping[str, str]
    cost: Interval | None
    energy: Interval | None
    co2: Interval | None
    workers: int = 1

    @property
    def met(self) -> bool:
        """Whether a choice was found that meets every objective."""
        return self.verdict is not None

    @property
    def counts(self) -> dict[str, int]:
        """Nodes by group (devices or cores of a pool): the cheapest that meets all objectives, else the best that can be reached."""
        told = self.verdict or self.best_reachable
        return {} if told is None else self.named(told.counts)

    @property
    def intervals(self) -> Mapping[str, Interval]:
        """By group, between which counts the smallest lies that keeps to the objectives in the mean, the other groups as found."""
        return self.searched.intervals

    @property
    def interval(self) -> Interval | None:
        """That of the first group; None where replications do not differ, or nothing was found."""
        return next(iter(self.intervals.values()), None)

    @property
    def best_reachable(self) -> Verdict | None:
        """Where no choice meets all: of those that were run the one whose worst objective is missed by least."""
        return None if self.verdict is not None else self.found.best_reachable(self.space)

    @property
    def proven(self) -> bool:
        """Whether every cheaper choice was run or is ruled out by one that was."""
        return self.found.proven

    @property
    def tried(self) -> pl.DataFrame:
        """What was run: a row for each objective of each choice (columns: docs/planning/plans.md)."""
        return proof.tried_frame(self.space, self.found, self.searched.edges)

    @property
    def left_out(self) -> pl.DataFrame:
        """What was not run, and why: a row for each reason with the number of choices. With `tried` it covers the ranges."""
        return proof.left_out_frame(self.found.closings)

    def why(self, counts: Mapping[str, int] | int) -> str:
        """Why a choice was or was not run, in a sentence. `counts`: by group, or a number where there is one group. Raises OptionError."""
        if isinstance(counts, Mapping):
            if set(counts) != set(self.space.names):
                raise OptionError(f"expected a count for each of {', '.join(self.space.names)}")
            wanted = tuple(counts[name] for name in self.space.names)
        elif len(self.space.names) == 1:
            wanted = (counts,)
        else:
            raise OptionError(f"expected a count for each of {', '.join(self.space.names)}")
        return proof.why(self.space, self.found, wanted, self.ceiling)

    def sensitivity(
        self, *, load: float = 0.2, failures: float = 0.5, prices: float = 0.2, progress: Progress | None = None
    ) -> Sensitivity:
        """The plan again with more and less load, failures and prices, each by these parts; 0 leaves one out. Raises OptionError."""
        from .sensitivity import sensitivity

        return sensitivity(self, load=load, failures=failures, prices=prices, progress=progress)

    @property
    def plot(self) -> Plots:
        """Figures of what was tried, and of what the plan hangs on: `plot()`, `plot.tornado()` (docs/notebooks_and_plots.md)."""
        return Plots(self, "tried", "tornado")

    # -- parts of it under a short name

    @property
    def found(self) -> Found:
        return self.searched.found

    @property
    def space(self) -> Space:
        return self.asked.space

    @property
    def goals(self) -> tuple[Goal, ...]:
        return self.asked.goals

    @property
    def ceiling(self) -> float | None:
        return self.asked.ceiling

    @property
    def replications(self) -> int:
        """Runs of the choice that is told."""
        told = self.verdict or self.best_reachable
        return 0 if told is None else told.replications

    @property
    def stopped(self) -> str:
        return self.searched.stopped

    @property
    def pool(self) -> bool:
        return bool(self.scenario.cluster.pool)

    @property
    def disorder(self) -> list[tuple[Counts, Counts]]:
        """Pairs of choices that show that more nodes are not always better."""
        return list(self.found.disorder())

    def named(self, counts: Counts) -> dict[str, int]:
        """Counts by the names of the groups."""
        return dict(zip(self.space.names, counts, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """What `mlplat plan --json` prints."""
        return plan_view.to_dict(self)

    def to_html(self, path: str | os.PathLike[str], *, sensitivity: Sensitivity | None = None) -> Path:
        """Write the plan as one self-contained HTML page, with what `sensitivity()` found if that is given, and return where.

        Raises InputError where it cannot be written, MissingExtraError without the extra `report`.
        """
        return write_html("plan_page", self, path, sensitivity=sensitivity)

    def __str__(self) -> str:
        return words.sentence(self)

    def __repr__(self) -> str:
        return plan_view.one_line(self)

    def _repr_html_(self) -> str:
        return plan_view.html_text(self)


def plan(scenario: Scenario | str | os.PathLike[str], *, workers: int = 1, progress: Progress | bool | None = None) -> Plan:
    """The smallest count of nodes, or with several groups the cheapest mix, that meets every objective of a scenario.

    `scenario`: one, or its file. `workers`: processes that play the runs; the plan does not depend on how many. `progress`: whether a bar
    is shown, or what is called with the runs made and about how many there will be. Which groups, between which counts, and with which
    confidence: `search` of the scenario. Raises SpecError, InputError, OptionError.

    >>> import mlplat as mp
    >>> found = mp.plan(mp.Scenario.from_yaml('''
    ... cluster: 4x8xV100
    ... workload: {synthetic: {jobs: 300, gpus: 64, load: 0.6}}
    ... objectives: {p95_wait: 1h}
    ... search: {groups: {node: {least: 2, most: 20}}}
    ... replications: 3
    ... '''))
    >>> found.met, found.proven
    (True, True)
    """
    from ..scenario import Scenario

    read = scenario if isinstance(scenario, Scenario) else Scenario.open(scenario)
    with asked_progress(progress, read.name, "runs") as told:
        return planned(read, workers=workers, progress=told)


def planned(
    scenario: Scenario, *, workers: int = 1, progress: Progress | None = None, start: Counts | None = None, intervals: bool = True
) -> Plan:
    """As `plan`. `start`: where the search begins, by default where the offered work says. `intervals`: whether counts get them."""
    from ..scenario import is_random, trace_of

    if workers < 1:
        raise OptionError(f"workers={workers}: expected at least 1")
    wanted = asked(scenario, None if scenario.workload is None else trace_of(scenario, 0))
    random = is_random(scenario)
    names = wanted.space.names
    playing = Playing(scenario, names) if workers == 1 else PlayingInProcesses(scenario, names, workers)
    try:
        runs = Runs(playing, most=scenario.search.most_runs, progress=progress)
        judging = Judging(runs, wanted.goals, scenario.replications if random else 1, scenario.search.confidence, largest=wanted.space.most)
        searched = search(
            wanted.space,
            judging,
            start=wanted.start if start is None else wanted.space.clamped(start),
            ceiling=wanted.ceiling,
            width=scenario.search.width if intervals else None,
            random=random,
            intervals=intervals,
        )
    finally:
        if isinstance(playing, PlayingInProcesses):
            playing.close()
    _refuse_what_never_runs(searched)
    best = searched.found.best
    told = best or searched.found.best_reachable(wanted.space)
    figures = () if told is None else runs.tried().get(told.counts, ())
    return Plan(
        scenario,
        wanted,
        searched,
        best,
        runs.made,
        judging.confidence,
        random,
        {name: described(scenario, name) for name in names},
        cost=_mean(figures, "cost_per_month", judging.confidence),
        energy=_mean(figures, "energy_kwh_per_month", judging.confidence),
        co2=_mean(figures, "co2_kg_per_month", judging.confidence),
        workers=workers,
    )


def _refuse_what_never_runs(searched: Searched) -> None:
    """A scenario that fails with every choice is at fault, not the choices."""
    verdicts = list(searched.found.verdicts.values())
    if verdicts and all(verdict.error for verdict in verdicts):
        raise SpecError(verdicts[0].error)


def _mean(figures: tuple[Values, ...], name: str, confidence: float) -> Interval | None:
    values = [float(value) for run in figures if (value := run.get(name)) is not None]
    if not values:
        return None
    return mean_interval(values, confidence) if len(values) > 1 else Interval(values[0], values[0], values[0], confidence, 1)
