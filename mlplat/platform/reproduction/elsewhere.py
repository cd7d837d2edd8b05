"""Making a model again on a platform of its own, which has nothing but what the lineage of the model names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...errors import IntegrityError
from ...version import VERSION
from ..artifacts.capsules import CapsuleError
from .checking import problem_of, read_all
from .verdict import Difference, Outcome, Verdict

if TYPE_CHECKING:
    from ...infra.cluster import Cluster
    from ..facade import Platform
    from ..identity.principals import Principal


def reproduce_elsewhere(platform: Platform, model: str, actor: Principal, on: Cluster | None) -> Verdict:
    """Pack all that a model version was made of, take it into a platform that was made for it, and make it again there.

    `on`: its cluster; None for none, where steps take their time and stand in nobody's way. Raises AccessDenied.
    """
    from ...context import Simulation
    from ..facade import Platform as New

    lineage = platform.metadata.lineage(model, actor=actor)
    version = platform.models.resolve(model, actor=actor)
    known: Any = {"fingerprint": lineage.fingerprint, "digest": version.digest, "numerics": lineage.numerics.value, "version": VERSION}
    if not lineage.reproducible or not lineage.run:
        missing = tuple(str(each) for each in lineage.missing) or tuple(name for name, part in lineage.parts.items() if part is None)
        text = "its lineage is not complete"
        return Verdict(version.resource, Outcome.NOT_REPRODUCIBLE, missing=missing, text=text, **known)
    run = platform.metadata._state.runs[lineage.run]
    differences = read_all(platform.capsules._stores, run.all_inputs(), actor)
    if differences:
        text = "what it was made of is not what it was"
        return Verdict(version.resource, Outcome.LINEAGE_DIFFERS, differences=differences, text=text, **known)
    try:
        content = platform.capsules._packed(actor, version.resource)
    except IntegrityError as error:
        found = (Difference(str(error).partition(": ")[0], error.digest, error.found),)
        return Verdict(version.resource, Outcome.LINEAGE_DIFFERS, differences=found, text="what it was made of is not what it was", **known)
    new = New(Simulation(platform.sim.seed, epoch=platform.sim.epoch) if on is None else on)
    admin = new.admin
    try:
        summary = new.capsules.inspect(content, actor=admin)
        named = (summary.model, summary.run, *summary.artifacts)
        for project in sorted({resource.partition(":")[2].partition("/")[0] for resource in named}):
            new.identity.create_project(project, owner=admin, actor=admin)
        taken = new.capsules.import_file(content, actor=admin)
    except CapsuleError as error:
        return Verdict(version.resource, Outcome.NOT_REPRODUCIBLE, text=problem_of(error), **known)
    zone = "" if on is None else new.zones.create_development(admin, {}, actor=admin).name
    again = new.reproduction.start(taken.model, zone=zone, trust=True, actor=admin)
    verdict: Verdict = new.sim.run(until=again.wait())
    return verdict
