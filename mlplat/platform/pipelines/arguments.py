"""What a step is called with in one run: where the value is, its digest, and its size."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...canonical import canonical_json
from ...units import MIB
from ..storage.digests import digest_of_json
from ..storage.store import Store
from .bindings import Binding, Const, FromInput, FromParameter, FromStep
from .value_types import Form, ValueType
from .values import Value, unpacked


class Given(NamedTuple):
    """A JSON value of the pipeline or a parameter of the run."""

    value: Any

    @property
    def digest(self) -> str:
        """Of its canonical JSON."""
        return digest_of_json(self.value)

    @property
    def size_mib(self) -> float:
        """MiB."""
        return len(canonical_json(self.value)) / MIB


class Made(NamedTuple):
    """What a step has made."""

    value: Value

    @property
    def digest(self) -> str:
        """Of the value."""
        return self.value.digest

    @property
    def size_mib(self) -> float:
        """MiB."""
        return self.value.size_mib


class Read(NamedTuple):
    """A dataset or model of the run, read when the step begins. `resource`: `kind:project/name@version`."""

    input: str
    resource: str
    digest: str
    size_mib: float


class Several(NamedTuple):
    """A list of these."""

    parts: tuple[Argument, ...]

    @property
    def digest(self) -> str:
        """Of their digests."""
        return digest_of_json([part.digest for part in self.parts])

    @property
    def size_mib(self) -> float:
        """MiB of all of them."""
        return sum(part.size_mib for part in self.parts)


Argument = Given | Made | Read | Several


class Values(NamedTuple):
    """All values that a run has so far. `made`: by step and output, of one that is mapped the list of all."""

    inputs: Mapping[str, Read]
    parameters: Mapping[str, Any]
    made: Mapping[tuple[str, str], Argument]

    def argument(self, binding: Binding) -> Argument:
        """What a binding gives."""
        match binding:
            case Const(value):
                return Given(value)
            case FromInput(name):
                return self.inputs[name]
            case FromParameter(name):
                return Given(self.parameters[name])
            case FromStep(step, output):
                return self.made[step, output]
        return Several(tuple(self.argument(part) for part in binding.parts))


def elements(store: Store, argument: Argument) -> list[Argument]:
    """The elements of a list, each as an argument. Raises TypeError for what is no list."""
    match argument:
        case Several(parts):
            return list(parts)
        case Given(value):
            return [Given(part) for part in _list(value)]
        case Made(value) if value.type.many:
            return [Made(part) for part in value.at]
        case Made(value):
            return [Given(part) for part in _list(unpacked(store, value))]
    raise TypeError("mapped over an input of the pipeline, which is no list")


def made_of(argument: Argument) -> Iterator[Value]:
    """The values of steps that an argument is."""
    if isinstance(argument, Made):
        yield from argument.value.at if argument.value.type.many else (argument.value,)
    elif isinstance(argument, Several):
        for part in argument.parts:
            yield from made_of(part)


def reads(argument: Argument) -> Iterator[Read]:
    """The datasets and models that an argument is read from."""
    if isinstance(argument, Read):
        yield argument
    elif isinstance(argument, Several):
        for part in argument.parts:
            yield from reads(part)


def content(store: Store, argument: Argument, kind: ValueType, read: Mapping[str, Any]) -> Any:
    """The value for a call, a copy of its own. `read`: contents of datasets and models by input."""
    match argument:
        case Given(value):
            found = json.loads(canonical_json(value))
            return float(found) if kind.of == "float" and type(found) is int else found
        case Made(value):
            return unpacked(store, value, kind)
        case Read(name):
            return _shaped(read[name], kind)
    return [content(store, part, kind.each, read) for part in argument.parts]


def _shaped(found: Any, kind: ValueType) -> Any:
    """What a store has given as the step declared it."""
    if kind.form is Form.JSON:
        return json.loads(found)
    if kind.form is Form.MODEL and kind.maker is not None:
        return kind.maker.from_parts(dict(found) if isinstance(found, Mapping) else found)
    return found


def _list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"mapped over a {type(value).__name__}; expected a list to map over")
    return list(value)
