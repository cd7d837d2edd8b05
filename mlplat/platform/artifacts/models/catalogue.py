"""The state of the Model Registry: versions, aliases, stages and rules by model; a fold of its journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ....canonical import frozen
from ...record_shapes import ensure
from ...references import Reference
from .artifact_parts import Part, digest_of_artifact
from .rules import Rule
from .signatures import Signature
from .stages import Stage
from .versions import AliasMove, ModelVersion, StageMove

NEWEST = "latest"
"""Stands for the newest version wherever an alias may stand; it is none itself."""


@dataclass(slots=True)
class Model:
    """One model: versions by number, how many there ever were, aliases and their moves, moves of stages, rules by target."""

    versions: dict[int, ModelVersion] = field(default_factory=dict)
    count: int = 0
    aliases: dict[str, int] = field(default_factory=dict)
    moves: list[AliasMove] = field(default_factory=list)
    stages: list[StageMove] = field(default_factory=list)
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    by_digest: dict[str, list[int]] = field(default_factory=dict)


class Catalogue:
    """All models."""

    def __init__(self) -> None:
        self.models: dict[str, Model] = {}
        self.by_commit: dict[str, list[tuple[str, int]]] = {}
        """Of each commit the versions, by name and number, that its code made."""

    def apply(self, record: Mapping[str, Any]) -> None:
        """Change the state as a record says."""
        model = self.models.get(record["name"])
        if model is None:
            ensure(Reference.parse(record["name"]).path == record["name"], f"{record['name']}: expected the name of a model")
            model = self.models[record["name"]] = Model()
        number, time, actor = record.get("version", 0), record["time"], record["actor"]
        match record["what"]:
            case "registered":
                self._register(model, record)
            case "alias.moved":
                ensure(number is None or number in model.versions, f"no version {number}")
                move = AliasMove(record["alias"], time, actor, model.aliases.get(record["alias"]), number)
                model.moves.append(move)
                if number is None:
                    model.aliases.pop(move.alias, None)
                else:
                    model.aliases[move.alias] = number
            case "staged":
                before = model.versions[number]
                after = Stage(record["stage"])
                model.stages.append(StageMove(number, time, actor, before.stage, after))
                model.versions[number] = replace(before, stage=after)
            case "ruled":
                model.rules[record["target"]] = tuple(str(Rule.parse(rule)) for rule in record["rules"])
                if not record["rules"]:
                    del model.rules[record["target"]]
            case "protected":
                held = set(model.versions[number].protected_by)
                (held.add if record["held"] else held.discard)(record["by"])
                model.versions[number] = replace(model.versions[number], protected_by=tuple(sorted(held)))
            case "tagged":
                tags = MappingProxyType(dict(sorted(record["tags"].items())))
                model.versions[number] = replace(model.versions[number], tags=tags)
            case "described":
                model.versions[number] = replace(model.versions[number], description=record["text"])
            case "deleted":
                gone = model.versions.pop(number)
                if gone.commit is not None:
                    self.by_commit[gone.commit].remove((gone.name, number))
                model.by_digest[gone.digest].remove(number)
                if not model.by_digest[gone.digest]:
                    del model.by_digest[gone.digest]

    def _register(self, model: Model, record: Mapping[str, Any]) -> None:
        number, digest = record["version"], record["digest"]
        signature = record["signature"]
        ensure(number > model.count, f"version {number} after {model.count}")
        ensure(digest == digest_of_artifact({part: of for part, of, *_ in record["parts"]}), "parts of another digest")
        model.versions[number] = ModelVersion(
            name=record["name"],
            version=number,
            digest=digest,
            parts=tuple(Part(*part) for part in record["parts"]),
            signature=None if signature is None else Signature.from_json(signature),
            metrics=frozen(record["metrics"]),
            parameters=frozen(record["parameters"]),
            run=record["run"],
            external=None if record["external"] is None else tuple(record["external"]),
            commit=record["commit"],
            created_s=record["time"],
            creator=record["actor"],
            same_as=tuple(model.by_digest.get(digest, ())),
            tags=MappingProxyType(dict(sorted(record["tags"].items()))),
            description=record["description"],
        )
        model.count = number
        if record["commit"] is not None:
            self.by_commit.setdefault(record["commit"], []).append((record["name"], number))
        model.by_digest.setdefault(digest, []).append(number)

    def get(self, path: str) -> Model:
        """A model; one without versions where there is none."""
        return self.models.get(path) or Model()

    def number_of(self, path: str, version: str) -> int | None:
        """The number of the version that a number, digest, alias, `latest` or nothing means, if there is one."""
        model = self.models.get(path)
        if model is None or not model.versions:
            return None
        if version in ("", NEWEST):
            return next(reversed(model.versions))
        if version.isdecimal():
            number = int(version) if len(version) <= 18 and str(int(version)) == version else 0
            return number if number in model.versions else None
        return model.by_digest[version][0] if version in model.by_digest else model.aliases.get(version)

    def version(self, path: str, number: int) -> ModelVersion:
        """A version with the aliases that point to it now."""
        model = self.models[path]
        return replace(model.versions[number], aliases=tuple(sorted(alias for alias, at in model.aliases.items() if at == number)))

    def __iter__(self) -> Iterator[tuple[str, Model]]:
        return iter(sorted(self.models.items()))
