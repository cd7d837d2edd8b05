"""The authorization matrix of capsules: every call by every kind of caller."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.platform.artifacts.capsules import Capsules
from mlplat.platform.component import Component
from mlplat.platform.identity import Principal, Right
from mlplat.platform.storage import Store

from ..matrix import CALLERS, Row, deviations
from .worlds import MODEL, World

CONTENT = World(rich=False).export()
READ, SHARE, WRITE = Right.READ, Right.SHARE, Right.WRITE


class CapsuleWorld:
    """A platform with a model, of whose projects `owner` owns the one; and the capsule of the same model."""

    def __init__(self) -> None:
        self.platform = mp.Platform()
        world = World(self.platform, rich=False, projects=("shop",))
        self.sim, self.identity, self.owner = self.platform.sim, self.platform.identity, world.ada

    @property
    def component(self) -> Component:
        return self.platform.capsules

    @property
    def stores(self) -> tuple[Store, ...]:
        return (self.platform.store,)


def _with(*given: Any) -> Any:
    def arguments(world: Any, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return given, {}

    return arguments


def _parts() -> tuple[str, ...]:
    """The resources that are in the capsule."""
    world = World(rich=False)
    found = world.platform.capsules.inspect(CONTENT, actor=world.ada)
    assert MODEL in found.artifacts
    return (found.run, *found.artifacts)


NEEDED = _parts()
TABLE = {
    "export": Row(_with("shop/churn@1"), tuple((right, name) for name in NEEDED for right in (SHARE, READ))),
    "inspect": Row(_with(CONTENT)),
    "import_file": Row(_with(CONTENT), tuple((WRITE, name) for name in NEEDED)),
}


def test_a10_1_every_call_of_the_capsules_by_every_caller() -> None:
    found, cells = deviations(CapsuleWorld, Capsules, TABLE)
    assert found == []
    assert cells == len(CALLERS) * len(TABLE)
