"""The command line, `mlplat`.

Every command takes `--seed` and `--json`; bad input ends with one line on standard error and exit status 2.
"""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from . import completion
from .command_manuals import add_manuals
from .command_options import BadRows, Checkpoint, Json, Seed, Ties, TraceFormat, UnusedSeed, errors_of, print_json
from .course.command import app as course_app
from .demonstration.watch_command import watch_command
from .errors import MlplatError, OptionError, UnknownNameError, printable, shown
from .planning.comparison.command import compare_command
from .planning.fleets.command import fleet
from .planning.scenario.command import app as scenario_app
from .planning.search.command import plan_command
from .planning.sweeps.command import app as sweep_app
from .report.exports.command import export_command
from .report.run_page.command import report_command
from .traces.fitting.command import fit_trace, generate_trace
from .version import VERSION

if TYPE_CHECKING:
    from .runs.result import Result

app = typer.Typer(
    name="mlplat",
    help="The flight simulator for ML platforms: replay traces on clusters under scheduling policies.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
traces_app = typer.Typer(help="Look at traces and download published ones.", no_args_is_help=True)
app.add_typer(traces_app, name="traces")
capsule_app = typer.Typer(help="Look at capsules, and take models in and out of a platform in a folder.", no_args_is_help=True)
app.add_typer(capsule_app, name="capsule")
store_app = typer.Typer(help="Look after the folders in which platforms keep things.", no_args_is_help=True)
app.add_typer(store_app, name="store")
app.command("compare")(compare_command)
app.add_typer(scenario_app, name="scenario")
app.command("plan")(plan_command)
app.add_typer(sweep_app, name="sweep")
app.command("export")(export_command)
app.command("report")(report_command)
app.add_typer(course_app, name="course")
app.command("watch")(watch_command)


def _version(wanted: bool) -> None:
    if wanted:
        print(VERSION)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """The flight simulator for ML platforms: replay traces on clusters under scheduling policies."""


@app.command()
def replay(
    jobs: Annotated[Path, typer.Option(help="The trace.")],
    nodes: Annotated[Path | None, typer.Option(help="The nodes: an openb CSV, `kubectl get nodes -o json`, or a cluster's YAML.")] = None,
    cluster: Annotated[str | None, typer.Option(help="The nodes as a word (96x8xV100, pool:128cpu) or a file.")] = None,
    format: TraceFormat = None,
    queue: Annotated[str, typer.Option(help="Queue policy: who is next.", autocompletion=completion.queue)] = "fifo",
    placement: Annotated[str, typer.Option(help="Placement policy: on which node.", autocompletion=completion.placement)] = "best-fit",
    ties: Ties = "node-order",
    clock: Annotated[
        str,
        typer.Option(
            help="Which clock: replay (compiled) or simpy; both give the same result.", autocompletion=completion.one_of("replay", "simpy")
        ),
    ] = "replay",
    queue_option: Annotated[
        list[str] | None, typer.Option(help="An option of the queue policy, such as grace=60s; repeatable.", metavar="NAME=VALUE")
    ] = None,
    failures: Annotated[str | None, typer.Option(help="Hardware that fails: spec (its reliability) or a CSV file of outages.")] = None,
    checkpoint: Checkpoint = "none",
    max_restarts: Annotated[int | None, typer.Option(help="Failures of the hardware after which a job has failed.")] = None,
    scrape: Annotated[str | None, typer.Option(help="The period at which the scheduler learns of freed room, such as 15s.")] = None,
    zones: Annotated[Path | None, typer.Option(help="Quotas and cohorts: a YAML or JSON file (docs/quotas.md).")] = None,
    sync: Annotated[
        str | None,
        typer.Option(
            help="What gangs sum over their ranks after each step, such as step=300ms,size=2GiB; the cluster must have a network.",
            metavar="step=TIME,size=SIZE[,algorithm=NAME]",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="The horizon, such as 36h; nothing after it happens.")] = None,
    errors: BadRows = "raise",
    out: Annotated[Path | None, typer.Option(help="A folder for the frames (Parquet), summary.json and manifest.json.")] = None,
    explain: Annotated[str | None, typer.Option(help="Say why this job waited and where it ran.", metavar="JOB")] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Run a trace on a cluster."""
    from .infra.queueing import queue_policy
    from .runs.command_line import cluster_of, failures_of, report_left_out, sync_of
    from .runs.replay import replay as run
    from .traces import read_trace

    spec = cluster_of(nodes, cluster)
    trace = read_trace(jobs, format=format, errors=errors_of(errors))
    result = run(
        spec,
        trace,
        queue=queue_policy(queue, **_queue_options(queue_option or [])),
        placement=placement,
        ties=ties,
        failures=failures_of(failures, spec),
        checkpoint=checkpoint,
        max_restarts=max_restarts,
        scrape=scrape,
        zones=zones,
        sync=sync_of(sync),
        clock=clock,  # type: ignore[arg-type]
        until=until,
        seed=seed,
        progress=sys.stderr.isatty(),
    )
    explanation = None if explain is None else result.explain(explain)
    if out is not None:
        result.save(out, explain=50)
    if as_json:
        print_json(result.summary() | ({} if explanation is None else {"explanation": explanation.text}))
        return
    report_left_out(trace)
    _print_result(result)
    if explanation is not None:
        print(explanation.text)


def _queue_options(given: list[str]) -> dict[str, Any]:
    """`name=value` texts as options: numbers where they are whole, else text."""
    options: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise OptionError(f"--queue-option {text[:60]!r}: expected name=value, such as grace=60s")
        if name == "weights":
            options.setdefault(name, {}).update(_weight(part) for part in value.split(","))
        else:
            options[name] = int(value) if value.isascii() and value.isdigit() and len(value) < 19 else value
    return options


def _weight(text: str) -> tuple[str, float]:
    group, sign, weight = text.rpartition(":")
    try:
        return group, float(weight) if sign else math.nan
    except ValueError:
        raise OptionError(f"--queue-option weights: {text[:60]!r}; expected team:2,other:1") from None


def _print_result(result: Result) -> None:
    from .runs.result_view import readable_figures

    _print_table(f"{result.queue} / {result.placement} on {result.spec.name}", readable_figures(result))
    if result.quotas:
        _print_zones(result)


def _print_zones(result: Result) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .runs.result_view import ZONE_COLUMNS, readable_zones, zone_title

    table = Table(title=Text(zone_title(result)), box=None, padding=(0, 1, 0, 0))
    for name in ZONE_COLUMNS:
        table.add_column(name, no_wrap=name == "zone", justify="left" if name == "zone" else "right")
    for row in readable_zones(result):
        table.add_row(*(Text(printable(text)) for text in row))
    Console(highlight=False).print(table)


def _print_table(title: str, figures: Iterable[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), show_header=False)
    for name, value in figures:
        table.add_row(name, Text(value))
    Console(highlight=False).print(table)


@app.command()
def demo(
    seed: Seed = 0,
    report: Annotated[Path | None, typer.Option(help="Write the story and the platform as one HTML page too, such as demo.html.")] = None,
    as_json: Json = False,
) -> None:
    """The life of a model: pushed, tested, delivered, served, watched; its world changes, and it is trained again by itself."""
    from .demonstration import demonstrate, show

    told = (lambda phase: print(f"… {phase}", file=sys.stderr)) if sys.stderr.isatty() and not as_json else lambda phase: None
    found = demonstrate(seed, told)
    if report is not None:
        found.to_html(report)
    if as_json:
        print_json(found.summary())
    else:
        show(found)
    if not found.closed:
        raise typer.Exit(1)


@app.command()
def network(
    cluster: Annotated[str, typer.Argument(help="A cluster's description that has a network.")],
    svg: Annotated[Path | None, typer.Option(help="Draw it in this file, which is replaced.", metavar="FILE")] = None,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Describe the network of a cluster: its size, its bisection, how long all-reduces take over its first 2, 8, 32, … 8,192 nodes."""
    from .hardware import ClusterSpec
    from .hardware.spec_io import write_text
    from .infra.network.description import describe_network, readable_network

    spec = ClusterSpec.open(cluster)
    described = describe_network(spec)
    if svg is not None:
        from .infra.network.topology import Topology

        if svg.exists() and Path(cluster).exists() and svg.samefile(cluster):
            raise OptionError("--svg: this is the cluster's description; expected another file")
        write_text(svg, Topology.of(spec).svg() + "\n")
    if as_json:
        print_json(described | ({} if svg is None else {"svg": str(svg)}))
        return
    _print_table(f"the network of {printable(spec.name)}", readable_network(described))


@traces_app.command("list")
def list_traces(seed: UnusedSeed = 0, as_json: Json = False) -> None:
    """List the published traces that `fetch` knows."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from .traces import list_known

    known = list_known()
    if as_json:
        print_json({"traces": known})
        return
    table = Table("name", "format", "what", "publisher")
    for row in known:
        table.add_row(*(Text(row[key]) for key in ("name", "format", "summary", "publisher")))
    Console(highlight=False).print(table)


@traces_app.command("describe")
def describe_trace(
    file: Annotated[Path, typer.Argument(help="The trace.")],
    format: TraceFormat = None,
    errors: BadRows = "raise",
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Print counts, span, width and duration quantiles, and the offered load of a trace."""
    from rich.console import Console

    from .traces import describe, read_trace

    description = describe(read_trace(file, format=format, errors=errors_of(errors)))
    if as_json:
        print_json(description.to_dict())
    else:
        Console(highlight=False).print(description)


def _known_traces() -> list[str]:
    from .traces import KNOWN_TRACES

    return list(KNOWN_TRACES)


@traces_app.command("fetch")
def fetch_trace(
    name: Annotated[str, typer.Argument(help="A name of `mlplat traces list`.", autocompletion=completion.some_of(_known_traces))],
    folder: Annotated[Path | None, typer.Option(help="Where to; the user's cache folder if left out.")] = None,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Download a published trace and check its SHA-256."""
    from .traces import fetch

    path = fetch(name, folder)
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        print(path)


traces_app.command("fit")(fit_trace)
traces_app.command("generate")(generate_trace)
app.command("fleet")(fleet)


Folder = Annotated[Path, typer.Option("--store", help="The folder of a platform; what is done there is done as its first administrator.")]
LARGEST_CAPSULE = 2**30
LINEAGE_FORMS = ("tree", "mermaid", "prov", "openlineage")


@capsule_app.command("inspect")
def inspect_capsule(
    file: Annotated[Path, typer.Argument(help="The capsule.")],
    max_bytes: Annotated[int, typer.Option(help="Bytes of a file that is read.")] = LARGEST_CAPSULE,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Check a capsule and say what it holds; nothing of it is kept or run."""
    from .platform.facade import Platform

    platform = Platform()
    summary = platform.capsules.inspect(file, max_bytes=max_bytes, actor=platform.admin)
    if as_json:
        print_json(summary.to_dict())
    else:
        print(summary)


@capsule_app.command("import")
def import_capsule(
    file: Annotated[Path, typer.Argument(help="The capsule.")],
    store: Folder,
    project: Annotated[
        str | None, typer.Option(help="The project it goes to, made if it is not there; the names in it if left out.")
    ] = None,
    max_bytes: Annotated[int, typer.Option(help="Bytes of a file that is read.")] = LARGEST_CAPSULE,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Take a capsule into the platform in a folder, all of it or nothing; nothing of it is run."""
    from .platform.facade import Platform

    checker = Platform()
    checker.capsules.inspect(file, max_bytes=max_bytes, actor=checker.admin)
    with Platform.open(store) as platform:
        admin = platform.admin
        if project is not None:
            with suppress(OptionError):  # it is there already
                platform.identity.create_project(project, owner=admin, actor=admin)
        imported = platform.capsules.import_file(file, project=project, max_bytes=max_bytes, actor=admin)
    if as_json:
        print_json({name: getattr(imported, name) for name in ("model", "registered", "known")} | {"capsule": imported.summary.digest})
    else:
        print(imported)


@capsule_app.command("export")
def export_capsule(
    model: Annotated[str, typer.Argument(help="A model version, such as shop/churn@1.")],
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    store: Folder,
    licence: Annotated[str, typer.Option(help="A text for who gets it.")] = "",
    withhold: Annotated[bool, typer.Option("--withhold", help="Leave what no store has as a digest.")] = False,
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Write a model of the platform in a folder, and all that it was made of, into a file."""
    from .platform.facade import Platform

    if not store.is_dir():
        raise OptionError(f"--store {shown(store)}: expected the folder of a platform")
    with Platform.open(store) as platform:
        summary = platform.capsules.export(model, file, withhold=withhold, licence=licence, actor=platform.admin)
    if as_json:
        print_json(summary.to_dict())
    else:
        print(summary)


@app.command()
def lineage(
    model: Annotated[str, typer.Argument(help="A model version, such as shop/churn@1 or shop/churn@champion.")],
    store: Folder,
    form: Annotated[
        str, typer.Option("--as", help=f"One of {', '.join(LINEAGE_FORMS)}.", autocompletion=completion.one_of(*LINEAGE_FORMS))
    ] = "tree",
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Say how a model of the platform in a folder came to be, and what is missing of that: exit status 1 where something is."""
    from .platform.artifacts.metadata.exports.written import written
    from .platform.facade import Platform

    if form not in LINEAGE_FORMS:
        raise UnknownNameError("form", printable(form[:40]), LINEAGE_FORMS)
    if not store.is_dir():
        raise OptionError(f"--store {shown(store)}: expected the folder of a platform")
    with Platform.open(store) as platform:
        found = platform.metadata.lineage(model, actor=platform.admin)
        if as_json:
            print_json(found.to_dict())
        else:
            print(written(platform, found, form), end="")
    if found.missing:
        raise typer.Exit(1)


@store_app.command("check")
def check_store(
    folder: Annotated[Path, typer.Argument(help="The folder of a platform that nobody has open.")],
    seed: UnusedSeed = 0,
    as_json: Json = False,
) -> None:
    """Read everything that a platform keeps in a folder: exit status 1 where something is missing or damaged, 2 where it is no store."""
    from .platform.checking import check_folder

    found = check_folder(folder)
    if as_json:
        print_json(found.to_dict())
    else:
        print(found)
    if not found:
        raise typer.Exit(1)


add_manuals(app)


def _drop_output() -> None:
    """What is still in the buffer goes nowhere, so that the interpreter does not fail on it as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(message: Warning | str, *_: Any) -> None:
    """One line, without the place in the code."""
    print(f"warning: {message}", file=sys.stderr)


def main() -> NoReturn:
    """The entry point: runs the command line and leaves with its exit status."""
    try:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("default", UserWarning)
                warnings.showwarning = _show_warning  # type: ignore[assignment]
                app()
        finally:
            sys.stdout.flush()  # a reader that has gone away is noticed here, and not when the interpreter ends
    except MlplatError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except UnicodeEncodeError as error:
        print(f"error: standard output takes {error.encoding} only; set PYTHONIOENCODING=utf-8", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # whoever read the output has seen enough
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        print(f"error: cannot write to standard output: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    sys.exit(0)


if __name__ == "__main__":
    main()
