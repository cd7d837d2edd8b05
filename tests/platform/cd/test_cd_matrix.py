"""S-96 for continuous delivery: every call passes for those whom a grant allows it, and for nobody else."""

from __future__ import annotations

from typing import Any

import mlplat as mp
from mlplat.platform.automation.cd import CD, BlueGreen, GateError
from mlplat.platform.identity import Principal, Right
from mlplat.platform.storage import Store

from ..matrix import CALLERS, PLATFORM, Row, calls_of, deviations
from .worlds import World

READ, WRITE, _, ADMIN, DEPLOY, APPROVE, _ = Right
API, PROD, MODEL = "deployment:shop/api", "zone:shop/shop-prod", "model:shop/churn"
CALLED = "shop/api"


class MatrixWorld:
    """Version 2 of the model is deployed, after version 1; two approvals are open; the state of the project is in a repository."""

    def __init__(self) -> None:
        self.world = World(rate=0)
        self.sim: mp.Simulation = self.world.sim
        self.identity = self.world.platform.identity
        self.identity._cost = 2
        self.owner = self.world.ada
        self.component: Any = self.world.cd
        for number in (1, 2):
            self.world.cd.deploy(CALLED, f"shop/churn@{number}", zone="shop-prod", strategy=BlueGreen(), actor=self.owner)
        self.sim.run(until="10m")
        self.world.cd.set_gate(zone="shop-prod", required=False, four_eyes=False, actor=self.owner)
        for number in (3, 4):
            self.world.cd.deliver(CALLED, f"shop/churn@{number}", zone="shop-prod", actor=self.owner)
        self.world.platform.scm.create_repository("shop/state", actor=self.owner)
        robot = next(each for each in self.identity.principals(actor=self.world.admin) if each.name == "robot")
        self.robot = robot.id

    @property
    def stores(self) -> tuple[Store, ...]:
        """What everything is kept in."""
        return (self.world.store,)

    def other(self, resource: str) -> str:
        """Another thing of its kind, another project."""
        if resource == PLATFORM or resource.startswith("project:"):
            return "project:elsewhere" if resource == "project:shop" else "project:books"
        kind, _, path = resource.partition(":")
        return f"{kind}:books/{path.partition('/')[2]}"


def _row(*names: Any, needs: tuple[tuple[Right, str], ...], zone: str = "", given: bool = False, raises: Any = None, **options: Any) -> Row:
    def arguments(world: Any, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(getattr(world, name[1:]) if isinstance(name, str) and name[:1] == "." else name for name in names), options

    if given:
        options["zone"] = zone
    return Row(arguments, needs, zone=zone, raises=raises)


def _prod(right: Right, *names: Any, resource: str = API, **options: Any) -> Row:
    return _row(*names, needs=((right, resource),), zone="shop-prod", **options)


INTO = ((DEPLOY, API), (DEPLOY, PROD), (DEPLOY, f"{MODEL}@3"), (WRITE, MODEL))
TABLE = {
    "set_gate": _prod(ADMIN, resource=PROD, given=True),
    "gate": _prod(READ, resource=PROD, given=True),
    "deliver": _row(CALLED, "shop/churn@3", needs=INTO, zone="shop-prod", given=True),
    "deploy": _row(CALLED, "shop/churn@3", needs=INTO, zone="shop-prod", given=True),
    "deploy, without an alias": _row(CALLED, "shop/churn@3", needs=INTO[:3], zone="shop-prod", given=True, alias=None),
    "approve": _prod(APPROVE, 1),
    "deny": _prod(APPROVE, 1),
    "approvals": _row(needs=()),
    "rollback": _prod(DEPLOY, CALLED),
    "remove": _prod(DEPLOY, CALLED),
    "act_as": _row("shop", ".robot", needs=((ADMIN, "project:shop"),)),
    "ended": _prod(READ, 1),
    "change": _prod(READ, 1),
    "describe": _prod(READ, CALLED),
    "history": _prod(READ, CALLED),
    "list": _row(needs=()),
    "track": _row("shop", "shop/state", needs=((ADMIN, "project:shop"), (WRITE, "repo:shop/state"), (READ, "repo:shop/state"))),
    "untrack": _row("shop", needs=((ADMIN, "project:shop"),)),
    "sync": _row("shop", needs=((READ, "project:shop"),)),
}


def test_s96_every_call_passes_for_those_whom_a_grant_allows_it_and_nobody_else() -> None:
    found, cells = deviations(MatrixWorld, CD, TABLE)
    assert found == [] and cells == len(TABLE) * len(CALLERS)
    assert calls_of(CD) == {name.partition(",")[0] for name in TABLE}


def test_a_gated_zone_is_closed_to_the_administrator_too() -> None:
    world = MatrixWorld()
    world.world.cd.set_gate(zone="shop-prod", actor=world.owner)
    try:
        world.world.cd.deploy(CALLED, "shop/churn@3", zone="shop-prod", actor=world.world.admin)
    except GateError as error:
        assert error.zone == "shop-prod"
    else:
        raise AssertionError("deployed without an approval")
