"""`mlplat watch`."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..command_options import Json, ScenarioSeed, print_json
from ..errors import OptionError, printable

if TYPE_CHECKING:
    from rich.console import Console

    from ..platform.facade import Platform
    from .loop import Demonstration

DEMO = "demo"


def watch_command(
    what: Annotated[str, typer.Argument(help="`demo`, or the file of a scenario: YAML or JSON.")] = DEMO,
    speed: Annotated[str, typer.Option(help="Simulated seconds a second, or max for as fast as it goes.")] = "600",
    until: Annotated[str | None, typer.Option(help="Where to end, such as 12h.")] = None,
    page: Annotated[
        bool, typer.Option("--page", help="Also on a page at the address that is printed, which this machine only can open.")
    ] = False,
    seed: ScenarioSeed = None,
    as_json: Json = False,
) -> None:
    """Watch a simulation run: clock, queue, bars of nodes or racks, jobs, events. Its result is the same as unwatched."""
    from ..report.live.pacing import speed_of
    from ..units import seconds

    speed_of(speed)
    if until is not None:
        seconds(until)
    if page and as_json:
        raise OptionError("--page and --json do not go together")
    if what == DEMO:
        _watch_demo(speed, until, page, seed or 0, as_json)
    else:
        _watch_scenario(Path(what), speed, until, page, seed, as_json)


def _watch_demo(speed: str, until: str | None, page: bool, seed: int, as_json: bool) -> None:
    from .story import show

    found = watch_demo(speed, until=until, page=page, seed=seed, quiet=as_json)
    if as_json:
        print_json({"stopped": True} if found is None else {"stopped": False, **found.summary()})
    elif found is not None:
        show(found)
    else:
        print("stopped", file=sys.stderr)
    if found is not None and not found.closed:
        raise typer.Exit(1)


def watch_demo(
    speed: str | float, *, until: str | None = None, page: bool = False, seed: int = 0, quiet: bool = False
) -> Demonstration | None:
    """The demonstration while it is shown; None where it was stopped. `quiet`: nothing is shown and nothing is paced."""
    from ..report.live.paced_runs import Stopped, watching
    from .loop import demonstrate

    with contextlib.ExitStack() as shown:

        def begun(platform: Platform) -> None:
            shown.enter_context(
                watching(platform, until=until, speed=speed, page=page, title="the life of a model", console=_nowhere() if quiet else None)
            )

        try:
            return demonstrate(seed, begun=begun)
        except Stopped:
            return None


def _watch_scenario(file: Path, speed: str, until: str | None, page: bool, seed: int | None, as_json: bool) -> None:
    from ..planning.scenario import Scenario
    from ..report.live.paced_runs import watch_scenario

    scenario = Scenario.open(file)
    if seed is not None:
        scenario = scenario.with_fields({"seed": seed})
    result = watch_scenario(scenario, until=until, speed=speed, page=page, console=_nowhere() if as_json else None)
    if as_json:
        print_json({"stopped": True} if result is None else {"stopped": False, **result.summary()})
    elif result is None:
        print("stopped", file=sys.stderr)
    else:
        print(f"{printable(scenario.name)}: {printable(repr(result))}")


def _nowhere() -> Console:
    """A console that shows nothing, and paces nothing, since it is no terminal."""
    import io

    from rich.console import Console

    return Console(file=io.StringIO())
