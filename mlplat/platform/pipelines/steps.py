"""`step`: a function that runs in an environment of its own, with what it takes and makes declared by its annotations."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...errors import printable
from .context import StepContext
from .errors import DefinitionError
from .options import StepOptions, options_of
from .placeholders import building
from .value_types import ValueType, type_of

OUTPUT: Final = "output"
"""The name of the only output of a step that does not name it."""
_NAME = re.compile(r"[A-Za-z0-9_][-_A-Za-z0-9]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a step takes and makes, by name. `single`: it returns the only output as it is. `context`: the input that takes the context."""

    inputs: Mapping[str, ValueType]
    defaults: Mapping[str, Any]
    outputs: Mapping[str, ValueType]
    single: bool
    context: str


class Step:
    """A step. Called inside the function of a pipeline it becomes part of it; called elsewhere it is the plain function."""

    def __init__(self, function: Callable[..., Any], options: StepOptions) -> None:
        self.function, self.options = function, options
        functools.update_wrapper(self, function)

    @property
    def name(self) -> str:
        """Of the function."""
        return self.function.__name__

    @functools.cached_property
    def signature(self) -> Signature:
        """Of the function, by its annotations. Raises DefinitionError."""
        return signature_of(self.function, self.name)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return _Call(self, self.name, self.options)(*arguments, **named)

    def map(self, *lists: Any, **fixed: Any) -> Any:
        """Run for each element: `lists` give the values of the inputs that `fixed` does not name, in order. What it makes are lists."""
        return _Call(self, self.name, self.options).map(*lists, **fixed)

    def override(self, name: str = "", **options: Any) -> _Call:
        """The same step under another name in the pipeline, or with other options. Raises DefinitionError."""
        return _Call(self, _checked_name(name) if name else self.name, self.options).override(**options)

    def __repr__(self) -> str:
        return f"<step {self.name}>"


class _Call:
    """How a step is to be called."""

    def __init__(self, step: Step, name: str, options: StepOptions) -> None:
        self._step, self._name, self._options = step, name, options

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        builder = building.get()
        if builder is None:
            return self._step.function(*arguments, **named)
        return builder.call(self._step, self._name, self._options, None, arguments, named)

    def map(self, *lists: Any, **fixed: Any) -> Any:
        """As of the step."""
        builder = building.get()
        if builder is None:
            raise DefinitionError("`map` is called inside the function of a pipeline", step=self._name)
        if not lists:
            raise DefinitionError("nothing to map over; expected a list for each input that is not given by name", step=self._name)
        return builder.call(self._step, self._name, self._options, lists, (), fixed)

    def override(self, name: str = "", **options: Any) -> _Call:
        """As of the step."""
        given = options_of({}, self._name) if not options else self._changed(options)
        return _Call(self._step, _checked_name(name) if name else self._name, given if options else self._options)

    def _changed(self, options: Mapping[str, Any]) -> StepOptions:
        from ...errors import MlplatError

        try:
            return self._options.changed(options)
        except MlplatError as error:
            raise DefinitionError(str(error), step=self._name) from None


def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a step of pipelines. What it takes and makes is declared by its annotations.

    Values are a polars `DataFrame`, a numpy `ndarray`, a `dict[str, ndarray]`, `bytes`, JSON values, an object of a class with
    `to_parts()` and `from_parts(parts)` (a model), or a `list` of one of these. A `NamedTuple` as return type names several outputs. A
    parameter annotated with `StepContext` takes the context of the step: its seed, random streams and metrics.

    `image`: the image of its environment; the pipeline's unless said. `request`: resources, one CPU unless said. `duration`: seconds or a
    model of them (`by_size`, `measured`); a minute unless said. `retries`: how often it is tried again where the infrastructure failed,
    3; `failure_retries`: where the function raised, 0. `backoff`: before the first of these, twice as long before each next one, at most
    5 min; 10 s. `timeout`: of an attempt. `pending_timeout`: of its wait for resources. `cache`: whether outputs of an equal run may be
    taken instead. `replicas`, `sync`, `checkpoint`: of a gang that trains, as of `Workload`. `priority`: as of `Workload`. `validates`:
    the input whose models are marked failed where the step returns False. `target`: the column that the model of the step predicts, for the
    quality in its baseline. `numerics`: `"portable"` promises equal bytes on every machine.

    Raises DefinitionError, which names the step.

    >>> @step(request={"cpus": 2}, duration="5m")
    ... def total(numbers: list[int], factor: int = 1) -> int:
    ...     return factor * sum(numbers)
    >>> total([1, 2, 3], factor=2), dict(total.signature.outputs)["output"].of
    (12, 'int')
    """
    if function is None:
        return functools.partial(step, **options)
    if isinstance(function, Step) or not inspect.isfunction(function):
        raise DefinitionError(f"a {type(function).__name__}; expected a function")
    if function.__name__ == "<lambda>" or inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise DefinitionError("expected a plain function with a name", step=function.__name__)
    return Step(function, options_of(options, _checked_name(function.__name__)))


def signature_of(function: Callable[..., Any], name: str) -> Signature:
    """What a function takes and makes. Raises DefinitionError, which names the step and the parameter."""
    hints = hints_of(function, name)
    inputs, defaults, context = {}, {}, ""
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise DefinitionError("expected parameters with names, none with * or before /", step=name, input=parameter.name)
        if parameter.name not in hints:
            raise DefinitionError("expected an annotation, such as `features: pl.DataFrame`", step=name, input=parameter.name)
        annotation = hints[parameter.name]
        if annotation is StepContext:
            if context:
                raise DefinitionError("a second context; expected one", step=name, input=parameter.name)
            context = parameter.name
            continue
        inputs[parameter.name] = type_of(annotation, step=name, input=parameter.name)
        if parameter.default is not parameter.empty:
            defaults[parameter.name] = parameter.default
    if "return" not in hints:
        raise DefinitionError("expected an annotation of what it returns, `-> None` for nothing", step=name)
    outputs, single = _outputs(hints["return"], name)
    return Signature(inputs, defaults, outputs, single, context)


def hints_of(function: Any, name: str) -> dict[str, Any]:
    """The annotations of a function or named tuple, resolved. Raises DefinitionError."""
    try:
        return typing.get_type_hints(function)
    except Exception as error:
        problem = printable(str(error))[:200]
        expected = "expected names that the module imports at run time"
        raise DefinitionError(f"its annotations cannot be resolved ({problem}); {expected}", step=name) from None


def _outputs(annotation: Any, name: str) -> tuple[dict[str, ValueType], bool]:
    if annotation is None or annotation is type(None):
        return {}, False
    if isinstance(annotation, type) and issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        hints = hints_of(annotation, name)
        outputs = {field: type_of(hints.get(field, typing.Any), step=name, input=f"return.{field}") for field in annotation._fields}
        return outputs, False
    return {OUTPUT: type_of(annotation, step=name, input="return")}, True


def _checked_name(name: str) -> str:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise DefinitionError(f"name {printable(str(name)[:60])!r}; expected letters, digits, '-' and '_', at most 63")
    return name
