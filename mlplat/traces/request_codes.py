"""Columns of amounts into the distinct requests of a trace and a code for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from ..resources import ResourceRequest
from ..workload import Ints


def request_codes(columns: Mapping[str, Any]) -> tuple[Ints, list[ResourceRequest]]:
    """For each row the index of its request, and the distinct requests in order of first appearance.

    `columns` are fields of `ResourceRequest` as arrays or series of one length; `models` is text such as `"T4|P100"`.

    >>> codes, requests = request_codes({"gpus": np.array([1, 8, 1])})
    >>> codes.tolist(), [request.gpus for request in requests]
    ([0, 1, 0], [1, 8])
    """
    frame = pl.DataFrame({name: pl.Series(name, column) for name, column in columns.items()})
    distinct = frame.unique(maintain_order=True)
    requests = [ResourceRequest(**row) for row in distinct.iter_rows(named=True)]
    if len(requests) == 1:
        return np.zeros(frame.height, dtype=np.int32), requests
    numbered = distinct.with_columns(pl.Series("code", np.arange(len(requests), dtype=np.int32)))
    codes = frame.join(numbered, on=list(columns), how="left", maintain_order="left")["code"]
    return codes.to_numpy(), requests


def group_codes(names: pl.Series) -> tuple[Ints, tuple[str, ...]]:
    """For each row the index of its group, and the names in order of first appearance.

    >>> codes, groups = group_codes(pl.Series(["b", "a", "b"]))
    >>> codes.tolist(), groups
    ([0, 1, 0], ('b', 'a'))
    """
    distinct = names.unique(maintain_order=True)
    if not len(distinct):
        return np.zeros(0, dtype=np.int32), ("",)
    codes = names.cast(pl.Enum(distinct)).to_physical().cast(pl.Int32).to_numpy()
    return codes, tuple(distinct.to_list())
