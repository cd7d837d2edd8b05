"""Node lists in the form of the openb trace (Alibaba, cluster-trace-gpu-v2023): one CSV row a node."""

from __future__ import annotations

import csv
import io
import os
from typing import Any

from ..errors import InputError, shown
from ..resources import UNLIMITED
from .accelerators import CATALOGUE, Accelerator, resolve_model
from .node_group import MAX_DEVICES_PER_NODE
from .source_text import read_source

COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")

# The trace names V100 by its board memory; a job that asks for a model asks by these names, so they are kept.
_SAME_AS = {"V100M16": "V100-16", "V100M32": "V100-32"}

_LIMITS = {"cpu_milli": UNLIMITED - 1, "memory_mib": UNLIMITED - 1, "gpu": MAX_DEVICES_PER_NODE}


def read_openb_nodes(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The description of the nodes in a file; consecutive equal rows make one group that keeps the nodes' names.

    Raises InputError with file, line, column, value and what was expected.
    """
    file = shown(path)
    reader = csv.reader(io.StringIO(read_source(path), newline=""), strict=True)
    groups: list[dict[str, Any]] = []
    runs: dict[str, int] = {}
    custom: dict[str, Accelerator] = {}
    last: tuple[int, int, int, str] | None = None
    seen: set[str] = set()
    try:
        position = _header(next(reader, None), file)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(position):
                raise InputError(
                    f"{len(cells)} cells in this row", path=file, line=reader.line_num, expected=f"{len(position)}, as in the header"
                )
            row = {column: cells[position[column]].strip() for column in COLUMNS}
            name = _name(row["sn"], seen, file, reader.line_num)
            amounts = {column: _amount(row, column, limit, file, reader.line_num) for column, limit in _LIMITS.items()}
            model = _model(row, amounts["gpu"], file, reader.line_num)
            key = (amounts["cpu_milli"], amounts["memory_mib"], amounts["gpu"], model)
            if key == last:
                groups[-1]["node_names"].append(name)
                groups[-1]["count"] += 1
                continue
            last = key
            kind = model or "cpu"
            runs[kind] = runs.get(kind, 0) + 1
            group = {"name": f"{kind}-run-{runs[kind]}", "count": 1, "node_names": [name]}
            groups.append(group | {"cpu_milli": key[0], "memory_mib": key[1], "gpus": key[2], "gpu_model": model or None})
            if model and resolve_model(model) not in CATALOGUE:
                custom[model] = _custom(model)
    except csv.Error as error:
        raise InputError(f"not CSV: {error}", path=file, line=reader.line_num) from None
    if not groups:
        raise InputError("has no nodes", path=file, expected="a row for each node below the header")
    return {"name": "openb", "groups": groups, "accelerators": list(custom.values())}


def _header(cells: list[str] | None, file: str) -> dict[str, int]:
    names = [cell.strip() for cell in cells or []]
    missing = [column for column in COLUMNS if column not in names]
    if missing or len(set(names)) < len(names):
        problem = f"the header lacks {', '.join(missing)}" if missing else "the header names a column twice"
        raise InputError(problem, path=file, line=1, value=",".join(names), expected=",".join(COLUMNS))
    return {name: i for i, name in enumerate(names)}  # extra columns are of no concern here


def _name(name: str, seen: set[str], file: str, line: int) -> str:
    if not name or len(name) > 250 or not name.isprintable():
        raise InputError("bad node name", path=file, line=line, column="sn", value=name, expected="printable text of 1 to 250 characters")
    if name in seen:
        raise InputError("a second node of this name", path=file, line=line, column="sn", value=name, expected="a name of its own")
    seen.add(name)
    return name


def _amount(row: dict[str, str], column: str, limit: int, file: str, line: int) -> int:
    text = row[column]
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text) <= limit):
        raise InputError("bad amount", path=file, line=line, column=column, value=text, expected=f"a whole number from 0 to {limit}")
    return int(text)


def _model(row: dict[str, str], gpus: int, file: str, line: int) -> str:
    model = row["model"]
    if gpus == 0:
        return ""
    if not model or len(model) > 250 or not model.isprintable():
        raise InputError("bad model", path=file, line=line, column="model", value=model, expected="the model of the node's devices")
    return model


def _custom(name: str) -> Accelerator:
    """A model of the trace: the catalogue's figures if it is a known board under another name, else nothing is known of it."""
    like = _SAME_AS.get(name)
    return Accelerator(name=name) if like is None else CATALOGUE[like].model_copy(update={"name": name})
