"""`Dag`: the steps of a pipeline and what they pass to each other, checked as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

from ...errors import MlplatError, OptionError, printable
from ..storage.digests import digest_of_json
from .bindings import Binding, Const, FromInput, FromParameter, FromStep, Listed, described, read_binding
from .errors import CycleError, DefinitionError, MissingArgumentError, PipelineError, TypeMismatchError, UnknownInputError
from .nodes import Node
from .value_types import Form, ValueType, checked_json, read_type

FORMAT = 1


class Input(NamedTuple):
    """A dataset or model that a pipeline is given. `default`: which one unless the run says; empty for none."""

    type: ValueType
    default: str = ""


class Parameter(NamedTuple):
    """A JSON value that a pipeline is given. `required`: it has no default."""

    type: ValueType
    default: Any = None
    required: bool = False


class Published(NamedTuple):
    """What a run publishes under a name: a model in the Model Registry, anything else in the Data Store."""

    binding: FromStep
    name: str


@dataclass(frozen=True)
class Dag:
    """The graph of a pipeline. Raises, when it is made, what is wrong with it: CycleError, UnknownInputError, TypeMismatchError,
    MissingArgumentError, DefinitionError.

    `nodes`: in the order in which they were written. `inputs`, `parameters`: by name. `outputs`: what is published, by name.
    """

    nodes: tuple[Node, ...]
    inputs: Mapping[str, Input]
    parameters: Mapping[str, Parameter]
    outputs: Mapping[str, Published]

    def __post_init__(self) -> None:
        self._check()

    @cached_property
    def by_name(self) -> Mapping[str, Node]:
        """The steps by their names."""
        return MappingProxyType({node.name: node for node in self.nodes})

    @cached_property
    def order(self) -> tuple[Node, ...]:
        """Each step after those that it needs; else as they were written. Raises CycleError."""
        places = {node.name: place for place, node in enumerate(self.nodes)}
        left = {node.name: len(node.needs) for node in self.nodes}
        ready = [place for place, node in enumerate(self.nodes) if not node.needs]
        found: list[Node] = []
        while ready:
            node = self.nodes[heappop(ready)]
            found.append(node)
            for name in self.followers[node.name]:
                left[name] -= 1
                if not left[name]:
                    heappush(ready, places[name])
        if len(found) < len(self.nodes):
            done = {node.name for node in found}
            raise CycleError(_cycle({node.name: node.needs for node in self.nodes if node.name not in done}))
        return tuple(found)

    @cached_property
    def followers(self) -> Mapping[str, tuple[str, ...]]:
        """By step those that need it, as they were written."""
        found: dict[str, list[str]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in node.needs:
                found[name].append(node.name)
        return MappingProxyType({name: tuple(names) for name, names in found.items()})

    @cached_property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON."""
        return digest_of_json(self.to_json())

    def following(self, names: Iterable[str]) -> frozenset[str]:
        """The steps that need one of these, directly or not."""
        found = set(names)
        for node in self.order:
            if not found.isdisjoint(node.needs):
                found.add(node.name)
        return frozenset(found) - frozenset(names)

    def values_of(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """All parameters: those given and the defaults of the others. Raises UnknownInputError, MissingArgumentError, TypeMismatchError."""
        if not isinstance(given, Mapping):
            raise DefinitionError("parameters: expected values by name")
        for name in given:
            if name not in self.parameters:
                raise UnknownInputError(f"no such parameter; expected {_listed(self.parameters)}", input=str(name)[:80])
        values = {}
        for name, parameter in self.parameters.items():
            if name in given:
                values[name] = checked_json(given[name], parameter.type, input=name)
            elif parameter.required:
                raise MissingArgumentError(f"a parameter without a default; expected a value of {parameter.type}", input=name)
            else:
                values[name] = parameter.default
        return values

    def to_json(self) -> dict[str, Any]:
        """As JSON can say it."""
        parameters = {
            name: {"type": str(each.type), "required": each.required, "default": each.default} for name, each in self.parameters.items()
        }
        return {
            "format": FORMAT,
            "nodes": [node.to_json() for node in self.nodes],
            "inputs": {name: {"type": str(each.type), "default": each.default} for name, each in self.inputs.items()},
            "parameters": parameters,
            "outputs": {name: {"from": described(each.binding), "name": each.name} for name, each in self.outputs.items()},
        }

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Dag:
        """From what `to_json` has made; checked like any other. Raises OptionError, PipelineError."""
        try:
            if given["format"] != FORMAT:
                raise OptionError(f"a pipeline of format {printable(str(given['format'])[:20])}; expected {FORMAT}")
            return cls(
                tuple(Node.read(node) for node in given["nodes"]),
                {name: Input(read_type(each["type"]), each["default"]) for name, each in given["inputs"].items()},
                {name: Parameter(read_type(each["type"]), each["default"], each["required"]) for name, each in given["parameters"].items()},
                {name: Published(_step_output(each["from"]), each["name"]) for name, each in given["outputs"].items()},
            )
        except MlplatError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise OptionError(f"a pipeline that cannot be read: {type(error).__name__}") from None

    # -- checks

    def _check(self) -> None:
        met = set[str]()
        for node in self.nodes:
            if node.name in met:
                raise DefinitionError("two steps of this name; expected one of each", step=node.name)
            met.add(node.name)
        for node in self.nodes:
            self._check_node(node)
        for name, published in self.outputs.items():
            self._type(published.binding, "", name)
            if self.by_name[published.binding.step].mapped:
                raise DefinitionError("a list cannot be published as one; expected what a step makes of it", input=name)
        assert self.order is not None

    def _check_node(self, node: Node) -> None:
        for name in node.arguments:
            if name not in node.takes:
                raise UnknownInputError(f"no such input; expected {_listed(node.takes)}", step=node.name, input=name)
        for name, kind in node.takes.items():
            if name not in node.arguments:
                raise MissingArgumentError(f"an input without a value; expected {kind}", step=node.name, input=name)
            self._check_argument(node, name, kind)
        for binding, _ in node.when:
            self._type(binding, node.name, "when")
        for name in node.after:
            self._known(self.by_name, name, "step to come after", node.name, "")
        validates = node.options.validates
        for what, names in (("validates", (validates,) if validates else ()), ("duration", getattr(node.options.duration, "of", ()))):
            for name in names:
                if name not in node.takes:
                    raise UnknownInputError(f"{what}: no such input; expected {_listed(node.takes)}", step=node.name, input=name)

    def _check_argument(self, node: Node, name: str, kind: ValueType) -> None:
        binding = node.arguments[name]
        found = self._type(binding, node.name, name)
        if name in node.mapped:
            if isinstance(binding, Listed):
                for part in binding.parts:
                    self._check_value(node, name, part, kind)
                return
            if found.many:
                found = found.each
            elif found.form is Form.JSON and found.of in ("", "list"):
                found = ValueType(Form.JSON)
            else:
                raise TypeMismatchError(f"a list of {kind} to map over", found, step=node.name, input=name)
            if not kind.accepts(found):
                raise TypeMismatchError(kind.listed, found.listed, step=node.name, input=name)
            return
        self._check_value(node, name, binding, kind)

    def _check_value(self, node: Node, name: str, binding: Binding, kind: ValueType) -> None:
        if isinstance(binding, Const):
            if kind.form is not Form.JSON or kind.many:
                raise TypeMismatchError(kind, "a constant", step=node.name, input=name)
            checked_json(binding.value, kind, step=node.name, input=name)
            return
        if isinstance(binding, Listed) and not (kind.many or kind.of in ("", "list")):
            raise TypeMismatchError(kind, "a list", step=node.name, input=name)
        found = self._type(binding, node.name, name)
        if not kind.accepts(found):
            raise TypeMismatchError(kind, found, step=node.name, input=name)

    def _type(self, binding: Binding, step: str, input: str) -> ValueType:
        """The type of what a binding gives. Raises UnknownInputError."""
        match binding:
            case Const(_):
                return ANYTHING
            case FromInput(name):
                return cast(Input, self._known(self.inputs, name, "input of the pipeline", step, input)).type
            case FromParameter(name):
                return cast(Parameter, self._known(self.parameters, name, "parameter of the pipeline", step, input)).type
            case FromStep(name, output):
                maker = self._known(self.by_name, name, "step", step, input)
                kind: ValueType = self._known(maker.outputs, output, f"output of step {name}", step, input)
                return listed(kind) if maker.mapped else kind
        parts = [self._type(part, step, input) for part in binding.parts]
        forms = {part.form for part in parts} or {Form.JSON}
        if len(forms) > 1 or any(part.many for part in parts):
            raise TypeMismatchError("a list of values of one type", ", ".join(map(str, parts)), step=step, input=input)
        if forms == {Form.JSON}:
            return ValueType(Form.JSON, "list")
        alike = all(part == parts[0] and part.maker is parts[0].maker for part in parts)
        return parts[0].listed if alike else ValueType(parts[0].form, "", True)

    @staticmethod
    def _known(names: Mapping[str, Any], name: str, what: str, step: str, input: str) -> Any:
        if name not in names:
            raise UnknownInputError(f"no {what} is called {printable(name)!r}; expected {_listed(names)}", step=step, input=input)
        return names[name]


ANYTHING: Final = ValueType(Form.JSON)


def listed(kind: ValueType) -> ValueType:
    """The type of a list of values: of JSON values JSON, of others each kept for itself."""
    return ValueType(Form.JSON, "list") if kind.form is Form.JSON else kind.listed


def _listed(names: Iterable[str]) -> str:
    return ", ".join(printable(name) for name in names) or "none"


def _cycle(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Names of steps that wait for each other, the first one of them in order of `needs`."""
    path: list[str] = []
    at = next(iter(needs))
    while at not in path:
        path.append(at)
        at = next(name for name in needs[at] if name in needs)
    return path[path.index(at) :]


def _step_output(given: Mapping[str, Any]) -> FromStep:
    binding = read_binding(given)
    if not isinstance(binding, FromStep):
        raise PipelineError("an output of the pipeline that no step makes; expected what a step makes")
    return binding
