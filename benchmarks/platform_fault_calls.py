"""What is done on the platform of the platform fault campaign: the verbs of steps and faults, and what a refusal promises at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.fault_networks import change_link, repair_links
from benchmarks.platform_fault_cases import Step
from benchmarks.platform_fault_world import API, DEV, DEV_LIMIT, LIMIT, MODEL, PROD, REPO, TAGS, TRAIN, World, external, files, inputs, rows
from mlplat.errors import MlplatError
from mlplat.infra.workload_spec import Workload
from mlplat.platform.observing import request_id
from mlplat.platform.serving import Requests
from mlplat.platform.work import InfrastructureError

ZONES = {"prod": PROD, "dev": DEV}
NAMES = {"api": API, "train": TRAIN}
OPTIONS = {
    "request": {"cpus": 1},
    "base": "150ms",
    "slots": 2,
    "timeout": "1s",
    "sample": 1.0,
    "health": "2s",
    "load": "5s",
    "flush": "20s",
}
STRATEGIES: tuple[Any, ...] = (
    {"kind": "canary", "policy": {"steps": (0.3, 1.0), "requests": 8, "bake": "60s", "deadline": "5m"}, "pending": "10m", "keep": "5m"},
    {"kind": "canary", "policy": {"steps": (0.5, 1.0), "requests": 8, "bake": "60s", "deadline": "5m"}, "pending": "10m", "keep": "0s"},
    {"kind": "rolling", "pending": "10m"},
    {"kind": "blue-green", "pending": "10m", "keep": "2m"},
)
CALLS = {
    "data": ("publish", "append", "read", "resolve", "fetch", "split"),
    "images": ("publish", "resolve", "tag"),
    "models": ("register", "resolve", "load", "deployable", "promote", "set_stage"),
    "scm": ("resolve", "checkout", "set_status", "statuses", "commit", "changes", "prepare_merge", "merge_change"),
    "metadata": ("start_run", "run", "lineage", "record_baseline", "baseline", "log_metrics", "record_deployment", "link"),
}
"""By component the calls that others make of it, which fail while it is away."""


def carry_out(world: World, step: Step) -> str:
    """Do it. What the platform refuses is refused: then nothing has changed. Returns what is wrong with that, empty for nothing."""
    before, logged = records(world), len(world.sim.log)
    workloads = len(world.cluster._records)
    world.called.add(world.sim.now)
    try:
        _VERBS[step.verb](world, step)
    except MlplatError as error:
        after = records(world)
        if not str(error):
            return f"{step.verb} was refused, and nothing says why"
        if isinstance(error, InfrastructureError):  # a call that others make failed on the way
            return ""
        if after != before or workloads != len(world.cluster._records):
            changed = [name for name in after if after[name] != before.get(name)]
            return f"{step.verb} {step.word} was refused ({error}), and has written to {', '.join(changed) or 'the cluster'}"
        told = [world.sim.log[place].predicate for place in range(logged, len(world.sim.log))]
        if len([predicate for predicate in told if predicate != "artifact.downloaded"]) > 1:  # what was read was read
            return f"{step.verb} {step.word} was refused ({error}), and is told of by {', '.join(told)}"
    return ""


def records(world: World) -> dict[str, int]:
    """How many records each journal has; of access nothing is said."""
    return {name: len(kept) for name, kept in world.platform.store._journals.items() if name != "audit"}


# -- what people do


def _push(world: World, step: Step) -> None:
    number = len(world.commits)
    commit = world.platform.scm.commit(REPO, "main", files(step.word, number), f"Change {number}", actor=world.ada)
    world.commits[commit.id] = step.word


def _change(world: World, step: Step) -> None:
    """A branch, with a commit of its own, that is to be merged."""
    scm, number = world.platform.scm, len(world.commits)
    world.branches += 1
    branch = f"work-{world.branches}"
    scm.create_branch(REPO, branch, "main", actor=world.ada)
    commit = scm.commit(REPO, branch, files(step.word, number), f"Change {number}", actor=world.ada)
    world.commits[commit.id] = step.word
    scm.create_change(REPO, branch, "main", f"Work {number}", actor=world.ada)


def _merge(world: World, step: Step) -> None:
    found = world.platform.scm.changes(REPO, state="open", actor=world.bob)
    if found:
        world.platform.scm.merge_change(REPO, found[step.number % len(found)].number, actor=world.bob)


def _runs(world: World) -> list[Any]:
    return list(world.platform.orchestrator.runs(actor=world.ada))


def _of_run(world: World, step: Step, verb: str, **options: Any) -> None:
    found = _runs(world)
    if found:
        getattr(world.platform.orchestrator, verb)(found[step.number % len(found)].name, actor=world.ada, **options)


def _pipeline(world: World, step: Step) -> str:
    versions = world.platform.orchestrator.versions(REPO, actor=world.ada)
    found = [each.reference for each in versions if each.published]
    return f"pipeline:{found[-1 - step.number % 2 % len(found)]}" if found else f"pipeline:{REPO}@main"


def _model(world: World, step: Step) -> str:
    known = world.platform.models._catalogue.models.get(MODEL)
    numbers = sorted(known.versions) if known is not None else []
    return f"{MODEL}@{numbers[-1 - step.number % 3 % len(numbers)] if numbers else 1}"


def _bring(world: World, step: Step, verb: str) -> None:
    cd, actor = world.platform.cd, world.ada
    call = getattr(cd, verb)
    if step.word == "pipeline":
        call(TRAIN, _pipeline(world, step), zone=PROD, triggers=[f"drift:{API}", "dataset:shop/customers"], actor=actor)
        return
    strategy = STRATEGIES[step.number % len(STRATEGIES)]
    call(API, _model(world, step), zone=PROD, replicas=1 + step.number % 2, strategy=strategy, options=OPTIONS, actor=actor)


def _decide(world: World, step: Step, verb: str) -> None:
    found = [each for each in world.platform.cd._catalogue.approvals.values() if each.open]
    who = world.ada if step.number == 7 else world.bob
    if found:
        getattr(world.platform.cd, verb)(found[0].number, actor=who)


def _external(world: World, step: Step) -> None:
    model = external(step.word == "wrong")
    options = {"external": ["data", "seed"], "signature": model.signature, "tags": TAGS[step.word]}
    world.platform.models.register(MODEL, model.to_parts(), actor=world.ada, **options)


def _configure(world: World, step: Step) -> None:
    world.platform.retraining.configure(
        TRAIN,
        world.robot,
        policy=world.policy(),
        data={"customers": "shop/customers"},
        current=f"{MODEL}@production",
        held_out="shop/held",
        target="y",
        deploy=API,
        actor=world.ada,
    )


def _watch(world: World, step: Step) -> None:
    world.platform.monitoring.watch(API, account=world.robot, rows=40, minimum=20, labels=20, baseline="shop/customers@1", actor=world.ada)


def _requests(world: World, step: Step) -> None:
    world.sent += 1
    requests = Requests.poisson((0.1, 0.15, 0.3)[step.number % 3], until=300.0 + 60 * step.number, seed=10 * world.case.seed + world.sent)

    def asked(numbers: Any) -> Any:
        return inputs(world.shift)[np.asarray(numbers) % 256]

    number = world.platform.serving.attach(API, requests, inputs=asked, actor=world.ada)
    world.streams.append((number, requests))


def _label(world: World, step: Step) -> None:
    labels = {request_id(API, number): number % 2 for number in range(60)}
    world.platform.monitoring.label(API, labels, actor=world.robot)


def _gate(world: World, step: Step) -> None:
    world.platform.cd.set_gate(zone=PROD, required=step.word != "off", tests=step.word == "tests", expires="30m", actor=world.ada)


def _of_ci(world: World, step: Step, verb: str) -> None:
    ci = world.platform.ci
    if verb == "run":
        ci.run(f"{REPO}@main", actor=world.ada)
        return
    found = ci.runs(REPO, actor=world.ada)
    if found:
        ci.cancel(REPO, found[step.number % len(found)].number, actor=world.ada)


def _reproduce(world: World, step: Step) -> None:
    world.reproductions.append(world.platform.reproduction.start(_model(world, step), zone=DEV, trust=True, actor=world.ada))


def _scale(world: World, step: Step) -> None:
    status = world.platform.serving.status(API, actor=world.ada)
    world.platform.serving.scale(API, status.versions[-1].model, step.number % 3, actor=world.ada)


def _delete(world: World, step: Step) -> None:
    platform, actor = world.platform, world.ada
    match step.word:
        case "model":
            platform.models.delete(_model(world, step), actor=actor)
        case "dataset":
            platform.data.delete("shop/customers@1", actor=actor)
        case "image":
            platform.images.delete(f"{REPO}@latest", actor=actor)
        case _:
            platform.scm.delete_repository(REPO, actor=actor)


def _outsider(world: World, step: Step) -> None:
    """Somebody who has no right to anything tries."""
    platform, eve = world.platform, world.eve
    tries: tuple[Callable[[], object], ...] = (
        lambda: platform.cd.deploy(API, f"{MODEL}@1", zone=PROD, actor=eve),
        lambda: platform.orchestrator.run(f"{REPO}@main", actor=eve),
        lambda: platform.cd.approve(1, actor=eve),
        lambda: platform.zones.submit(PROD, Workload("eve", {"cpus": 1}, duration="1h"), actor=eve),
    )
    tries[step.number % 4]()


# -- what fails


def _node(world: World, step: Step) -> str:
    names = world.cluster.nodes.names
    return str(names[step.number % len(names)])


def _hardware(world: World, step: Step) -> None:
    getattr(world.cluster.hardware, step.verb)(_node(world, step))


def _drain(world: World, step: Step) -> None:
    endpoint = world.cluster.endpoint
    if step.verb == "drain":
        endpoint.drain(_node(world, step), grace=5.0)
    else:
        endpoint.uncordon(_node(world, step))


def _link(world: World, step: Step) -> None:
    change_link(world.cluster, step.verb, step.number % len(world.cluster.nodes))


def _away(world: World, step: Step) -> None:
    component = getattr(world.platform, step.word)
    if step.word in world.lost:
        return

    def failing(call: Callable[..., Any]) -> Callable[..., Any]:
        def fail(*arguments: Any, **options: Any) -> Any:
            if world.platform.store._open:  # what has begun to be kept together is kept
                return call(*arguments, **options)
            raise InfrastructureError(f"{step.word} cannot be reached")

        return fail

    world.lost[step.word] = {name: getattr(component, name) for name in CALLS[step.word]}
    for name, call in world.lost[step.word].items():
        setattr(component, name, failing(call))


def _back(world: World, step: Step) -> None:
    for name in world.lost.pop(step.word, {}):
        delattr(getattr(world.platform, step.word), name)


def _fill(world: World, step: Step) -> None:
    """Other work takes all that a zone may have."""
    world.fillers += 1
    cpus, owner = (LIMIT, world.bob) if step.word == "prod" else (DEV_LIMIT, world.ada)
    for number in range(cpus // 4):
        workload = Workload(f"busy-{world.fillers}-{number}", {"cpus": 4}, duration=max(20.0, float(step.number)))
        world.platform.zones.submit(ZONES[step.word], workload, actor=owner)


def _member(world: World, step: Step, role: str) -> None:
    world.platform.identity.add_member("shop", world.robot if step.word == "robot" else world.bob, role, actor=world.ada)


def _zone(world: World, step: Step, verb: str) -> None:
    getattr(world.platform.zones, verb)(ZONES[step.word], actor=world.admin)


def _resize(world: World, step: Step, share: int) -> None:
    most = LIMIT if step.word == "prod" else DEV_LIMIT
    given: dict[str, Any] = {"limit": {"cpus": most // share}}
    if step.word == "prod":
        given["guarantee"] = {"cpus": most // share // 2}
    world.platform.zones.resize(ZONES[step.word], actor=world.admin, **given)


def _delete_workload(world: World, step: Step) -> None:
    """An administrator ends what happens to be at work."""
    names = [each.workload.name for each in world.cluster._records if each.status.value in ("pending", "running")]
    if names:
        world.cluster.endpoint.delete(names[step.number % len(names)])


def repair(world: World) -> None:
    """Everything is whole, open and granted again, and nothing else is in the way."""
    world.called.add(world.sim.now)
    for word in list(world.lost):
        _back(world, Step(0.0, "back", word))
    repair_links(world.cluster)
    for name in world.cluster.nodes.names:
        world.cluster.hardware.restore(name)
        world.cluster.endpoint.uncordon(name)
    for record in world.cluster._records:
        if record.workload.name.startswith("busy-") and record.status.value in ("pending", "running"):
            world.cluster.endpoint.delete(record.workload.name)
    for word in ZONES:
        _resize(world, Step(0.0, "grow", word), 1)
        _zone(world, Step(0.0, "resume_zone", word), "resume")
    for word in ("robot", "bob"):
        _member(world, Step(0.0, "grant", word), "maintainer")


_VERBS: dict[str, Callable[[World, Step], object]] = {
    "push": _push,
    "change": _change,
    "merge": _merge,
    "run": lambda world, step: world.platform.orchestrator.run(f"{REPO}@main", seed=step.number % 2, zone=DEV, actor=world.ada),
    "publish": lambda world, step: world.platform.orchestrator.publish(f"{REPO}@main", actor=world.ada),
    "cancel": partial(_of_run, verb="cancel"),
    "resume": partial(_of_run, verb="resume", zone=DEV),
    "rerun": partial(_of_run, verb="rerun", zone=DEV),
    "deliver": partial(_bring, verb="deliver"),
    "deploy": partial(_bring, verb="deploy"),
    "approve": partial(_decide, verb="approve"),
    "deny": partial(_decide, verb="deny"),
    "rollback": lambda world, step: world.platform.cd.rollback(NAMES[step.word], actor=world.ada),
    "remove": lambda world, step: world.platform.cd.remove(NAMES[step.word], actor=world.ada),
    "external": _external,
    "configure": _configure,
    "retrain": lambda world, step: world.platform.retraining.request(TRAIN, actor=world.ada),
    "recover": lambda world, step: world.platform.retraining.resume(TRAIN, actor=world.ada),
    "watch": _watch,
    "unwatch": lambda world, step: world.platform.monitoring.unwatch(API, actor=world.ada),
    "label": _label,
    "requests": _requests,
    "data": lambda world, step: world.platform.data.publish("shop/customers", rows(60, 1 + step.number), actor=world.ada),
    "drift": lambda world, step: setattr(world, "shift", 2.0),
    "gate": _gate,
    "ci": partial(_of_ci, verb="run"),
    "ci_cancel": partial(_of_ci, verb="cancel"),
    "build": lambda world, step: world.platform.builder.build(f"{REPO}@main", actor=world.ada),
    "reproduce": _reproduce,
    "scale": _scale,
    "stage": lambda world, step: world.platform.models.set_stage(_model(world, step), step.word, actor=world.ada),
    "delete": _delete,
    "outsider": _outsider,
    "crash": _hardware,
    "cut_off": _hardware,
    "restore": _hardware,
    "drain": _drain,
    "uncordon": _drain,
    "fail_link": _link,
    "repair_link": _link,
    "away": _away,
    "back": _back,
    "fill": _fill,
    "revoke": partial(_member, role="viewer"),
    "grant": partial(_member, role="maintainer"),
    "suspend": partial(_zone, verb="suspend"),
    "resume_zone": partial(_zone, verb="resume"),
    "shrink": partial(_resize, share=4),
    "grow": partial(_resize, share=1),
    "delete_workload": _delete_workload,
}
