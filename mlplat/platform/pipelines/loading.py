"""Running the files of a commit as modules of their own: they import each other and what is installed, and nothing of this process."""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import linecache
import site
import sys
import sysconfig
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from ...errors import MlplatError, OptionError, printable
from ..storage.digests import digest_of_json
from .code_base import CodeBase, absolute
from .dag import Dag
from .definition import Pipeline
from .errors import CodeError, DefinitionError
from .steps import Step


class Built(NamedTuple):
    """A pipeline, its graph, and the digest of the code of each step by the name of its function."""

    pipeline: Pipeline
    dag: Dag
    codes: Mapping[str, str]


_SEEN: dict[str, set[str]] = {}
"""By commit the names that its modules have while its code is run."""


class LoadedCode:
    """The modules of a commit in a namespace of their own: nothing that was run before is seen in it. `main`: of the file asked for.

    Functions of it are called inside `active`.
    """

    def __init__(self, base: CodeBase, path: str) -> None:
        self._base, self._path = base, path
        self._prefix = f"commit_{digest_of_json([base.commit, sorted(base.files)])[7:19]}"
        self._modules: dict[str, ModuleType] = {}
        self._allowed = base.imports(path) | {path}
        self._builtins = {**vars(builtins), "__import__": self._import}
        with self._running():
            self.main = self._module(base.module_of(path))

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within the block the modules can be found under their names, as libraries expect of the module of a function."""
        seen = _SEEN.setdefault(self._prefix, set())
        before = {name: sys.modules.pop(name) for name in seen if name in sys.modules}
        sys.modules.update(self._modules)
        try:
            yield
        finally:
            seen |= self._modules.keys()
            for name in seen:
                sys.modules.pop(name, None)
            sys.modules.update(before)

    def built(self, name: str = "") -> Built:
        """A pipeline of the file with its graph and the digests of its steps. Raises CodeError, PipelineError."""
        pipeline = self.pipeline(name)
        with self._running():
            dag = pipeline.dag
        self._base.places[self._path, pipeline.name] = {name: self._place(each) for name, each in pipeline.steps.items()}
        return Built(pipeline, dag, {step: self._step_digest(each) for step, each in pipeline.steps.items()})

    def step(self, function: str, name: str) -> Step:
        """A step of a pipeline, by the name of its function: from where it was found when the pipeline was built first, since building a
        large one takes its time. Raises CodeError, PipelineError.
        """
        module, attribute = self._base.places.get((self._path, function), {}).get(name, ("", ""))
        if module in self._base.modules:
            with self._running():
                found = vars(self._module(module)).get(attribute)
            if isinstance(found, Step) and self._place(found) == (module, attribute):
                return found
        return self.built(function).pipeline.steps[name]

    def _place(self, step: Step) -> tuple[str, str]:
        return str(step.function.__module__).removeprefix(f"{self._prefix}."), step.name

    def pipeline(self, name: str = "") -> Pipeline:
        """The pipeline of the file, by name where it has several. Raises CodeError."""
        if not isinstance(name, str):
            raise OptionError(f"function: a {type(name).__name__}; expected the name of a pipeline")
        found = {each.name: each for each in vars(self.main).values() if isinstance(each, Pipeline)}
        if not name and len(found) == 1:
            return next(iter(found.values()))
        if name not in found:
            known = ", ".join(sorted(map(printable, found))) or "none"
            expected = f"expected one of {known}" if name or not found else f"expected its name, one of {known}"
            raise CodeError(f"no pipeline {printable(name)!r}; {expected}" if name else f"{len(found)} pipelines; {expected}", self._path)
        return found[name]

    def where(self, error: BaseException) -> str:
        """The last line of the commit that an error came through, in words."""
        path, line = self._where(error)
        return f"{printable(path)}, line {line}" if line else ""

    def _step_digest(self, step: Step) -> str:
        """Of the code of a step. Raises DefinitionError for one that is of no file of the commit."""
        module = str(step.function.__module__)
        name = module.removeprefix(self._prefix + ".")
        path = self._base.modules.get(name, "") if module != name else ""
        if not path:
            raise DefinitionError("its function is of no file of the commit", step=step.name)
        functions = {
            attribute: each.function.__code__.co_firstlineno
            for attribute, each in vars(self._modules[module]).items()
            if isinstance(each, (Step, Pipeline)) and each.function.__module__ == module and each.function.__name__ == attribute
        }
        return self._base.step_digest(path, step.name, functions)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Within the block code of the commit is run; what it raises comes out as CodeError, which names the line."""
        with self.active():
            try:
                yield
            except (MlplatError, KeyboardInterrupt, GeneratorExit):
                raise
            except BaseException as error:
                where, line = self._where(error)
                raise CodeError(f"{type(error).__name__}: {printable(str(error))[:300]}", where, line) from error

    # -- imports

    def _module(self, name: str) -> ModuleType:
        """A module of the commit, run if it was not."""
        full = f"{self._prefix}.{name}"
        if full in self._modules:
            return self._modules[full]
        parent, _, leaf = name.rpartition(".")
        above = self._module(parent) if parent else self._root()
        path = self._base.modules[name]
        module = ModuleType(full)
        is_package = not path or path.endswith("/__init__.py")
        module.__dict__["__builtins__"] = self._builtins
        module.__file__ = self._base.place(path) if path else None
        module.__package__ = full if is_package else full.rpartition(".")[0]
        module.__spec__ = importlib.machinery.ModuleSpec(full, None, is_package=is_package)
        if is_package:
            module.__path__ = []
        self._modules[full] = sys.modules[full] = module
        if path:
            text = self._base.text(path)
            linecache.cache[self._base.place(path)] = (len(text), None, text.splitlines(keepends=True), self._base.place(path))
            try:
                exec(self._base.code(path), module.__dict__)
            except BaseException:
                del self._modules[full]
                sys.modules.pop(full, None)
                raise
        if above is not None:
            setattr(above, leaf, module)
        return module

    def _root(self) -> ModuleType:
        if self._prefix not in self._modules:
            root = ModuleType(self._prefix)
            root.__path__ = []
            self._modules[self._prefix] = sys.modules[self._prefix] = root
        return self._modules[self._prefix]

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,
        locals: Mapping[str, Any] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        package = str((globals or {}).get("__package__") or "")
        inside = package.removeprefix(self._prefix).removeprefix(".")
        wanted = absolute(name, level, inside)
        if wanted is None:
            raise ImportError(f"{name!r} is above the root of {self._base.commit}")
        top = wanted.partition(".")[0]
        if level == 0 and top not in self._base.modules:
            if not is_installed(top):
                raise ModuleNotFoundError(f"No module named {top!r} in {self._base.commit}, nor installed", name=top)
            return builtins.__import__(name, globals, locals, tuple(fromlist or ()), 0)
        if wanted and wanted not in self._base.modules:
            raise ModuleNotFoundError(f"No module named {wanted!r} in {self._base.commit}", name=wanted)
        if wanted and (path := self._base.modules[wanted]) and path not in self._allowed:
            raise ImportError(f"{wanted!r} is imported by no `import` statement of {self._base.commit}", name=wanted)
        module = self._module(wanted) if wanted else self._root()
        if not fromlist:
            return module if level else self._module(top)
        for each in fromlist:
            below = f"{wanted}.{each}" if wanted else each
            if not hasattr(module, each) and below in self._base.modules:
                self._module(below)
        return module

    def _where(self, error: BaseException) -> tuple[str, int]:
        """The last line of the commit that an error came through."""
        places = {self._base.place(path): path for path in self._base.files}
        found = self._path, 0
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename in places:
                found = places[frame.filename], frame.lineno or 0
        return found


@cache
def is_installed(top: str) -> bool:
    """Whether a module is Python's own, this library, or of an installed package: not a file that happens to lie in the working folder."""
    if top == "__main__":
        return False
    if top in ("mlplat", *sys.builtin_module_names) or (top in sys.stdlib_module_names and top not in ("antigravity", "this")):
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    if spec is None:
        return False
    places = [spec.origin] if spec.origin else [*(spec.submodule_search_locations or ())]
    return any(_is_below(place, folder) for place in places for folder in _folders()) or top in _distributed()


@cache
def _folders() -> tuple[Path, ...]:
    paths = sysconfig.get_paths()
    named = [paths["purelib"], paths["platlib"], *site.getsitepackages(), site.getusersitepackages()]
    return tuple(dict.fromkeys(Path(each).resolve() for each in named))


@cache
def _distributed() -> frozenset[str]:
    from importlib import metadata

    return frozenset(metadata.packages_distributions())


def _is_below(place: str, folder: Path) -> bool:
    return Path(place).resolve().is_relative_to(folder)
