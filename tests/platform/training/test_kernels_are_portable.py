"""Kernels of training contain nothing whose last digits depend on the machine, and import nothing that their cache does not look at."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mlplat.platform.training import kernels

FOLDER = Path(kernels.__file__).parent
OF_NUMPY = {"int64", "uint64", "float64", "ndarray", "inf", "nan"}
OF_MATH = {"sqrt", "nan"}
BUILTINS = {"range", "len", "min", "max", "abs"}


def trees() -> dict[str, ast.Module]:
    return {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.py"))}


def wrong_in(tree: ast.Module, kernels: set[str]) -> list[str]:
    """What is neither an exact operation nor one that IEEE 754 defines."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not all(_is_constant(side) for side in (node.left, node.right)):
            found.append(f"{node.lineno}: a power")
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found.append(f"{node.lineno}: a matrix product")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            allowed = {"np": OF_NUMPY, "math": OF_MATH}.get(node.value.id)
            if allowed is not None and node.attr not in allowed:
                found.append(f"{node.lineno}: {node.value.id}.{node.attr}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in BUILTINS | kernels:
            found.append(f"{node.lineno}: {node.func.id}()")
    return found


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant))


def test_kernels_do_nothing_that_depends_on_the_machine() -> None:
    known = trees()
    functions = {node.name for tree in known.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    wrong = {name: wrong_in(tree, functions) for name, tree in known.items() if name != "compiling.py"}
    assert {name: found for name, found in wrong.items() if found} == {} and len(wrong) >= 8


@pytest.mark.parametrize(
    "line", ["x = a ** b", "x = a @ b", "x = np.exp(a)", "x = math.log(a)", "x = np.dot(a, b)", "x = sum(a)", "x = pow(a, 2)"]
)
def test_what_does_is_found(line: str) -> None:
    assert wrong_in(ast.parse(line), set())


def test_kernels_import_only_each_other_and_the_compiler_of_the_schedulers() -> None:
    for name, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert {alias.name for alias in node.names} <= {"math", "numpy"}, name
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module in ("__future__", "pathlib"), name
            elif isinstance(node, ast.ImportFrom):
                inside = node.level == 1 and (FOLDER / f"{node.module}.py").is_file()
                assert inside or (node.level, node.module, name) == (4, "infra.kernels.compilation", "compiling.py"), name
