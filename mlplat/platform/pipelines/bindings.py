"""Where the value of an argument comes from: it is written in the pipeline, an input, a parameter, or what another step makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ...errors import OptionError


class Const(NamedTuple):
    """A JSON value that stands in the pipeline."""

    value: Any


class FromInput(NamedTuple):
    """A dataset or model that the run is given."""

    input: str


class FromParameter(NamedTuple):
    """A parameter of the run."""

    parameter: str


class FromStep(NamedTuple):
    """An output of a step; of one that is mapped the list of all."""

    step: str
    output: str


class Listed(NamedTuple):
    """Several, as a list."""

    parts: tuple[Binding, ...]


Binding = Const | FromInput | FromParameter | FromStep | Listed


def steps_in(binding: Binding) -> Iterator[FromStep]:
    """The outputs of steps that a value is made of."""
    if isinstance(binding, FromStep):
        yield binding
    elif isinstance(binding, Listed):
        for part in binding.parts:
            yield from steps_in(part)


def described(binding: Binding) -> dict[str, Any]:
    """As JSON can say it.

    >>> described(Listed((Const(1), FromStep("train", "model"))))
    {'list': [{'value': 1}, {'step': 'train', 'output': 'model'}]}
    """
    match binding:
        case Const(value):
            return {"value": value}
        case FromInput(name):
            return {"input": name}
        case FromParameter(name):
            return {"parameter": name}
        case FromStep(step, output):
            return {"step": step, "output": output}
    return {"list": [described(part) for part in binding.parts]}


def read_binding(given: Mapping[str, Any]) -> Binding:
    """The binding that was described. Raises OptionError."""
    match dict(given):
        case {"value": value}:
            return Const(value)
        case {"input": str(name)}:
            return FromInput(name)
        case {"parameter": str(name)}:
            return FromParameter(name)
        case {"step": str(step), "output": str(output)}:
            return FromStep(step, output)
        case {"list": [*parts]}:
            return Listed(tuple(read_binding(part) for part in parts))
    raise OptionError("a binding; expected a value, an input, a parameter, an output of a step, or a list of these")
