"""`CodeBase`: the Python files of one commit, which of them a file imports, and what of them a step is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import CodeType

from ...errors import OptionError, printable
from ..storage.digests import digest_of, digest_of_json
from .errors import CodeError


class CodeBase:
    """`commit`: as it stands in tracebacks, such as `shop/churn@368326d8`; `files`: by path, of which only `.py` count.

    Modules are named from the root of the repository: `features/clean.py` is `features.clean`. A folder is a package, with or without
    an `__init__.py`.
    """

    def __init__(self, commit: str, files: Mapping[str, bytes]) -> None:
        self.commit = commit
        self.files = {path: content for path, content in sorted(files.items()) if path.endswith(".py")}
        self._trees: dict[str, ast.Module] = {}
        self._codes: dict[str, CodeType] = {}
        self._imports: dict[str, frozenset[str]] = {}
        self._digests: dict[tuple[str, str], str] = {}
        self.places: dict[tuple[str, str], Mapping[str, tuple[str, str]]] = {}
        """Of a pipeline, by file and function, in which module each of its steps is, and under which name."""

    @cached_property
    def modules(self) -> Mapping[str, str]:
        """By name of a module the path of its file; empty for a folder without one."""
        found: dict[str, str] = {}
        for path in self.files:
            parts = path.removesuffix(".py").split("/")
            if not all(part.isidentifier() for part in parts):
                continue
            for depth in range(1, len(parts)):
                found.setdefault(".".join(parts[:depth]), "")
            if parts[-1] == "__init__":
                parts.pop()
            if parts and not (found.get(".".join(parts)) and path.endswith("/__init__.py") is False):
                found[".".join(parts)] = path
        return found

    def place(self, path: str) -> str:
        """A file as it stands in tracebacks."""
        return f"{self.commit}/{path}"

    def text(self, path: str) -> str:
        """A file as text. Raises CodeError, OptionError."""
        if not isinstance(path, str):
            raise OptionError(f"file: a {type(path).__name__}; expected the path of a Python file")
        if path not in self.files:
            known = ", ".join(map(printable, list(self.files)[:10])) or "none"
            raise CodeError(f"no such Python file in {printable(self.commit)}; expected one of {known}", path)
        try:
            return self.files[path].decode()
        except UnicodeDecodeError:
            raise CodeError("not UTF-8 text", path) from None

    def tree(self, path: str) -> ast.Module:
        """A file as a syntax tree. Raises CodeError, which names the line."""
        if path not in self._trees:
            try:
                self._trees[path] = ast.parse(self.text(path), self.place(path))
            except (SyntaxError, ValueError, RecursionError) as error:
                raise CodeError(printable(getattr(error, "msg", str(error)))[:200], path, getattr(error, "lineno", 0) or 0) from None
        return self._trees[path]

    def code(self, path: str) -> CodeType:
        """A file, compiled. Raises CodeError."""
        if path not in self._codes:
            try:
                self._codes[path] = compile(self.tree(path), self.place(path), "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError) as error:
                raise CodeError(printable(getattr(error, "msg", str(error)))[:200], path, getattr(error, "lineno", 0) or 0) from None
        return self._codes[path]

    def module_of(self, path: str) -> str:
        """The name of the module that a file is. Raises CodeError."""
        for name, there in self.modules.items():
            if there == path:
                return name
        self.text(path)
        raise CodeError("not the name of a module; expected letters, digits and '_' in its path", path)

    def imports(self, path: str) -> frozenset[str]:
        """The files of the commit that a file imports, and these, and so on; anywhere in them, also inside of functions."""
        self.text(path)
        if path not in self._imports:
            found, waiting = set[str](), [path]
            while waiting:
                for more in self._imported(waiting.pop()):
                    if more not in found:
                        found.add(more)
                        waiting.append(more)
            self._imports[path] = frozenset(found)
        return self._imports[path]

    def _imported(self, path: str) -> Iterator[str]:
        package = self.module_of(path)
        if not path.endswith("/__init__.py"):
            package = package.rpartition(".")[0]
        for node in ast.walk(self.tree(path)):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield from self._files(alias.name)
            elif isinstance(node, ast.ImportFrom):
                base = absolute(node.module or "", node.level, package)
                if base is not None:
                    yield from self._files(base)
                    for alias in node.names:
                        yield from self._files(f"{base}.{alias.name}" if base else alias.name)

    def _files(self, module: str) -> Iterator[str]:
        """The files that are run when a module is imported: its own and those of the packages that it is in."""
        parts = module.split(".")
        for depth in range(1, len(parts) + 1):
            path = self.modules.get(".".join(parts[:depth]))
            if path:
                yield path

    # -- what a step is made of

    def step_digest(self, path: str, name: str, others: Mapping[str, int]) -> str:
        """Of the code that a step in a file may run: that of the file without other steps and pipelines, and of what it imports.

        `others`: names of functions of the file that are steps or pipelines, with their first lines. One of them that is named in what is
        left belongs to it. So a step has another digest if anything changes that it can reach by names and `import` statements.
        """
        if (path, name) in self._digests:
            return self._digests[path, name]
        below = self.imports(path)
        files = {each: digest_of(self.files[each]) for each in below}
        if path not in below:
            files[path] = digest_of(self._without(path, name, others).encode())
        found = self._digests[path, name] = digest_of_json({"step": name, "file": path, "files": files})
        return found

    def _without(self, path: str, name: str, others: Mapping[str, int]) -> str:
        top = self.tree(path).body
        definitions = {
            node.name: node
            for node in top
            if isinstance(node, ast.FunctionDef) and node.name in others and _first(node) <= others[node.name] <= (node.end_lineno or 0)
        }
        kept = [node for node in top if node not in definitions.values()]
        wanted, left = {name}, dict(definitions)
        while True:
            wanted |= set(_names(kept))
            more = [left.pop(each) for each in sorted(wanted & left.keys())]
            if not more:
                break
            kept += more
        gone = set[int]()
        for node in left.values():
            gone |= set(range(_first(node), (node.end_lineno or 0) + 1))
        lines = self.text(path).splitlines(keepends=True)
        return "".join(line for number, line in enumerate(lines, 1) if number not in gone)


def absolute(name: str, level: int, package: str) -> str | None:
    """The module that an import names inside a package; None above the root.

    >>> absolute("clean", 1, "features"), absolute("json", 0, "features"), absolute("x", 3, "features")
    ('features.clean', 'json', None)
    """
    if level == 0:
        return name
    parts = package.split(".") if package else []
    if level - 1 > len(parts):
        return None
    base = ".".join(parts[: len(parts) - (level - 1)])
    return ".".join(part for part in (base, name) if part)


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(each.lineno for each in node.decorator_list)])


def _names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                yield node.value
