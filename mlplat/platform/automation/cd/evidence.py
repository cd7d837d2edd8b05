"""What is known of a version that is to be deployed: who made it, how it was tested, what differs from what is there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ....errors import MlplatError, OptionError, printable
from ...component import principal_of
from ...identity.authorization import Actor
from .calls import CDCalls
from .errors import GateError
from .specs import MODEL, Desired


class Evidence(CDCalls):
    """Continuous delivery, as far as it looks at what it is to deploy."""

    def _authors(self, desired: Desired, actor: Actor) -> tuple[str, ...]:
        """Ids of who asks, and of who made what is to be deployed."""
        authors = [principal_of(actor).id]
        if desired.kind == MODEL:
            path, _, number = desired.what.partition("@")
            authors.append(self._models._catalogue.version(path, int(number)).creator)
        else:
            pipeline = self._pipeline(desired.what, actor)
            authors.append(pipeline.creator)
            repository, _, commit = pipeline.commit.partition("@")
            known = self._scm._repositories.get(repository)
            if known is not None and commit in known.pushers:
                authors.append(known.pushers[commit])
        return tuple(dict.fromkeys(author for author in authors if author))

    def _evidence(self, desired: Desired, actor: Actor, given: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """What is known of tests: the run that made a model, statuses of the commit of a pipeline, and, as external, what is said."""
        found: list[Mapping[str, Any]] = []
        if desired.kind == MODEL:
            path, _, number = desired.what.partition("@")
            version = self._models._catalogue.version(path, int(number))
            run = None if version.run is None else self._metadata._state.runs.get(f"run:{version.run.removeprefix('run:')}")
            if run is not None:
                found.append({"kind": "run", "name": run.resource, "outcome": run.status.value, "external": run.origin != "platform"})
            elif version.external is not None:
                found.append({"kind": "run", "name": "made elsewhere", "outcome": "unknown", "external": True})
        else:
            repository, _, commit = self._pipeline(desired.what, actor).commit.partition("@")
            known = self._scm._repositories.get(repository)
            statuses = {} if known is None else known.statuses.get(commit, {})
            found += [
                {"kind": "status", "name": context, "outcome": status.outcome, "external": False}
                for context, status in sorted(statuses.items())
            ]
        for each in given:
            if not isinstance(each, Mapping) or not all(isinstance(each.get(key), str) for key in ("name", "outcome")):
                raise OptionError("tests: expected mappings with 'name' and 'outcome', such as {'name': 'ci/7', 'outcome': 'success'}")
            said = {key: printable(each[key][:200]) for key in ("name", "outcome")}
            found.append({"kind": "test", **said, "external": True})
        return tuple(found)

    def _check_evidence(self, desired: Desired, evidence: Iterable[Mapping[str, Any]]) -> None:
        """Raises GateError for a version of which a test has failed, or none has succeeded where the zone wants one."""
        outcomes = {each["name"]: each["outcome"] for each in evidence}
        for name, outcome in outcomes.items():
            if outcome in ("failure", "error", "cancelled"):
                raise GateError(desired.resource, desired.zone, f"{name} ended with {outcome}")
        if self._gate(desired.zone).tests and "success" not in outcomes.values():
            raise GateError(desired.resource, desired.zone, "no test of it has succeeded")

    def _difference(self, desired: Desired, actor: Actor) -> dict[str, Any]:
        """What is other than in the version that is deployed, for people."""
        service = self._catalogue.services.get(desired.name)
        old = None if service is None else service.current
        if old is None:
            return {"from": None}
        found: dict[str, Any] = {"from": old.what, "same_content": old.digest == desired.digest}
        for key in ("replicas", "alias"):
            if getattr(old, key) != getattr(desired, key):
                found[key] = [getattr(old, key), getattr(desired, key)]
        try:
            if desired.kind == MODEL:
                parts = [self._models.resolve(each.what, actor=actor).metrics for each in (old, desired)]
            else:
                parts = [self._pipeline(each.what, actor).parts for each in (old, desired)]  # type: ignore[misc]
        except MlplatError:
            return found
        mine, theirs = parts[1], parts[0]
        found |= {str(key): [theirs.get(key), mine.get(key)] for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)}
        return found
