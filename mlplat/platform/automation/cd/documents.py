"""Descriptions of deployments as YAML files: written for people to read and change, and read with the line of what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ....errors import MlplatError, printable
from ...references import Reference, whole_name
from ..placed_yaml import read_placed
from .rollouts.strategies import strategy_of
from .specs import MODEL, PIPELINE, Desired, check_options, check_replicas, check_triggers

FIELDS: Final = ("deployment", "zone", MODEL, PIPELINE, "digest", "replicas", "strategy", "alias", "options", "triggers")


class Described(NamedTuple):
    """A deployment as a file describes it. `what`: `project/name@version`; what is not said of `digest` is empty."""

    name: str
    zone: str
    kind: str
    what: str
    digest: str
    options: Mapping[str, Any]
    """Of `cd.deploy`: replicas, strategy, alias, options, triggers, as far as they are said."""


def file_of(name: str) -> str:
    """The name of the file of a deployment.

    >>> file_of("shop/api")
    'api.yaml'
    """
    return f"{name.partition('/')[2]}.yaml"


def to_yaml(desired: Desired) -> bytes:
    """The file of a deployment; the same for the same.

    >>> desired = Desired("shop/train", "prod", "pipeline", "shop/train@sha256:1", "sha256:1", triggers=("schedule:86400",))
    >>> print(to_yaml(desired).decode().partition("strategy")[0].strip())
    deployment: shop/train
    zone: prod
    pipeline: shop/train@sha256:1
    digest: sha256:1
    triggers:
    - schedule:86400
    """
    import yaml

    said: dict[str, Any] = {"deployment": desired.name, "zone": desired.zone, desired.kind: desired.what, "digest": desired.digest}
    if desired.kind == MODEL:
        said |= {"replicas": desired.replicas, "alias": desired.alias or None, "options": _plain(desired.options)}
    else:
        said["triggers"] = list(desired.triggers)
    said["strategy"] = _plain(desired.strategy.to_dict())
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120).encode()


def read(content: bytes, path: str) -> Described:
    """A deployment from its file. Raises InputError, which names path, line, what is wrong and what was expected."""
    document = read_placed(content, path)
    if document.value is None:
        raise document.wrong("no deployment", f"a mapping with {', '.join(FIELDS)}")
    document = document.keys(FIELDS, "deployment")

    def checked(field: str, check: Callable[[Any], Any]) -> Any:
        try:
            return check(document.at(field).value)
        except MlplatError as error:
            raise document.at(field).wrong(printable(str(error))[:300]) from error

    for field in ("deployment", "zone"):
        if not document.has(field):
            raise document.wrong(f"no {field}", f"a line '{field}: …'")
    kinds = [kind for kind in (MODEL, PIPELINE) if document.has(kind)]
    if len(kinds) != 1:
        raise document.wrong("no version, or two", "a line 'model: …' or 'pipeline: …'")
    kind = kinds[0]
    name = str(checked("deployment", whole_name))
    what = checked(kind, Reference.parse)
    if not (what.version.isdecimal() and kind == MODEL) and not what.version.startswith("sha256:"):
        raise document.at(kind).wrong("a version that moves", "a digest, or the number of a version of a model", shown=True)
    if file_of(name) != path.rpartition("/")[2]:
        raise document.at("deployment").wrong(f"not what the file is called; expected {file_of(name)} for it", shown=True)
    zone, digest = (document.at(field).text(field) if document.has(field) else "" for field in ("zone", "digest"))
    checks = {"replicas": check_replicas, "strategy": strategy_of, "options": check_options, "triggers": check_triggers}
    more = {field: checked(field, check) for field, check in checks.items() if document.has(field)}
    if "alias" in document.value:
        more["alias"] = document.at("alias").text("an alias, or null for none") if document.has("alias") else None
    return Described(name, zone, kind, str(what), digest, more)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
