"""A-10.1, S-96: the authorization matrix of the whole platform, and of the harness itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import mlplat as mp
from mlplat.platform.component import Component, call
from mlplat.platform.identity import Right

from .matrix import CALLERS, PLATFORM, Row, covers, deviations, given, methods_of
from .matrix_tables import DATASET, TABLES, WORLDS
from .matrix_world import DATA, PlatformWorld
from .test_every_call_is_checked import components

CELLS = 5202
"""Of the whole matrix; to be changed with a row or a kind of caller, so that none goes unnoticed."""


@pytest.mark.parametrize("source", TABLES)
def test_a10_1_s96_every_call_of_every_component_passes_for_those_whom_a_grant_allows_it_and_nobody_else(source: str) -> None:
    make = WORLDS.get(source, partial(PlatformWorld, source))
    found, cells = deviations(make, type(make().component), TABLES[source])
    assert found == []
    assert cells == len(TABLES[source]) * len(CALLERS)


def test_the_matrix_has_every_component_of_the_platform_and_so_many_cells() -> None:
    assert TABLES.keys() == {*mp.Platform().components, "platform"}
    assert sum(map(len, TABLES.values())) * len(CALLERS) == CELLS


def missing_rows(component: type[Component]) -> list[str]:
    """The calls of a class, those that it inherits too, that have no row."""
    calls = {name for name in dir(component) if not name.startswith("_") and hasattr(getattr(component, name), "check")}
    return sorted(f"{component.__name__}.{name}" for name in calls - methods_of(TABLES.get(component.SOURCE, {})))


def test_a10_1_every_public_method_of_every_component_in_the_package_has_a_row() -> None:
    assert [name for component in components() for name in missing_rows(component)] == []
    assert missing_rows(_Careless) == ["_Careless.count", "_Careless.forgotten", "_Careless.read"]


class _Careless(Component):
    """What the harness must find."""

    KIND, SOURCE = "dataset", "careless"

    def _apply(self, record: Any) -> None:
        pass

    @call(Right.READ)
    def read(self, name: str, *, actor: Any) -> None:
        self._keep({"what": "read"})

    @call(Right.READ)
    def count(self, name: str, *, actor: Any) -> None:
        """Takes less than the table says."""

    @call(Right.READ)
    def forgotten(self, name: str, *, actor: Any) -> None:
        """Is in no table."""


class _CarelessWorld(PlatformWorld):
    def __init__(self) -> None:
        super().__init__()
        self.component = _Careless(self.sim, self.identity, self.store)


def test_the_matrix_finds_a_call_that_is_in_no_table_and_one_that_passes_for_others() -> None:
    table = {"read": Row(given(DATA), ((Right.READ, DATASET),)), "count": Row(given(DATA), ((Right.WRITE, DATASET),))}
    found, _ = deviations(_CarelessWorld, _Careless, table)
    assert found[0] == "_Careless.forgotten: not in the table"
    assert any("count, colleague with grant: refused" in problem for problem in found)
    assert any("count, every other right: passed" in problem for problem in found)
    assert not any("read" in problem.split(",")[0] for problem in found)


def test_the_rule_of_the_matrix_is_that_of_the_words() -> None:
    assert covers("dataset:shop/*", "dataset:shop/clicks@3") and covers("dataset:shop/clicks", "dataset:shop/clicks@3")
    assert not covers("dataset:shop/clicks@3", "dataset:shop/clicks") and not covers("dataset:shop/*", "model:shop/churn")
    assert covers("project:shop", "project:shop") and not covers("project:shop", "project:shopping")
    assert not covers("project:shop", PLATFORM)
