"""Descriptions of deployments as YAML files: written for people to read and change, and read with the line of what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import yaml

from ....errors import InputError, MlplatError, printable
from ...references import Reference, whole_name
from .rollouts.strategies import strategy_of
from .specs import MODEL, PIPELINE, Desired, check_options, check_replicas, check_triggers

FIELDS: Final = ("deployment", "zone", MODEL, PIPELINE, "digest", "replicas", "strategy", "alias", "options", "triggers")
LARGEST: Final = 65_536
DEEPEST: Final = 20


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

    >>> print(to_yaml(Desired("shop/train", "prod", "pipeline", "shop/train@3", "sha256:" + "1" * 64, triggers=("daily",))).decode()[:75])
    deployment: shop/train
    zone: prod
    pipeline: shop/train@3
    digest: sha256:
    """
    said: dict[str, Any] = {"deployment": desired.name, "zone": desired.zone, desired.kind: desired.what, "digest": desired.digest}
    if desired.kind == MODEL:
        said |= {"replicas": desired.replicas, "alias": desired.alias or None, "options": _plain(desired.options)}
    else:
        said["triggers"] = list(desired.triggers)
    said["strategy"] = _plain(desired.strategy.to_dict())
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120).encode()


def read(content: bytes, path: str) -> Described:
    """A deployment from its file. Raises InputError, which names path, line, what is wrong and what was expected."""
    node = _parsed(content, path)
    if not isinstance(node, yaml.MappingNode):
        raise InputError("no deployment", path=path, line=1, expected=f"values of {', '.join(FIELDS)}")
    lines: dict[str, int] = {}
    for key, _ in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        line = _line(key.start_mark) or 1
        if name not in FIELDS:
            raise InputError(
                "an unknown field", path=path, line=line, value=printable(str(name)[:60]), expected=f"one of {', '.join(FIELDS)}"
            )
        if name in lines:
            raise InputError("a field twice", path=path, line=line, column=name)
        lines[name] = line
    values: dict[str, Any] = _built(node, path)

    def checked(field: str, check: Any, *arguments: Any) -> Any:
        try:
            return check(values[field], *arguments)
        except MlplatError as error:
            raise InputError(printable(str(error))[:300], path=path, line=lines[field], column=field) from error

    for field in ("deployment", "zone"):
        if field not in values:
            raise InputError(f"no {field}", path=path, line=1, column=field, expected=f"a line '{field}: …'")
    kinds = [kind for kind in (MODEL, PIPELINE) if kind in values]
    if len(kinds) != 1:
        raise InputError("no version, or two", path=path, line=1, expected="a line 'model: …' or 'pipeline: …'")
    kind = kinds[0]
    name = str(checked("deployment", whole_name))
    what = checked(kind, Reference.parse)
    if not what.version or (kind == MODEL and not (what.version.isdecimal() or what.version.startswith("sha256:"))):
        raise InputError("a version that moves", path=path, line=lines[kind], column=kind, value=str(what), expected="a number or a digest")
    for field in ("zone", "digest"):
        if field in values and not isinstance(values[field], str):
            raise InputError("no text", path=path, line=lines[field], column=field, value=values[field], expected="text")
    if file_of(name) != path.rpartition("/")[2]:
        expected = f"{path.partition('/')[0]}/{path.rpartition('/')[2].removesuffix('.yaml')}"
        raise InputError("a deployment in the file of another", path=path, line=lines["deployment"], value=name, expected=expected)
    more: dict[str, Any] = {}
    checks = {"replicas": check_replicas, "strategy": strategy_of, "options": check_options, "triggers": check_triggers}
    for field, check in checks.items():
        if field in values:
            more[field] = checked(field, check)
    if "alias" in values:
        if not (values["alias"] is None or isinstance(values["alias"], str)):
            raise InputError("no alias", path=path, line=lines["alias"], value=values["alias"], expected="text, or null for none")
        more["alias"] = values["alias"]
    return Described(name, values["zone"], kind, str(what), values.get("digest", ""), more)


def _parsed(content: bytes, path: str) -> Any:
    if len(content) > LARGEST:
        raise InputError(f"{len(content):,} bytes", path=path, expected=f"at most {LARGEST:,}")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise InputError("no UTF-8", path=path, line=content[: error.start].count(b"\n") + 1) from error
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):  # a few lines could be billions of values
                raise InputError("an anchor or alias of YAML", path=path, line=_line(event.start_mark), expected="the value itself")
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise InputError("nested too deeply", path=path, line=_line(event.start_mark), expected=f"at most {DEEPEST} levels")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = printable(str(getattr(error, "problem", None) or "no YAML"))
        raise InputError(problem, path=path, line=_line(mark), expected="a document of YAML") from error


def _built(node: Any, path: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = yaml.SafeLoader("").construct_document(node)
        return found
    except (yaml.YAMLError, ValueError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = printable(str(getattr(error, "problem", None) or error))[:200]
        raise InputError(problem, path=path, line=_line(mark), expected="plain values") from error


def _line(mark: Any) -> int | None:
    return None if mark is None else int(mark.line) + 1


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value
