"""How the function of a pipeline becomes a graph: it is called once, with placeholders, and each step that it calls leaves a node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .bindings import Binding, FromStep, Listed
from .dag import listed
from .errors import DefinitionError, MissingArgumentError, TypeMismatchError, UnknownInputError
from .nodes import Node
from .options import StepOptions
from .placeholders import Outputs, Placeholder, bound
from .value_types import Form, ValueType, type_in_words

if TYPE_CHECKING:
    from .steps import Signature, Step


class Builder:
    """The nodes of a pipeline while its function is called."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._conditions: list[tuple[Binding, Any]] = []
        self.steps: dict[str, Step] = {}
        """The steps that were called, by the names of their functions."""

    @property
    def nodes(self) -> tuple[Node, ...]:
        """In the order in which their steps were called."""
        return tuple(self._nodes.values())

    @contextmanager
    def only_if(self, binding: Binding, value: Any) -> Iterator[None]:
        """What is called in the block runs only where a value is equal to another."""
        self._conditions.append((binding, value))
        try:
            yield
        finally:
            self._conditions.pop()

    def order(self, step: str, others: Iterable[str]) -> None:
        """A step begins after others have ended."""
        node = self._nodes[step]
        self._nodes[step] = replace(node, after=tuple(dict.fromkeys((*node.after, *others))))

    def call(
        self,
        step: Step,
        name: str,
        options: StepOptions,
        mapped: tuple[Any, ...] | None,
        arguments: tuple[Any, ...],
        named: Mapping[str, Any],
    ) -> Placeholder | Outputs:
        """A step was called; `mapped`: the lists that it is mapped over, None for a plain call."""
        called = self._free(name)
        signature = step.signature
        self._claim(step, called)
        takes = signature.inputs
        given = _by_name(called, signature, arguments if mapped is None else (), named, mapped or ())
        bindings: dict[str, Binding] = {}
        over = tuple(name for name, value in given.items() if isinstance(value, _Over))
        for name, kind in takes.items():
            value = given.get(name, signature.defaults.get(name, _MISSING))
            if value is _MISSING:
                raise MissingArgumentError(f"an input without a value; expected {kind}", step=called, input=name)
            bindings[name] = _elements(value.value, kind, called, name) if isinstance(value, _Over) else bound(value, kind, called, name)
        lengths = {len(binding.parts) for name in over if isinstance(binding := bindings[name], Listed)}
        if len(lengths) > 1:
            raise DefinitionError(f"mapped over lists of {' and '.join(map(str, sorted(lengths)))}; expected equal lengths", step=called)
        self._nodes[called] = Node(
            called,
            step.name,
            takes,
            bindings,
            signature.outputs,
            signature.single,
            over,
            tuple(self._conditions),
            (),
            signature.context,
            options,
        )
        parts = {
            output: Placeholder(FromStep(called, output), kind if mapped is None else listed(kind))
            for output, kind in signature.outputs.items()
        }
        return next(iter(parts.values())) if signature.single and parts else Outputs(called, parts)

    def _claim(self, step: Step, called: str) -> None:
        if self.steps.setdefault(step.name, step).function is not step.function:
            raise DefinitionError(f"two functions are called {step.name!r}; expected each step to have a name of its own", step=called)

    def _free(self, name: str) -> str:
        found, number = name, 1
        while found in self._nodes:
            number += 1
            found = f"{name}-{number}"
        return found


class _Over:
    """A list that a step is mapped over."""

    def __init__(self, value: Any) -> None:
        self.value = value


_MISSING = object()


def _by_name(
    step: str, signature: Signature, arguments: tuple[Any, ...], named: Mapping[str, Any], over: tuple[Any, ...]
) -> dict[str, Any]:
    """The arguments of a call by the names of the inputs. Raises UnknownInputError, DefinitionError."""
    known = ", ".join(signature.inputs) or "none"
    for name in named:
        if name not in signature.inputs:
            raise UnknownInputError(f"no such input; expected {known}", step=step, input=name)
    free = [name for name in signature.inputs if name not in named] if over else list(signature.inputs)
    values = [_Over(value) for value in over] or list(arguments)
    if len(values) > len(free):
        raise DefinitionError(f"{len(values)} values without a name; expected at most {len(free)}, for {known}", step=step)
    found = dict(zip(free, values, strict=False))
    for name in named:
        if name in found:
            raise DefinitionError("two values for it; expected one", step=step, input=name)
    return found | dict(named)


def _elements(value: Any, kind: ValueType, step: str, name: str) -> Binding:
    """The binding of a list that an input is mapped over."""
    if isinstance(value, (list, tuple)):
        return Listed(tuple(bound(part, kind, step, name) for part in value))
    if isinstance(value, Placeholder):
        there = value._type
        if there.many and kind.accepts(there.each):
            return value._binding
        if there.form is Form.JSON and kind.form is Form.JSON and there.of in ("", "list"):
            return value._binding
        raise TypeMismatchError(f"a list of {kind} to map over", there, step=step, input=name)
    raise TypeMismatchError(f"a list of {kind} to map over", type_in_words(value), step=step, input=name)
