"""Runs as events of OpenLineage: one START, and one COMPLETE, FAIL or ABORT when the run has ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from .....errors import MissingExtraError, OptionError
from .....version import VERSION
from ..nodes import Artifact
from ..runs import Run, RunStatus

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

PRODUCER = f"https://pypi.org/project/mlplat/{VERSION}"
_ENDS = {
    RunStatus.SUCCESS: "COMPLETE",
    RunStatus.FAILURE: "FAIL",
    RunStatus.ERROR: "FAIL",
    RunStatus.CANCELLED: "ABORT",
}


def openlineage_events(run: Run, *, epoch: float, namespace: str = "mlplat") -> tuple[RunEvent, ...]:
    """The events of a run, made of the client's own classes, which check them; `openlineage.client.serde.Serde.to_json` writes them.

    `epoch`: Unix time of second 0 (`Simulation.epoch`). `namespace`: of the platform. The id of the run is a UUID of its name, so that the
    same run has the same events. Facets: `mlplat_run` (parameters, metrics, seed, numerics, code), and of each artifact `version`.
    Needs the extra `lineage`; raises MissingExtraError.
    """
    try:
        from openlineage.client.event_v2 import Job, RunEvent, RunState
        from openlineage.client.event_v2 import Run as OpenRun
        from openlineage.client.facet_v2 import RunFacet, error_message_run
    except ImportError:
        raise MissingExtraError("OpenLineage", "lineage") from None
    number = str(uuid5(NAMESPACE_URL, f"{namespace}/{run.resource}"))
    facts = {
        "parameters": _plain(run.parameters),
        "metrics": _plain(run.metrics),
        "seed": run.seed,
        "numerics": run.numerics.value,
        "origin": run.origin,
        "principal": run.principal,
        "revision": run.revision,
    }
    inputs = [_dataset(namespace, role, one, made=False) for role, one in run.inputs.items()]
    outputs = [_dataset(namespace, role, one, made=True) for role, one in run.outputs.items()]

    def event(state: str, time: float) -> RunEvent:
        facets: dict[str, Any] = {"mlplat_run": RunFacet(producer=PRODUCER).with_additional_properties(**facts)}
        if run.error and state == "FAIL":
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                message=run.error, programmingLanguage="Python", producer=PRODUCER
            )
        return RunEvent(
            eventType=RunState(state),
            eventTime=_date(epoch, time),
            run=OpenRun(runId=number, facets=facets),
            job=Job(namespace=namespace, name=_job(run)),
            inputs=inputs,
            outputs=outputs if state == "COMPLETE" else [],
            producer=PRODUCER,
        )

    found = [event("START", run.started)]
    if run.ended is not None and run.status in _ENDS:
        found.append(event(_ENDS[run.status], run.ended))
    return tuple(found)


def _dataset(namespace: str, role: str, one: Artifact, *, made: bool) -> Any:
    """An artifact as a dataset of OpenLineage: its name, with version and digest in facets."""
    from openlineage.client.event_v2 import InputDataset, OutputDataset
    from openlineage.client.facet_v2 import DatasetFacet, dataset_version_dataset

    name, _, version = one.resource.partition("@")
    facets: dict[str, Any] = {"mlplat_artifact": DatasetFacet(producer=PRODUCER).with_additional_properties(role=role, digest=one.digest)}
    if version:
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(datasetVersion=version, producer=PRODUCER)
    kind = OutputDataset if made else InputDataset
    return kind(namespace=namespace, name=name, facets=facets)


def _job(run: Run) -> str:
    """What a run is one of: its pipeline where it has one, else itself."""
    pipeline = run.inputs.get("pipeline")
    return run.resource if pipeline is None else pipeline.resource.partition("@")[0]


def _date(epoch: float, time: float) -> str:
    """ISO 8601, UTC, to the microsecond. Raises OptionError beyond the year 9999."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=epoch + time)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        raise OptionError(f"second {time:g} of the run is beyond the calendar") from None


def _plain(value: Any) -> Any:
    """Read-only mappings and tuples as what the client writes."""
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, tuple) else value
