"""What stands for a value while a pipeline is being built: nothing of it is known yet but where it comes from and its type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

from ...errors import OptionError, printable
from .bindings import Binding, Const, FromStep, Listed
from .errors import DefinitionError, TypeMismatchError, UnknownInputError
from .value_types import Form, ValueType, checked_json, type_in_words

if TYPE_CHECKING:
    from .building import Builder

building: ContextVar[Builder | None] = ContextVar("mlplat_pipeline", default=None)
"""The pipeline that is being built now."""


class Placeholder:
    """An input or parameter of a pipeline, or what a step makes. It can be passed to steps and to `when`, and returned; it has no value."""

    __slots__ = ("_binding", "_type")

    def __init__(self, binding: Binding, kind: ValueType) -> None:
        self._binding, self._type = binding, kind

    def after(self, *others: Any) -> Placeholder:
        """The step that makes this begins only when those have ended that make the others. Returns this. Raises DefinitionError."""
        builder = building.get()
        if builder is None or not isinstance(self._binding, FromStep):
            raise DefinitionError("`after` is said of what a step makes, inside the function of a pipeline")
        builder.order(self._binding.step, list(_makers(others)))
        return self

    def _unknown(self, *_: object) -> NoReturn:
        raise DefinitionError(
            f"{self!r} has no value before the pipeline runs; compute in a step, and let `mlplat.when` depend on what it returns"
        )

    __bool__ = __iter__ = __len__ = __getitem__ = __contains__ = __float__ = __int__ = __index__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = __add__ = __sub__ = __mul__ = __truediv__ = __radd__ = __rsub__ = __rmul__ = __neg__ = _unknown

    def __eq__(self, other: object) -> NoReturn:
        self._unknown()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{_spoken(self._binding)}: {self._type}>"


class Outputs:
    """What a step with several outputs makes: each by its name, or in order, as of the named tuple that it returns."""

    def __init__(self, step: str, parts: dict[str, Placeholder]) -> None:
        self._step, self._parts = step, parts

    def __getattr__(self, name: str) -> Placeholder:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._parts:
            raise UnknownInputError(f"no output {printable(name)!r}; expected {', '.join(self._parts) or 'none'}", step=self._step)
        return self._parts[name]

    def __iter__(self) -> Iterator[Placeholder]:
        return iter(self._parts.values())

    def after(self, *others: Any) -> Outputs:
        """As of a placeholder."""
        builder = building.get()
        if builder is None:
            raise DefinitionError("`after` is said inside the function of a pipeline", step=self._step)
        builder.order(self._step, list(_makers(others)))
        return self

    def __repr__(self) -> str:
        return f"<outputs of {self._step}: {', '.join(self._parts) or 'none'}>"


def _makers(others: Iterable[Any]) -> Iterator[str]:
    for other in others:
        if isinstance(other, Outputs):
            yield other._step
        elif isinstance(other, Placeholder) and isinstance(other._binding, FromStep):
            yield other._binding.step
        else:
            raise DefinitionError(f"{type_in_words(other)} is made by no step; expected what a step makes")


@contextmanager
def when(value: Any, equals: Any = True) -> Iterator[None]:
    """In a pipeline: the steps in the block run only where `value`, an output or parameter, equals a constant; else they are skipped, and
    so is what needs their outputs. Raises DefinitionError, TypeMismatchError.

    >>> from mlplat import pipeline, step
    >>> @step
    ... def announce(text: str) -> str:
    ...     return text
    >>> @pipeline
    ... def careful(ready: bool):
    ...     with when(ready):
    ...         announce("better")
    >>> type(careful).__name__
    'Pipeline'
    """
    builder = building.get()
    if builder is None:
        raise DefinitionError("`when` is used inside the function of a pipeline")
    if not isinstance(value, Placeholder):
        raise DefinitionError(f"when: {type_in_words(value)}; expected an output of a step or a parameter (a constant is a matter of `if`)")
    if value._type.form is not Form.JSON or value._type.many:
        raise TypeMismatchError("a JSON value", value._type, input="when")
    kind = ValueType(Form.JSON) if value._type.of == "float" else value._type
    with builder.only_if(value._binding, checked_json(equals, kind, input="when")):
        yield


def bound(given: Any, kind: ValueType, step: str, name: str) -> Binding:
    """The binding of an argument that is to be of a type. Raises TypeMismatchError, DefinitionError."""
    if isinstance(given, Outputs):
        raise TypeMismatchError(
            kind, f"the outputs {', '.join(given._parts) or '(none)'} of {given._step}: take one of them", step=step, input=name
        )
    if isinstance(given, Placeholder):
        if not kind.accepts(given._type):
            raise TypeMismatchError(kind, given._type, step=step, input=name)
        return given._binding
    if isinstance(given, (list, tuple)) and any(isinstance(part, (Placeholder, Outputs)) for part in given):
        if not (kind.many or (kind.form is Form.JSON and kind.of in ("", "list"))):
            raise TypeMismatchError(kind, "a list", step=step, input=name)
        return Listed(tuple(bound(part, kind.each, step, name) for part in given))
    if kind.many and isinstance(given, (list, tuple)) and not given:
        return Listed(())
    if kind.form is not Form.JSON or kind.many:
        raise TypeMismatchError(
            kind, f"the constant {type_in_words(given)}; expected what a step makes, or an input", step=step, input=name
        )
    try:
        return Const(checked_json(given, kind, step=step, input=name))
    except OptionError as error:
        raise DefinitionError(str(error), step=step, input=name) from None


def _spoken(binding: Binding) -> str:
    match binding:
        case FromStep(step, output):
            return f"output {output} of step {step}"
        case Const(_) | Listed(_):
            return "a value"
    return f"{'input' if hasattr(binding, 'input') else 'parameter'} {binding[0]}"
