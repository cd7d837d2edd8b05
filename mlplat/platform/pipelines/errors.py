"""What can be wrong with a pipeline before anything of it runs: each error names the step and the input."""

from __future__ import annotations

from collections.abc import Iterable

from ...errors import MlplatError, printable


class PipelineError(MlplatError):
    """A pipeline cannot be run as it is. Attributes: `step` and `input`, empty where it is about none, and `problem`."""

    def __init__(self, problem: str, *, step: str = "", input: str = "") -> None:
        self.problem, self.step, self.input = problem, step, input
        place = [f"step {printable(step)!r}"] if step else []
        if input:
            place.append(f"input {printable(input)!r}")
        super().__init__(f"{', '.join(place)}: {problem}" if place else problem)


class CycleError(PipelineError):
    """Steps wait for each other. Attribute: `steps`, each of which waits for the next, the last one for the first."""

    def __init__(self, steps: Iterable[str]) -> None:
        self.steps = tuple(steps)
        named = [printable(name) for name in (*self.steps, self.steps[0])]
        super().__init__(f"each of these waits for the next: {' → '.join(named)}; expected steps without a cycle", step=self.steps[0])


class UnknownInputError(PipelineError):
    """An argument, output, step or input of the pipeline has a name that is not there."""


class MissingArgumentError(PipelineError):
    """An input has neither a value nor a default."""


class TypeMismatchError(PipelineError):
    """A value is not of the type that its input, output or parameter was declared with. Attributes: `expected`, `found` (in words)."""

    def __init__(self, expected: object, found: object, *, step: str = "", input: str = "") -> None:
        self.expected, self.found = str(expected), str(found)
        super().__init__(f"expected {printable(self.expected)}, found {printable(self.found)}", step=step, input=input)


class DefinitionError(PipelineError):
    """A step or pipeline is not defined as one can be: an annotation is missing, an option cannot be used."""


class CodeError(PipelineError):
    """Code of a commit cannot be loaded. Attributes: `path` of the file in the commit, `line` (0 where it is about no line)."""

    def __init__(self, problem: str, path: str, line: int = 0) -> None:
        self.path, self.line = path, line
        super().__init__(f"{printable(path)}{f', line {line}' if line else ''}: {problem}")
