"""The formats that a saved run and the folder of a platform can be given in, and which of them is written how."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from ...errors import InputError, OptionError, UnknownNameError, printable, shown
from .destination import Target, text_file

RUN, PLATFORM = "run", "platform"
SAVED = "manifest.json"
"""The file that the folder of a saved run has."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format. `to`: what is written, `file` or `folder`. `diagrams`: names of what it can show, the first if none is asked for."""

    what: str
    to: str
    write: Callable[..., Mapping[str, Any]]
    diagrams: tuple[str, ...] = ()


def _perfetto(run: Any, path: Target, **options: Any) -> Mapping[str, Any]:
    from .perfetto_trace import perfetto

    return perfetto(run, path, **options)


def _tables(run: Any, path: Target, *, form: Any) -> Mapping[str, Any]:
    from .table_files import tables

    return {"rows": tables(run, path, form)}


def _prometheus(run: Any, path: Target) -> Mapping[str, Any]:
    from .prometheus_metrics import prometheus

    return prometheus(run, path)


def _openmetrics(run: Any, path: Target) -> Mapping[str, Any]:
    from .openmetrics_series import openmetrics

    return openmetrics(run, path)


def _mermaid_run(run: Any, path: Target, *, diagram: str) -> Mapping[str, Any]:
    from .cluster_chart import mermaid_cluster
    from .timeline_chart import mermaid_timeline

    return _text(mermaid_cluster(run.spec) if diagram == "cluster" else mermaid_timeline(run), path)


def _mermaid_platform(platform: Any, path: Target, *, diagram: str, of: str | None = None) -> Mapping[str, Any]:
    from .platform_charts import mermaid_lineage, mermaid_pipelines

    return _text(mermaid_lineage(platform, of) if diagram == "lineage" else mermaid_pipelines(platform, of), path)


def _openlineage(platform: Any, path: Target) -> Mapping[str, Any]:
    from .openlineage_events import openlineage

    return openlineage(platform, path)


def _text(text: str, path: Target) -> Mapping[str, Any]:
    with text_file(path) as stream:
        stream.write(text)
    return {"characters": len(text)}


FORMATS: Final[Mapping[str, Mapping[str, Format]]] = {
    RUN: {
        "perfetto": Format("a trace for ui.perfetto.dev, .json or .json.gz", "file", _perfetto),
        "csv": Format("every frame as a CSV file", "folder", partial(_tables, form="csv")),
        "parquet": Format("every frame as a Parquet file", "folder", partial(_tables, form="parquet")),
        "prometheus": Format("the final state as Prometheus text", "file", _prometheus),
        "openmetrics": Format("time series as OpenMetrics text", "file", _openmetrics),
        "mermaid": Format("a chart for Markdown", "file", _mermaid_run, ("timeline", "cluster")),
    },
    PLATFORM: {
        "openlineage": Format("its runs as OpenLineage events, one a line", "file", _openlineage),
        "mermaid": Format("a chart for Markdown", "file", _mermaid_platform, ("lineage", "pipelines")),
    },
}
"""Kind of folder -> name of a format -> the format."""


def kind_of(folder: Path) -> str:
    """Whether a folder is of a saved run or of a platform. Raises InputError for anything else."""
    from ...platform.storage.journal_file import JOURNAL

    if (folder / SAVED).is_file():
        return RUN
    if (folder / JOURNAL).is_file():
        return PLATFORM
    raise InputError(
        "nothing that can be exported is here",
        path=shown(folder),
        expected=f"the folder of a saved run, which has a {SAVED}, or of a platform, which has a {JOURNAL}",
    )


def export_folder(
    folder: Target, path: Target, format: str, *, diagram: str | None = None, of: str | None = None, most: int | None = 0
) -> dict[str, Any]:
    """Write a saved run or a platform in a folder in another format.

    `diagram`: of Mermaid. `of`: the part of a platform that it shows. `most`: slices of a Perfetto trace, None for all, 0 for the usual
    number. Returns `kind`, `format`, `path` and what the format tells of itself. Raises UnknownNameError for a format or diagram that the
    folder cannot be given in, InputError, OptionError, MissingExtraError.

    >>> import tempfile, mlplat as mp
    >>> trace = mp.JobTrace.build(submit=[0], duration=[60], request=[0], requests=[mp.ResourceRequest(gpus=8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mp.replay(mp.ClusterSpec.parse("1x8xV100"), trace).save(f"{folder}/run")
    ...     export_folder(f"{folder}/run", f"{folder}/run.prom", "prometheus")["kind"]
    'run'
    """
    source = Path(folder)
    kind = kind_of(source)
    chosen = chosen_format(kind, format)
    options = _options(chosen, format, diagram, of, most)
    if kind == RUN:
        from ...runs.saved_run import SavedRun

        told = chosen.write(SavedRun.open(source), path, **options)
    else:
        from ...platform.facade import Platform

        with Platform.open(source) as platform:
            told = chosen.write(platform, path, **options)
    return {"kind": kind, "format": format, "path": str(path), **told}


def chosen_format(kind: str, name: str) -> Format:
    """A format that this kind of folder can be given in. Raises UnknownNameError that lists them."""
    if name not in FORMATS[kind]:
        elsewhere = next((other for other in FORMATS if name in FORMATS[other]), None)
        remark = f"this is the folder of a {kind}; a {elsewhere} has it" if elsewhere else f"of a {kind}"
        raise UnknownNameError("format", printable(name[:40]), FORMATS[kind], remark)
    return FORMATS[kind][name]


def _options(chosen: Format, name: str, diagram: str | None, of: str | None, most: int | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if chosen.diagrams:
        options["diagram"] = chosen.diagrams[0] if diagram is None else diagram
        if options["diagram"] not in chosen.diagrams:
            raise UnknownNameError("diagram", printable(options["diagram"][:40]), chosen.diagrams)
    elif diagram is not None:
        raise OptionError(f"diagram={printable(diagram[:40])!r}: {name} has no diagrams; expected the format mermaid")
    if of is not None:
        if chosen.write is not _mermaid_platform:
            raise OptionError(f"of={printable(of[:80])!r}: only the Mermaid charts of a platform show a part of it")
        options["of"] = of
    if most != 0:
        if name != "perfetto":
            raise OptionError(f"most={most}: only a Perfetto trace has slices")
        options["most"] = most
    return options
