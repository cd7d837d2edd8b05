"""Watching a simulation: it is let happen instant by instant, at the pace of the display, and looked at in between."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...errors import OptionError
from ...units import Duration, seconds
from .display import FRAME_S, Display
from .log_news import LogNews
from .pacing import Pace, speed_of
from .replay_news import ReplayNews
from .view import Happened, Looking, View, without_cluster

if TYPE_CHECKING:
    from rich.console import Console

    from ...context import Simulation
    from ...planning.scenario.scenario import Scenario
    from ...runs.replaying import Replaying
    from ...runs.result import Result

USUAL_SPEED = 600.0
"""Simulated seconds a second."""


class Stopped(Exception):
    """Who looks on has seen enough. Comes out of a run between two instants."""


def watch(
    what: Any,
    *,
    until: Duration | None = None,
    speed: float | str = USUAL_SPEED,
    page: bool = False,
    title: str = "",
    console: Console | None = None,
) -> bool:
    """Let a simulation run while it is shown in the terminal. Returns whether it came to the end; False where it was stopped before.

    `what`: a `Simulation`, or the `Cluster` or `Platform` in one, whose hardware and queue are shown then. `until`: as for
    `Simulation.run`; without it until nothing is left to happen. `speed`: simulated seconds a second, `"max"` for as fast as it goes.
    `page`: also on a page that this machine only can open, whose address is printed. `console`: where to draw; standard output if not
    given. Where that is no terminal and there is no page, nothing is paced, and the end is printed.

    The simulation comes to what it would have come to unwatched. After a stop it stands between two instants and can go on.
    Raises OptionError, and whatever the simulation raises.
    """
    sim, _ = parts_of(what)
    horizon = math.inf if until is None else seconds(until)
    if horizon < sim.now:
        raise OptionError(f"until={until!r} is past: it is {sim.now} s")
    with watching(what, until=until, speed=speed, page=page, title=title, console=console) as display:
        try:
            sim.run(until=until)
            if math.isfinite(horizon):
                display.pass_time(horizon)
            display.end()
        except Stopped:
            return False
    return True


@contextlib.contextmanager
def watching(
    what: Any,
    *,
    until: Duration | None = None,
    speed: float | str = USUAL_SPEED,
    page: bool = False,
    title: str = "",
    console: Console | None = None,
) -> Iterator[Display]:
    """Within the block every `run` and `step` of the simulation is paced and shown, as by `watch`. A stop comes out of them as `Stopped`.

    For code that lets the simulation run itself; it is stopped before the first instant after `until`.
    """
    sim, cluster = parts_of(what)
    news = LogNews(sim.log)
    looking = None
    if cluster is not None:
        settling = cluster.scheduler.settling
        looking = Looking(lambda: cluster.scheduler.run, cluster.nodes, lambda job: cluster.record_of(job).name, lambda: settling.submitted)
    horizon = math.inf if until is None else seconds(until)

    def view(now: float) -> View:
        return _view(looking, now, horizon, news.read(), news.failures)

    named = title or (cluster.spec.name if cluster is not None else "simulation")
    with Display(
        named, view, nodes=None if cluster is None else cluster.nodes, pace=_pace(speed, sim.now), page=page, console=console
    ) as display:

        def before(coming: float) -> None:
            display.pass_time(min(coming, horizon))
            if coming > horizon:
                raise Stopped

        end = sim.before_instants(before)
        try:
            yield display
        finally:
            end()


def watch_scenario(
    scenario: Scenario,
    *,
    until: Duration | None = None,
    speed: float | str = USUAL_SPEED,
    page: bool = False,
    console: Console | None = None,
    replication: int = 0,
) -> Result | None:
    """Run the jobs of a scenario while they are shown. Returns the `Result`, the same as unwatched; None where it was stopped.

    `until`: an earlier horizon than the scenario's. Other options as of `watch`. Raises OptionError for a scenario without a workload.

    >>> import io
    >>> from rich.console import Console
    >>> from mlplat.planning import Scenario
    >>> from mlplat.planning.scenario.running import result_of
    >>> scenario = Scenario.from_yaml("{cluster: 2x8xV100, workload: {synthetic: {jobs: 50, gpus: 16, load: 0.5}}}")
    >>> watch_scenario(scenario, console=Console(file=io.StringIO())).fingerprint == result_of(scenario).fingerprint
    True
    """
    from ...planning.scenario.running import result_of

    if until is not None:
        earlier = min(seconds(until), math.inf if scenario.horizon is None else float(scenario.horizon))
        scenario = scenario.with_fields({"horizon": earlier})
    pace = _pace(speed, 0.0)

    def play(replaying: Replaying) -> None:
        _play(replaying, scenario.name, pace, page, console)

    try:
        return result_of(scenario, replication, watch=play)
    except Stopped:
        return None


def _play(replaying: Replaying, title: str, pace: Pace, page: bool, console: Console | None) -> None:
    run = replaying.run
    ids = run.trace.job_id

    def name_of(job: int) -> str:
        return f"job {job}" if ids is None else str(ids[job])

    from ...infra.kernels.state import NEXT_ARRIVAL

    nodes = run.nodes
    looking = Looking(lambda: replaying.run, nodes, name_of, lambda: int(run.world.count[NEXT_ARRIVAL]))
    news = ReplayNews(run, name_of)

    def view(now: float) -> View:
        return _view(looking, now, replaying.horizon, news.read(), news.failures)

    with Display(title, view, nodes=nodes, pace=pace, page=page, console=console) as display:
        span = 1.0
        while display.paced and (coming := replaying.peek()) <= replaying.horizon and coming < math.inf:
            display.pass_time(coming)
            hurried = pace.playing and pace.speed == math.inf
            begun = time.monotonic()
            replaying.advance(coming + span if hurried else max(coming, display.reached), display.meanwhile)
            if hurried:  # as much at a time as takes no longer than a picture
                span *= 2.0 if time.monotonic() - begun < FRAME_S / 2 else 0.5
        replaying.advance(replaying.horizon, display.meanwhile)
        if math.isfinite(replaying.horizon):
            display.pass_time(replaying.horizon)
        display.end()


def _view(looking: Looking | None, now: float, horizon: float, events: tuple[Happened, ...], failures: int) -> View:
    if looking is None:
        return without_cluster(now, horizon, events, failures)
    return looking.view(now, horizon, events, failures)


def _pace(speed: float | str, clock: float) -> Pace:
    return Pace(speed_of(speed), wall=time.monotonic, clock=clock)


def parts_of(what: Any) -> tuple[Simulation, Any]:
    """A simulation, and the cluster in it that is meant, None without one. Raises OptionError."""
    from ...context import Simulation

    if isinstance(what, Simulation):
        return what, None
    cluster = getattr(what, "_cluster", what)
    sim = getattr(what, "sim", None)
    if not isinstance(sim, Simulation):
        raise OptionError(f"a {type(what).__name__} cannot be watched; expected a Simulation, a Cluster or a Platform")
    return sim, cluster if hasattr(cluster, "scheduler") else None
