"""`Node`: a step at its place in a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import MlplatError, OptionError
from .bindings import Binding, described, read_binding, steps_in
from .options import StepOptions, read_options
from .value_types import ValueType, read_type


@dataclass(frozen=True, slots=True)
class Node:
    """A step of a pipeline.

    `name`: in the pipeline. `step`: of the function. `takes`, `arguments`: of each input its type and where its value comes from. `mapped`:
    inputs whose lists it is run for element by element. `outputs`: their types by name; `single` says that the function returns the only
    one as it is. `when`: values that must be equal for it to run. `after`: steps that end before it begins. `context`: the input that
    takes a `StepContext`, empty for none.
    """

    name: str
    step: str
    takes: Mapping[str, ValueType]
    arguments: Mapping[str, Binding]
    outputs: Mapping[str, ValueType]
    single: bool = True
    mapped: tuple[str, ...] = ()
    when: tuple[tuple[Binding, Any], ...] = ()
    after: tuple[str, ...] = ()
    context: str = ""
    options: StepOptions = field(default_factory=StepOptions)

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps that end before it begins, each once, in order of their names."""
        return tuple(sorted({found.step for found in self.sources()} | set(self.after)))

    def sources(self) -> Iterator[Any]:
        """The outputs that its values and conditions come from."""
        for binding in (*self.arguments.values(), *(binding for binding, _ in self.when)):
            yield from steps_in(binding)

    def to_json(self) -> dict[str, Any]:
        """As JSON can say it."""
        return {
            "name": self.name,
            "step": self.step,
            "takes": {name: str(kind) for name, kind in self.takes.items()},
            "arguments": {name: described(binding) for name, binding in self.arguments.items()},
            "outputs": [[name, str(kind)] for name, kind in self.outputs.items()],
            "single": self.single,
            "mapped": list(self.mapped),
            "when": [[described(binding), value] for binding, value in self.when],
            "after": list(self.after),
            "context": self.context,
            "options": self.options.described(),
        }

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Node:
        """From what `to_json` has made. Raises OptionError."""
        try:
            return cls(
                given["name"],
                given["step"],
                {name: read_type(kind) for name, kind in given["takes"].items()},
                {name: read_binding(binding) for name, binding in given["arguments"].items()},
                {name: read_type(kind) for name, kind in given["outputs"]},
                given["single"],
                tuple(given["mapped"]),
                tuple((read_binding(binding), value) for binding, value in given["when"]),
                tuple(given["after"]),
                given["context"],
                read_options(given["options"]),
            )
        except MlplatError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OptionError(f"a step that cannot be read: {type(error).__name__}") from None
