"""The demonstration:

a synthetic day of ML jobs on a synthetic cluster under three policies, as a table and a small chart for the terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .hardware import ClusterSpec
from .runs.replay import replay
from .runs.result_view import terminal_chart
from .traces import synthetic
from .units import format_seconds

if TYPE_CHECKING:
    from .runs.result import Result
    from .workload import JobTrace

CLUSTER = "60x8xA100-80+40x4xT4+20x64cpu"
POLICIES = (("fifo", "best-fit"), ("easy", "best-fit"), ("best-effort-fifo", "fgd"))
LOAD = 0.85


def demonstration_input(seed: int) -> tuple[ClusterSpec, JobTrace]:
    """The cluster and its day of jobs."""
    spec = ClusterSpec.parse(CLUSTER)
    return spec, synthetic(days=1, gpus=spec.capacity()["gpus"], load=LOAD, estimates="walltime", longest="12h", seed=seed)


def demonstrate(seed: int, progress: bool = False) -> list[Result]:
    """One result a policy, on the same input."""
    spec, trace = demonstration_input(seed)
    return [replay(spec, trace, queue=queue, placement=placement, seed=seed, progress=progress) for queue, placement in POLICIES]


def show(results: list[Result]) -> None:
    """Print the input, the table of policies and the queue over the day under each."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{results[0].spec}\n{results[0].trace}\n")
    table = Table(title="A day of ML jobs under three policies")
    table.add_column("queue / placement", no_wrap=True)
    for heading in ("mean wait", "95 % wait", "slowdown", "GPUs used"):
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        figures = result.summary()
        table.add_row(
            _label(result),
            format_seconds(figures["wait_mean_s"]),
            format_seconds(figures["wait_p95_s"]),
            f"{figures['bounded_slowdown_mean']:.1f}",
            f"{100 * figures['gpu_utilization']:.0f} %",
        )
    console.print(table)
    width = max(20, min(72, console.width - 38))
    for column, title in (("waiting", "jobs waiting"), ("gpu_milli", "GPUs in use")):
        console.print(f"\n{title}, over {format_seconds(results[0].end_s)}")
        for result in results:
            peak = int(result.timeline[column].max())  # type: ignore[arg-type]
            chart = terminal_chart(result, column, width)
            console.print(f"  {_label(result):<24}{chart}{peak // (1000 if column == 'gpu_milli' else 1):>6,} max")
    waited = max(range(len(results[0].trace)), key=lambda job: results[0].jobs["wait_s"][job] or 0.0)
    console.print(f"\nWhy did one job wait so long under {results[0].queue}? {results[0].explain(waited)}")


def _label(result: Result) -> str:
    return f"{result.queue} / {result.placement}"
