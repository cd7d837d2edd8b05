"""The state of the orchestrator: versions of pipelines, runs and their steps, schedules; a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..record_shapes import ensure
from ..references import Reference
from .outcomes import Irreproducible
from .values import Value
from .versions import PipelineVersion, pipeline_digest


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """A version, the digest of the content that its graph is, and of the code of its steps by function."""

    version: PipelineVersion
    graph: str
    codes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TaskState:
    """A step of a run that is over. `of`: whose outputs it has taken, `run/task`. `published`: resources by output. Times in s."""

    name: str
    node: str
    outcome: str
    reason: str
    error: str
    outputs: Mapping[str, Value]
    published: Mapping[str, str]
    metrics: Mapping[str, float]
    of: str
    key: str
    started_s: float | None
    ended_s: float
    tries: int
    nodes: tuple[str, ...]


@dataclass(slots=True)
class RunState:
    """A run. `inputs`: resources with their digests, as they were resolved. `tasks`: those that are over, by name."""

    name: str
    pipeline: str
    zone: str
    inputs: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, Any]
    seed: int
    cache: bool
    publish: bool
    trigger: Mapping[str, Any]
    resumes: str
    repeats: str
    irreproducible: Irreproducible
    actor: str
    queued_s: float
    outcome: str = ""
    reason: str = ""
    error: str = ""
    ended_s: float | None = None
    tasks: dict[str, TaskState] = field(default_factory=dict)

    @property
    def project(self) -> str:
        """The project it belongs to."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What starts runs: every so many seconds from `start_s`, or (`every_s` 0) at events `on` whose subject matches."""

    name: str
    pipeline: str
    zone: str
    account: str
    data: Mapping[str, str]
    parameters: Mapping[str, Any]
    seed: int
    cache: bool
    creator: str
    every_s: float = 0.0
    start_s: float = 0.0
    on: str = ""
    subject: str = ""


class OrchestratorState:
    """All of it."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, KeptVersion]] = {}
        """By name and digest, in the order in which they were published, or else made."""
        self.runs: dict[str, RunState] = {}
        self.numbers: dict[str, int] = {}
        """By the name of a pipeline in a project how many runs it has had there."""
        self.cached: dict[tuple[str, str], tuple[str, str]] = {}
        """By project and key the run and task that has the outputs."""
        self.schedules: dict[str, ScheduleState] = {}

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        match record["what"]:
            case "version.made":
                self._version(record)
            case "version.published":
                versions = self.named[record["name"]]
                kept = versions[record["digest"]]
                del versions[record["digest"]]  # the last that was published comes last
                versions[record["digest"]] = replace(kept, version=replace(kept.version, published=True))
            case "run.queued":
                self._run(record)
            case "task.finished":
                self._task(record)
            case "run.finished":
                run = self.runs[record["run"]]
                run.outcome, run.reason, run.error = record["outcome"], record["reason"], record["error"]
                run.ended_s = record["time"]
            case "schedule.removed":
                del self.schedules[record["name"]]
            case _:
                self._schedule(record)

    def version(self, reference: Reference) -> KeptVersion | None:
        """The version that a reference means by its digest; without one, or `latest`, the last that was published."""
        versions = self.named.get(reference.path, {})
        if reference.version in ("", "latest"):
            return next((kept for kept in reversed(versions.values()) if kept.version.published), None)
        return versions.get(reference.version)

    def values(self) -> Iterator[Value]:
        """All that steps have made, of lists what is in them."""
        for run in self.runs.values():
            for task in run.tasks.values():
                for value in task.outputs.values():
                    yield from value.at if value.type.many else (value,)

    def _version(self, record: Mapping[str, Any]) -> None:
        name, code = record["name"], record["code"]
        said = {key: record[key] for key in ("digest", "code", "file", "function", "dag", "images", "published")}
        version = PipelineVersion(name, **said, created_s=record["time"], creator=record["actor"])
        known = pipeline_digest(version.commit, version.file, version.function, version.images, version.dag)
        ensure(Reference.parse(name).path == name and (not code or known == version.digest), f"{name}: not the digest of this pipeline")
        self.named.setdefault(name, {})[version.digest] = KeptVersion(version, record["graph"], record["codes"])

    def _run(self, record: Mapping[str, Any]) -> None:
        name = record["run"]
        ensure(name not in self.runs and Reference.parse(name).path == name, f"{name}: there already, or no name of a run")
        said = {key: record[key] for key in _OF_RUN}
        self.runs[name] = RunState(name, **said, irreproducible=Irreproducible(record["irreproducible"]), **_by(record, "queued_s"))
        stem, _, number = name.rpartition("-")
        if number.isdecimal():
            self.numbers[stem] = max(self.numbers.get(stem, 0), int(number))

    def _task(self, record: Mapping[str, Any]) -> None:
        run = self.runs[record["run"]]
        task = TaskState(
            record["task"],
            record["node"],
            record["outcome"],
            record["reason"],
            record["error"],
            {name: Value.read(value) for name, value in record["outputs"].items()},
            record["published"],
            record["metrics"],
            record["of"],
            record["key"],
            record["started"],
            record["time"],
            record["tries"],
            tuple(record["nodes"]),
        )
        run.tasks[task.name] = task
        if task.key and task.outcome == "success" and not task.of:
            self.cached[run.project, task.key] = run.name, task.name

    def _schedule(self, record: Mapping[str, Any]) -> None:
        said = {key: record[key] for key in ("name", "pipeline", "zone", "account", "data", "parameters", "seed", "cache")}
        timed = record["what"] == "schedule.made"
        more = {"every_s": record["every"], "start_s": record["start"]} if timed else {"on": record["on"], "subject": record["subject"]}
        self.schedules[record["name"]] = ScheduleState(**said, creator=record["actor"], **more)


_OF_RUN = ("pipeline", "zone", "inputs", "parameters", "seed", "cache", "publish", "trigger", "resumes", "repeats")


def _by(record: Mapping[str, Any], time: str) -> dict[str, Any]:
    return {"actor": record["actor"], time: record["time"]}
