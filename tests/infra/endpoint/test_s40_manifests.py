"""S-40: declarations are idempotent and atomic, errors name document and path, and what was written reads back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mlplat as mp
from mlplat.errors import InputError, SpecError
from mlplat.infra.endpoint import manifest_schema
from mlplat.infra.endpoint.manifest_kinds import MANIFESTS as KINDS
from mlplat.infra.endpoint.manifest_writing import write_manifest
from mlplat.infra.endpoint.manifests import read_manifest
from mlplat.infra.virtualization import RestartPolicy, Usage
from mlplat.infra.workload_records import WorkloadStatus

from .clusters import cluster, state_digest, work

MANIFEST = """\
# two of them
apiVersion: mlplat/v1
kind: Job
metadata: {name: train, labels: {team: a}}
spec:
  replicas: 2
  resources: {cpus: 4, memory: 16GiB, gpus: 8, gpu_model: V100}
  duration: 2h
  estimate: 3h
  priority: 5
  checkpoint: every 30m
---
apiVersion: mlplat/v1
kind: Service
metadata: {name: web}
spec:
  replicas: 2
  resources: {cpus: 500m}
  restart: {policy: on-failure, base: 20s}
"""


def test_s40_what_is_declared_is_there() -> None:
    of = cluster()
    diff = of.endpoint.apply(MANIFEST)
    assert (diff.created, diff.changed, diff.unchanged, diff.deleted) == (("train", "web"), (), (), ())
    train = of.endpoint.describe("train").workload
    assert train.request == mp.ResourceRequest(cpus=4, memory_gib=16, gpus=8, models="V100")
    assert (train.replicas, train.duration, train.estimate, train.priority) == (2, 7200.0, 10800.0, 5)
    assert (train.checkpoint.interval, dict(train.labels)) == (1800.0, {"team": "a"})
    web = of.endpoint.describe("web").workload
    assert (web.kind, web.request.cpu_milli, web.restart) == ("service", 500, RestartPolicy("on-failure", base_s=20))


def test_s40_applying_twice_emits_nothing_the_second_time() -> None:
    of = cluster()
    of.endpoint.apply(MANIFEST)
    for until in ("0s", "10m", "5h"):  # waiting, running, ended
        if until != "0s":
            of.sim.run(until=until)
        before, events = state_digest(of), len(of.sim.log)
        diff = of.endpoint.apply(MANIFEST)
        assert (diff.unchanged, diff.empty) == (("train", "web"), True)
        assert (state_digest(of), len(of.sim.log)) == (before, events)


def test_s40_a_dry_run_only_says_what_would_be() -> None:
    of = cluster()
    of.endpoint.apply(MANIFEST)
    of.sim.run(until="1m")
    before, events = state_digest(of), len(of.sim.log)
    diff = of.endpoint.apply(MANIFEST.replace("priority: 5", "priority: 9").replace("name: web", "name: db"), dry_run=True, prune=True)
    assert (diff.created, diff.changed, diff.deleted, diff.dry_run) == (("db",), ("train",), ("web",), True)
    assert str(diff).splitlines() == ["+ db", "~ train: priority 5 -> 9", "- web"]
    assert "priority" in diff._repr_html_()
    assert (state_digest(of), len(of.sim.log)) == (before, events)


def test_s40_a_service_is_scaled_in_place_and_a_gang_is_submitted_anew() -> None:
    of = cluster()
    of.endpoint.apply(MANIFEST)
    of.sim.run(until="1m")
    diff = of.endpoint.apply(MANIFEST.replace("replicas: 2", "replicas: 1").replace("gpus: 8", "gpus: 4"))
    assert diff.changed == ("train", "web")
    assert {change.field for change in diff.changes["train"]} == {"replicas", "request"}
    of.sim.run(until="2m")
    assert of.endpoint.describe("train").submitted_s == 60.0
    assert of.endpoint.describe("train").status is WorkloadStatus.RUNNING
    assert of.endpoint.state().total("bound").gpu_milli == 4000
    web = of.endpoint.describe("web")
    assert (web.replicas, web.submitted_s, [part.job for part in web.parts]) == (1, 0.0, ["web/0"])


def test_s40_another_description_of_a_service_is_rolled_out() -> None:
    of = cluster()
    of.endpoint.apply(MANIFEST)
    of.sim.run(until="1m")
    of.endpoint.apply(MANIFEST.replace("cpus: 500m", "cpus: 3"))
    of.sim.run(until="2m")
    web = of.endpoint.describe("web")
    assert (web.ready, [part.job for part in web.parts]) == (2, ["web/0.1", "web/1.1"])
    assert of.endpoint.state().total("bound").cpu_milli == 2 * 4000 + 2 * 3000


def test_s40_pruning_deletes_what_was_applied_and_nothing_else() -> None:
    of = cluster()
    of.endpoint.submit(work("by-hand"))
    of.endpoint.apply(MANIFEST)
    only = MANIFEST.split("---")[1]
    assert of.endpoint.apply(only).deleted == ()
    assert of.endpoint.apply(only, prune=True).deleted == ("train",)
    assert of.endpoint.list().names() == ("by-hand", "web")
    assert of.endpoint.apply(only, prune=True).empty


JOB = "apiVersion: mlplat/v1\nkind: Job\nmetadata: {name: a}\nspec: {resources: {cpus: 1}}\n---\n"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("gpus: 8", "gpus: x"), "document 1: spec.resources.gpus: expected a whole number (found 'x')"),
        (("gpus: 8", "gpu: 8"), "document 1: spec.resources.gpu: unknown key; did you mean 'gpus'?"),
        (("priority: 5", "prio: 5"), "document 1: spec.prio: unknown key; did you mean 'priority'?"),
        (("duration: 2h", "duration: soon"), "document 1: spec.duration: not a duration: 'soon'"),
        (("estimate: 3h", "estimate: 1h"), "document 1: spec.estimate: expected at least the duration"),
        (("memory: 16GiB", "memory: 16"), "document 1: spec.resources.memory: expected a number with a unit|memory=16"),
        (("cpus: 4", "cpus: many"), "document 1: spec.resources.cpus: not a CPU quantity: 'many'"),
        (("name: train", "name: Train"), "document 1: metadata.name: name='Train': expected a DNS label"),
        (("team: a", "a b: c"), "document 1: metadata.labels: labels: 'a b' is no key"),
        (("checkpoint: every 30m", "checkpoint: often"), "document 1: spec.checkpoint: checkpoint='often'"),
        (("kind: Job", "kind: Jobb"), "document 1: kind: unknown kind 'Jobb'; did you mean 'Job'?"),
        (("kind: Job", "sort: Job"), "document 1: kind: is required and missing"),
        (("kind: Service", "kind: Service\nspeck: {}"), "document 2: speck: unknown key; did you mean 'spec'?"),
        (("apiVersion: mlplat/v1\nkind: Service", "kind: Service"), "document 2: apiVersion: is required and missing"),
        (("mlplat/v1\nkind: Service", "v1\nkind: Service"), "document 2: apiVersion: "),
        (("policy: on-failure", "policy: sometimes"), "document 2: spec.restart.policy: "),
        (("base: 20s", "base: 0s"), "document 2: spec.restart: base_s=0"),
        (("  replicas: 2\n  resources: {cpus: 500m}", "  replicas: -1\n  resources: {cpus: 500m}"), "document 2: spec.replicas: "),
        (("{cpus: 500m}", "{gpus: 1, mig: 1g.5gb}"), "document 2: spec.resources: a request takes whole devices"),
        (("name: web", "name: train"), "document 2: metadata.name: 'train' is described in document 1 too"),
        (("  resources: {cpus: 500m}", "  duration: 1h\n  resources: {cpus: 500m}"), "document 2: spec.duration: unknown key"),
        (("metadata: {name: web}", "metadata: web"), "document 2: metadata: expected a mapping"),
    ],
)
def test_s40_one_bad_entry_applies_none_and_is_named_with_its_path(change: tuple[str, str], text: str) -> None:
    of = cluster()
    before, events = state_digest(of), len(of.sim.log)
    assert change[0] in MANIFEST
    with pytest.raises(SpecError) as refused:
        of.endpoint.apply(MANIFEST.replace(*change, 1))
    assert any(str(refused.value).startswith(part) or part in str(refused.value) for part in text.split("|"))
    assert (state_digest(of), len(of.sim.log)) == (before, events + 1)
    assert of.sim.log[-1].predicate == "call.refused"


@pytest.mark.parametrize(
    ("text", "line"),
    [(JOB + "a: [1, 2", 7), (JOB + "a: !!python/object:os.system x", 6), (JOB + "a: 1\na: 2", 7), (JOB + "a: &x [*x]", 6)],
)
def test_s40_what_is_no_safe_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    of = cluster()
    with pytest.raises(InputError) as refused:
        of.endpoint.apply(text)
    assert abs((refused.value.line or 0) - line) <= 1
    assert of.endpoint.list() == ()


def test_s40_an_alias_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(InputError, match="aliases"):
        cluster().endpoint.apply("\n".join(lines))


def test_s40_files_and_parsed_documents_are_taken_too(tmp_path: Path) -> None:
    path = tmp_path / "work.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    of = cluster()
    assert of.endpoint.apply(path).created == ("train", "web")
    document = {"apiVersion": "mlplat/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"resources": {"gpus": 1}}}
    assert of.endpoint.apply(document).created == ("a",)
    assert of.endpoint.apply([document, document | {"metadata": {"name": "b"}}]).created == ("b",)
    path.write_text(MANIFEST.replace("gpus: 8", "gpus: x"), encoding="utf-8")
    with pytest.raises(SpecError, match=r"work\.yaml, document 1: spec\.resources\.gpus"):
        of.endpoint.apply(str(path))
    with pytest.raises(InputError, match="cannot be read"):
        of.endpoint.apply(tmp_path / "none.yaml")


def test_s40_empty_documents_are_nothing_and_count() -> None:
    assert cluster().endpoint.apply("---\n---\n").empty
    with pytest.raises(SpecError, match="document 3: kind"):
        cluster().endpoint.apply("---\n---\n" + JOB.replace("---", "") + "---\na: 1\n")


LABELS = st.dictionaries(
    st.from_regex(r"[a-z]([a-z0-9./]{0,3}[a-z0-9])?", fullmatch=True).filter(lambda k: "/" not in k),
    st.sampled_from(["", "x", "A-1"]),
    max_size=2,
)


@st.composite
def workloads(draw: Any) -> mp.Workload:
    """Any workload that a manifest can say."""
    kind = draw(st.sampled_from(["job", "service"]))
    duration = None if kind == "service" else draw(st.one_of(st.none(), st.floats(0, 1e6), st.integers(0, 10**6)))
    device = draw(
        st.sampled_from(
            [{}, {"gpus": 3}, {"gpu_milli": 250}, {"mig": "1g.5gb"}, {"gpus": 1, "models": ["A", "B"]}, {"gpus": 1, "models": "A"}]
        )
    )
    request = mp.ResourceRequest(
        cpu_milli=draw(st.integers(0, 10**6)), memory_mib=draw(st.integers(0, 10**7)), disk_mib=draw(st.integers(0, 10**7)), **device
    )
    return mp.Workload(
        draw(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)),
        request,
        kind=kind,
        replicas=draw(st.integers(1, 9)),
        duration=duration,
        estimate=None if duration is None else duration + draw(st.integers(0, 5)),
        image=draw(st.sampled_from([None, "train:1", "sha256:ab"])),
        priority=draw(st.integers(-5, 5)),
        zone=draw(st.sampled_from(["", "team a", "z: #1", "null"])),
        restart=draw(st.sampled_from(["never", "always", RestartPolicy("on-failure", base_s=1.5, max_restarts=3)])),
        checkpoint=draw(st.sampled_from(["none", "every 30m", "young-daly write 2m", "every 90s write 0s restart 7s"])),
        labels=draw(LABELS),
        stop_grace=draw(st.floats(0, 100)),
    )


@given(st.lists(workloads(), max_size=4, unique_by=lambda workload: workload.name))
def test_s40_what_is_written_reads_back_equal(given_ones: list[mp.Workload]) -> None:
    assert [wanted.workload for wanted in read_manifest("# written\n" + write_manifest(given_ones))[0]] == given_ones


def test_s40_the_manifest_of_what_runs_changes_nothing() -> None:
    of = cluster()
    of.endpoint.apply(MANIFEST)
    of.endpoint.submit(work("by-hand", gpus=1, duration=1.5))
    of.sim.run(until="1m")
    events = len(of.sim.log)
    assert of.endpoint.apply(of.endpoint.to_manifest()).unchanged == ("train", "web", "by-hand")
    assert of.endpoint.apply(of.endpoint.to_manifest("web")).unchanged == ("web",)
    assert len(of.sim.log) == events


def test_s40_a_usage_model_cannot_be_written() -> None:
    of = cluster()
    of.endpoint.submit(work("model", usage=Usage(cpu=100)))
    with pytest.raises(mp.MlplatError, match="usage model"):
        of.endpoint.to_manifest("model")


def test_s40_the_schema_names_every_key() -> None:
    schema = manifest_schema()
    assert {option["$ref"].rpartition("/")[2] for option in schema["anyOf"]} == {f"{kind}Manifest" for kind in KINDS}
    assert "gpu_model" in schema["$defs"]["Resources"]["properties"]
    assert schema["$defs"]["JobSpec"]["additionalProperties"] is False


def test_s40_a_checkpoint_that_means_nothing_here_applies_none_of_the_list() -> None:
    cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("2x8xV100"), scrape_period=None)
    spec = {"resources": {"gpus": 1}, "duration": "1h"}
    documents = [
        {"apiVersion": "mlplat/v1", "kind": "Job", "metadata": {"name": name}, "spec": {**spec, "checkpoint": checkpoint}}
        for name, checkpoint in (("first", "every 30m"), ("second", "young-daly"))
    ]
    with pytest.raises(SpecError, match=r"document 2.*: spec\.checkpoint: .*the cluster has no 'reliability'"):
        cluster.endpoint.apply(documents)
    assert len(cluster.endpoint.list()) == 0
    assert [event.predicate for event in cluster.sim.log] == ["call.refused"]
