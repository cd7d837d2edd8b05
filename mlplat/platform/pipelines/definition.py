"""`pipeline`: a function that says how steps belong together."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import MlplatError, printable
from ..references import Reference, check_name
from .bindings import FromInput, FromParameter, FromStep
from .building import Builder
from .context import StepContext
from .dag import Dag, Input, Parameter, Published
from .errors import DefinitionError
from .placeholders import Outputs, Placeholder, building
from .steps import Step, hints_of
from .value_types import Form, checked_json, type_in_words, type_of


class Pipeline:
    """A pipeline. Its function is called once, with placeholders, when its graph is asked for (`dag`)."""

    def __init__(self, function: Callable[..., Any], data: Mapping[str, str], publish: Mapping[str, str], image: str) -> None:
        self.function, self._data, self._publish, self.image = function, data, publish, image
        functools.update_wrapper(self, function)

    @property
    def name(self) -> str:
        """Of the function."""
        return self.function.__name__

    @property
    def dag(self) -> Dag:
        """Its graph. Raises PipelineError for what is wrong with it; nothing has run then."""
        return self._built[0]

    @property
    def steps(self) -> Mapping[str, Step]:
        """The steps that it calls, by the names of their functions."""
        return self._built[1]

    @functools.cached_property
    def _built(self) -> tuple[Dag, Mapping[str, Step]]:
        inputs, parameters = self._declared()
        given = {name: Placeholder(FromInput(name), each.type) for name, each in inputs.items()}
        given |= {name: Placeholder(FromParameter(name), each.type) for name, each in parameters.items()}
        builder = Builder()
        token = building.set(builder)
        try:
            returned = self.function(**given)
        finally:
            building.reset(token)
        if not builder.nodes:
            raise DefinitionError(f"pipeline {self.name} has no step; expected at least one")
        outputs = {name: Published(binding, self._published_as(name)) for name, binding in _returned(returned).items()}
        for name in self._publish:
            if name not in outputs:
                raise DefinitionError(f"publish: no such output; expected {', '.join(outputs) or 'none'}", input=name)
        return Dag(builder.nodes, inputs, parameters, outputs), builder.steps

    def _declared(self) -> tuple[dict[str, Input], dict[str, Parameter]]:
        hints = hints_of(self.function, self.name)
        inputs: dict[str, Input] = {}
        parameters: dict[str, Parameter] = {}
        for parameter in inspect.signature(self.function).parameters.values():
            name = parameter.name
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY) or name not in hints:
                raise DefinitionError("expected a parameter with a name and an annotation", input=name)
            if hints[name] is StepContext:
                raise DefinitionError("a context is of steps; a pipeline has none", input=name)
            kind, has_default = type_of(hints[name], input=name), parameter.default is not parameter.empty
            if name in self._data or kind.form is not Form.JSON:
                if has_default:
                    raise DefinitionError("an input of data has no default here; say it as `data=` of the pipeline", input=name)
                inputs[name] = Input(kind, self._data.get(name, ""))
            else:
                default = checked_json(parameter.default, kind, input=name) if has_default else None
                parameters[name] = Parameter(kind, default, not has_default)
        for name in self._data:
            if name not in inputs:
                raise DefinitionError(f"data: no such input; expected {', '.join(inputs) or 'none'}", input=name)
        return inputs, parameters

    def _published_as(self, output: str) -> str:
        return self._publish.get(output, output)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Inside the function of another pipeline its steps become part of that; elsewhere they are called one after the other."""
        return self.function(*arguments, **named)

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"


def pipeline(
    function: Callable[..., Any] | None = None,
    /,
    *,
    data: Mapping[str, str] | None = None,
    publish: Mapping[str, str] | None = None,
    image: str = "",
) -> Any:
    """Make a function a pipeline. It calls steps with its own parameters and with what other steps make, and returns what is published.

    Parameters that are annotated as JSON values are parameters of a run; others are inputs of data. `data`: which dataset (or, with
    `model:` before it, model) an input is unless the run says otherwise, `name` in the run's project or `project/name`, maybe with
    `@version`. What is returned, one value or several by name, is published when the step that makes it ends: models in the Model
    Registry, all else in the Data Store; `publish`: under which name, its own unless said. `image`: of the steps that name none.

    Raises DefinitionError.

    >>> from .steps import step
    >>> @step
    ... def double(number: int) -> int:
    ...     return 2 * number
    >>> @pipeline
    ... def doubled(number: int = 3):
    ...     return {"twice": double(number)}
    >>> [node.name for node in doubled.dag.nodes], doubled.dag.parameters["number"].default, doubled(4)
    (['double'], 3, {'twice': 8})
    """
    if function is None:
        return functools.partial(pipeline, data=data, publish=publish, image=image)
    if not inspect.isfunction(function):
        raise DefinitionError(f"a {type(function).__name__}; expected a function")
    if not isinstance(image, str) or len(image) > 250 or not image.isprintable():
        raise DefinitionError("image: expected its name, such as 'shop/train@v1'")
    named = {input: _reference(str(ref), input) for input, ref in dict(data or {}).items()}
    published = {output: _output_name(name, output) for output, name in dict(publish or {}).items()}
    return Pipeline(function, named, published, image)


def _reference(text: str, input: str) -> str:
    kind, colon, rest = text.partition(":")
    plain = rest if colon and kind in ("dataset", "model") else text
    try:
        Reference.parse(plain if "/" in plain.partition("@")[0] else f"project/{plain}")
    except MlplatError:
        raise DefinitionError(
            f"data: {printable(text[:80])!r}; expected 'name' or 'project/name', maybe with '@version'", input=input
        ) from None
    return text


def _output_name(name: Any, output: str) -> str:
    try:
        return check_name(name)
    except MlplatError as error:
        raise DefinitionError(f"publish: {error}", input=output) from None


def _returned(returned: Any) -> dict[str, FromStep]:
    """What is published, by name."""
    if returned is None:
        return {}
    if isinstance(returned, Outputs):
        returned = dict(returned._parts)
    if isinstance(returned, Placeholder):
        returned = {"output": returned}
    if not isinstance(returned, Mapping):
        raise DefinitionError(f"it returns {type_in_words(returned)}; expected what steps make, by name")
    found = {}
    for name, value in returned.items():
        if not isinstance(value, Placeholder) or not isinstance(value._binding, FromStep):
            raise DefinitionError("expected what a step makes", input=str(name))
        if value._type.many:
            raise DefinitionError("a list cannot be published as one; expected what a step makes of it", input=str(name))
        found[_output_name(name, str(name))] = value._binding
    return found
