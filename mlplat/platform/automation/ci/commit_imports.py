"""The modules of one commit, importable for as long as a block lasts: what the process has of its own is hidden meanwhile.

Inside, `import` finds the standard library, what is installed, mlplat itself, and the files of the commit; no module of another commit, of
the program that runs the simulation (`__main__` too), or of the folder in which that was started. A file of the commit stands in for a
module that is installed, but for none of the standard library and of mlplat. What the block has imported from the commit is forgotten.
"""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from os import sep
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import Any, Final, Self

OWN: Final = __name__.partition(".")[0]
"""mlplat, whose modules are never the commit's."""
ROOTS: Final = ("", "src/")
"""Folders of a commit in which its modules are."""


class CommitImports:
    """A context in which the modules of a commit are imported, and no others that are not installed.

    `files`: contents by path. `name`: of the commit, which stands in front of paths in tracebacks.

    >>> with CommitImports({"shop/__init__.py": b"", "shop/prices.py": b"TAX = 19"}, "shop/churn@4c80e39"):
    ...     from shop import prices
    >>> prices.TAX, prices.__file__, "shop" in sys.modules
    (19, 'shop/churn@4c80e39/shop/prices.py', False)
    """

    def __init__(self, files: Mapping[str, bytes], name: str) -> None:
        self._finder = _Finder(files, name)
        self._hidden: dict[str, ModuleType] = {}
        self._path: list[str] = []
        self._finders: list[Any] = []

    def __enter__(self) -> Self:
        modules = [*sys.modules.items()]
        self._before = frozenset(sys.modules)
        self._hidden = {name: module for name, module in modules if self._finder.provides(name) or not _is_installed(name, module)}
        for name in self._hidden:
            del sys.modules[name]
        sys.modules["__main__"] = ModuleType("__main__")
        self._path, self._finders = sys.path[:], sys.meta_path[:]
        sys.path[:] = [folder for folder in sys.path if _is_installed_at(folder)]
        self._shadows = any(PathFinder.find_spec(name) is not None for name in self._finder.tops)
        sys.meta_path.insert(0, self._finder)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        sys.meta_path[:], sys.path[:] = self._finders, self._path
        for name, module in [*sys.modules.items()]:
            of_commit = isinstance(getattr(getattr(module, "__spec__", None), "loader", None), _Loader)
            # what is installed and was imported only now may hold a module of the commit in place of its own
            if of_commit or name == "__main__" or (self._shadows and name not in self._before and not _is_fixed(name)):
                del sys.modules[name]
        sys.modules.update(self._hidden)
        self._hidden = {}

    def import_file(self, path: str) -> ModuleType:
        """The module that a file of the commit is. Raises what its code does."""
        return importlib.import_module(self._finder.module_of(path))


class _Finder(MetaPathFinder):
    """Finds the modules of a commit by their dotted name."""

    def __init__(self, files: Mapping[str, bytes], commit: str) -> None:
        self.files, self.commit = files, commit
        self._modules: dict[str, str | None] = {}
        """By name the path of the file; None for a folder without `__init__.py`, which is a namespace."""
        for root in reversed(ROOTS):
            for path in sorted(files):
                if path.startswith(root) and path.endswith(".py"):
                    self._enter(path.removeprefix(root)[:-3].split("/"), path)
        self._names = {path: name for name, path in self._modules.items() if path is not None}
        self.tops = sorted({name.partition(".")[0] for name in self._modules})
        """The names at the top of what can be imported."""

    def _enter(self, parts: list[str], path: str) -> None:
        if not all(part.isidentifier() for part in parts) or _is_fixed(parts[0]):
            return
        if parts[-1] == "__init__":
            parts = parts[:-1]
        if parts:
            self._modules[".".join(parts)] = path
        for end in range(1, len(parts)):
            self._modules.setdefault(".".join(parts[:end]), None)

    def provides(self, name: str) -> bool:
        """Whether a module of this name is the commit's, or below one that is."""
        return name.partition(".")[0] in self._modules

    def module_of(self, path: str) -> str:
        """The name of the module that a file is; of one that has none, such as `test-a.py`, a name is made."""
        name = self._names.get(path)
        if name is None:
            name = f"_file_{len(self._names)}"
            self._names[path], self._modules[name] = name, path
        return name

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in self._modules:
            return None
        file = self._modules[fullname]
        if file is None:
            spec = ModuleSpec(fullname, _Loader(self, ""), is_package=True)
            spec.submodule_search_locations = []
            return spec
        is_package = file.endswith("__init__.py")
        spec = ModuleSpec(fullname, _Loader(self, file), origin=f"{self.commit}/{file}", is_package=is_package)
        spec.has_location = True
        return spec


class _Loader(InspectLoader):
    """Loads one file of a commit; an empty `path` is an empty module."""

    def __init__(self, finder: _Finder, path: str) -> None:
        self._finder, self._file = finder, path

    def is_package(self, fullname: str) -> bool:
        return not self._file or self._file.endswith("__init__.py")

    def get_source(self, fullname: str) -> str:
        return importlib.util.decode_source(self._finder.files[self._file]) if self._file else ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(
            self._finder.files[self._file] if self._file else b"", f"{self._finder.commit}/{self._file}", "exec", dont_inherit=True
        )

    def get_data(self, path: str) -> bytes:
        """A file of the commit, for `pkgutil.get_data`. Raises FileNotFoundError."""
        wanted = path.removeprefix(f"{self._finder.commit}/")
        if wanted not in self._finder.files:
            raise FileNotFoundError(path)
        return self._finder.files[wanted]


def _is_fixed(name: str) -> bool:
    """Whether a module is one for which a commit has no other: of the standard library, or of mlplat."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top == OWN


@cache
def _is_installed_at(place: str) -> bool:
    if not place:
        return False
    found = str(Path(place).resolve())
    return any(found == folder or found.startswith(folder + sep) for folder in _installed())


@cache
def _installed() -> tuple[str, ...]:
    """Folders of the standard library and of what is installed."""
    paths = sysconfig.get_paths()
    zipped = str(Path(sys.base_prefix, sys.platlibdir, f"python{sys.version_info[0]}{sys.version_info[1]}.zip"))
    return (*dict.fromkeys(str(Path(paths[key]).resolve()) for key in ("stdlib", "platstdlib", "purelib", "platlib")), zipped)


def _is_installed(name: str, module: ModuleType) -> bool:
    """Whether a module may be seen by the code of a commit: built in, of the standard library, installed, or mlplat's."""
    if _is_fixed(name) or name == "__main__":
        return name != "__main__"
    known = getattr(module, "__dict__", {})
    file, places = known.get("__file__"), known.get("__path__")
    if isinstance(file, str):
        return _is_installed_at(file)
    if places:
        return any(_is_installed_at(str(place)) for place in list(places))
    return known.get("__spec__") is not None
