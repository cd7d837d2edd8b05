"""Who may start nothing in a zone gets no name in its network either, and a refusal has done nothing on the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from mlplat.errors import AccessDenied, UnknownNameError
from mlplat.platform.identity import Principal

from .worlds import NETWORKED, OPTIONS, World


def _elsewhere() -> World:
    """Eve has a project of her own, and vera a development zone."""
    world = World(NETWORKED)
    world.identity.create_project("lab", owner=world.eve, actor=world.admin)
    world.platform.zones.create_development(world.vera, {"cpus": 1}, actor=world.admin)
    return world


def _refused(world: World, call: Any, name: str, *given: Any, actor: Principal | str, **options: Any) -> None:
    events = len(world.sim.log)
    with pytest.raises(AccessDenied):
        call(name, *given, actor=actor, **options)
    assert [event.predicate for event in list(world.sim.log)[events:]] == ["access.denied"]


@pytest.mark.parametrize("zone", ["prod", "vera-dev"])
@pytest.mark.parametrize("call", ["create", "ensure", "deploy"])
def test_nobody_gets_a_name_in_the_network_of_a_zone_of_others(call: str, zone: str) -> None:
    world = _elsewhere()
    world.platform.models.register("lab/model", b"1", external=["data"], actor=world.eve)
    model = ("lab/model@1",) if call == "deploy" else ()
    _refused(world, getattr(world.serving, call), "lab/churn", *model, zone=zone, host="churn.example.org", actor=world.eve, **OPTIONS)
    assert not world.cluster.endpoint.services(zone) and not world.serving.list(actor=world.admin)


def test_what_is_granted_in_a_development_zone_gives_no_name_in_it() -> None:
    world = _elsewhere()
    world.identity.grant(world.eve, "deploy", "zone:vera-dev", actor=world.admin)
    _refused(world, world.serving.create, "lab/churn", zone="vera-dev", actor=world.eve, **OPTIONS)
    world.identity.create_project("own", owner=world.vera, actor=world.admin)
    assert world.serving.create("own/churn", zone="vera-dev", actor=world.vera, **OPTIONS).zone == "vera-dev"


def test_a_zone_that_is_not_there_has_no_services() -> None:
    world = _elsewhere()
    with pytest.raises(UnknownNameError, match="zone"):
        world.serving.create("lab/churn", zone="nowhere", actor=world.admin, **OPTIONS)
    assert not world.cluster.endpoint.services("nowhere")


def test_a_model_that_may_not_be_deployed_is_refused_before_its_service_has_a_name() -> None:
    world = _elsewhere()
    for resource in ("service:shop/new", "zone:shop/prod"):
        world.identity.grant(world.eve, "deploy", resource, zone="prod", actor=world.admin)
    _refused(world, world.serving.deploy, "shop/new", "shop/churn@1", zone="prod", actor=world.eve, **OPTIONS)


def test_a_token_that_is_not_for_the_zone_starts_nothing_in_it() -> None:
    world = World(NETWORKED)
    world.deploy()
    scopes = {"service:shop/*": "deployer", "model:shop/churn": "deployer"}
    token = world.identity.create_token(scopes, actor=world.ada).token
    _refused(world, world.serving.deploy, "shop/new", "shop/churn@1", zone="prod", actor=token, **OPTIONS)
    _refused(world, world.serving.add_version, "shop/api", "shop/churn@2", actor=token)
    whole = world.identity.create_token({**scopes, "zone:shop/prod": "deployer"}, actor=world.ada).token
    assert len(world.serving.add_version("shop/api", "shop/churn@2", actor=whole).versions) == 2
