"""Attacks on the components that do something by themselves: rights that are borrowed, asked too late or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError, OptionError
from mlplat.platform.identity import Principal

from .matrix_world import AUTHOR, FLOW, FLOW_FILES, PlatformWorld
from .states import differing, state_of

EVIL = FLOW_FILES["pipeline.py"] + "\nimport random\nrandom.ran_by_an_attacker = True\n"


def _eve(world: PlatformWorld, **rights: str) -> Principal:
    """Somebody with a right, or several with commas, on each resource: `repo="read"` is that on `repo:shop/flow`."""
    eve = world.identity.create_user("eve", actor=world.identity.admin)
    for kind, names in rights.items():
        place = "project:shop" if kind == "project" else f"{kind}:{FLOW}"
        world.identity.grant(eve, names.split(","), place, actor=world.identity.admin)
    return eve


def _folds(world: PlatformWorld) -> None:
    """What is kept can be read again, and is what the platform knows."""
    again = mp.Platform(store=world.store)
    assert differing(state_of(world.platform), state_of(again)) == ""


@pytest.fixture(name="world")
def _world() -> PlatformWorld:
    return PlatformWorld("orchestrator")


# -- rights that are asked too late


def test_code_of_a_commit_is_not_run_for_somebody_who_may_only_read_it(world: PlatformWorld) -> None:
    import random

    platform = world.platform
    platform.scm.commit(FLOW, "main", {"pipeline.py": EVIL}, "evil", author=AUTHOR, actor=world.owner)
    eve = _eve(world, repo="read")
    for call in (platform.orchestrator.publish, platform.orchestrator.run):
        with pytest.raises(AccessDenied):
            call(f"{FLOW}@main", actor=eve)
        assert not hasattr(random, "ran_by_an_attacker")


def test_a_run_that_is_refused_was_never_queued(world: PlatformWorld) -> None:
    eve = _eve(world, repo="read")
    world.identity.grant(eve, "write", "run:shop/*", actor=world.owner)
    before = len(world.sim.log)
    with pytest.raises(AccessDenied, match="may not read pipeline:"):
        world.platform.orchestrator.run(f"{FLOW}@main", actor=eve)
    assert [event.predicate for event in world.sim.log[before:]] == ["access.denied"]


def test_a_run_of_which_the_pipeline_may_not_be_read_is_not_run_again(world: PlatformWorld) -> None:
    eve = _eve(world, repo="read")
    world.identity.grant(eve, "read", "run:shop/flow-1", actor=world.owner)
    world.identity.grant(eve, "write", "run:shop/*", actor=world.owner)
    with pytest.raises(AccessDenied, match="may not read withheld:"):
        world.platform.orchestrator.rerun("shop/flow-1", actor=eve)


def test_resuming_an_interrupted_run_that_is_refused_changes_nothing(world: PlatformWorld) -> None:
    eve = _eve(world)
    world.identity.grant(eve, "write", "run:shop/*", actor=world.owner)
    again = mp.Platform(store=world.store)
    assert again.orchestrator.get("shop/flow-3", actor=world.owner).reason == "INTERRUPTED"
    before = [*world.store.records("orchestrator")]
    with pytest.raises(AccessDenied):
        again.orchestrator.resume("shop/flow-3", actor=eve)
    assert [*world.store.records("orchestrator")] == before
    assert again.orchestrator.resume("shop/flow-3", actor=world.owner).outcome == "running"


def test_what_a_run_has_made_is_taken_on_by_those_only_who_may_read_it(world: PlatformWorld) -> None:
    eve = _eve(world, repo="read", pipeline="read")
    world.identity.grant(eve, "write", "run:shop/*", actor=world.owner)
    with pytest.raises(AccessDenied, match="may not read run:shop/flow-2"):
        world.platform.orchestrator.resume("shop/flow-2", actor=eve)


# -- rights of others


@pytest.mark.parametrize("source", ["builder", "ci"])
def test_a_service_account_works_for_a_repository_only_if_somebody_says_so_who_may_use_it(world: PlatformWorld, source: str) -> None:
    """Who administers one repository of a project holds no service account of it."""
    component = world.platform.components[source]
    eve = _eve(world, repo="read,write,admin")
    with pytest.raises(AccessDenied, match="may not admin project:shop"):
        component.enable(FLOW, world.robot, actor=eve)  # type: ignore[attr-defined]
    component.enable(FLOW, world.robot, actor=world.owner)  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", ["builder", "ci"])
def test_a_share_of_one_commit_is_enough_to_ask_about_it_by_any_name(world: PlatformWorld, source: str) -> None:
    eve = _eve(world)
    world.identity.grant(eve, ["read", "write"], f"repo:{FLOW}@{world.flow}", actor=world.owner)
    ask: dict[str, Callable[..., Any]] = {"builder": world.platform.builder.plan, "ci": world.platform.ci.run}
    assert ask[source](f"{FLOW}@main", actor=eve) and ask[source](f"{FLOW}@{world.flow}", actor=eve)
    with pytest.raises(AccessDenied):
        ask[source](f"{FLOW}@{world.flow_before}", actor=eve)


def test_with_a_narrow_token_only_messages_of_its_projects_are_read(world: PlatformWorld) -> None:
    identity, inbox, owner = world.identity, world.platform.inbox, world.owner
    assert len(inbox.messages(actor=owner)) == 2  # of CI, and by hand
    elsewhere = identity.create_token({"project:elsewhere": "read"}, actor=owner)
    assert inbox.messages(actor=elsewhere.token) == ()
    assert inbox.messages(project="shop", actor=elsewhere.token) == ()
    of_shop = identity.create_token({"project:shop": "read"}, actor=owner)
    assert inbox.messages(actor=of_shop.token) == inbox.messages(actor=owner)


def test_a_trigger_hears_nothing_of_what_its_account_may_not_read(world: PlatformWorld) -> None:
    platform, admin = world.platform, world.identity.admin
    platform.orchestrator.trigger("shop/spy", FLOW, on="*", subject="*elsewhere*", actor=world.owner)
    platform.orchestrator.trigger("shop/own", FLOW, on="artifact.*", subject="dataset:shop/*", actor=world.owner)
    before = len(platform.orchestrator.runs(actor=world.owner))
    platform.data.publish("elsewhere/plans", b"secret", actor=admin)
    platform.secrets.put("elsewhere/password", "secret", actor=admin)
    world.sim.run(until=world.sim.now + 1)
    assert len(platform.orchestrator.runs(actor=world.owner)) == before
    platform.data.publish("shop/plans", b"open", actor=world.owner)
    world.sim.run(until=world.sim.now + 1)
    assert len(platform.orchestrator.runs(actor=world.owner)) == before + 1


@pytest.mark.parametrize("names", [["shop/a"], ["shop/a", "shop/b"]])
def test_triggers_whose_runs_are_refused_do_not_start_each_other_for_ever(world: PlatformWorld, names: list[str]) -> None:
    eve = _eve(world, project="read,write")
    for name in names:
        world.platform.orchestrator.trigger(name, FLOW, on="*", actor=eve)
    for grant in world.identity.grants_of(eve, actor=eve):
        world.identity.revoke(grant, actor=world.identity.admin)
    world.identity.grant(eve, "read", "project:shop", actor=world.owner)
    start = len(world.sim.log)
    world.platform.data.publish("shop/new", b"1", actor=world.owner)
    for _ in range(2000):
        if world.sim.env.peek() > world.sim.now:
            break
        world.sim.env.step()
    refused = [event for event in world.sim.log[start:] if event.predicate in ("access.denied", "call.refused")]
    assert 1 <= len(refused) <= 20 and len(world.sim.log) - start < 100


def test_a_build_waits_for_the_same_build_of_its_own_project_only() -> None:
    cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.parse("1x8xV100"), scrape_period=None)
    platform = mp.Platform(cluster)
    admin, people = platform.admin, {}
    for name, project in (("ada", "shop"), ("eve", "lab")):
        person = people[project] = platform.identity.create_user(name, actor=admin)
        platform.identity.create_project(project, owner=person, actor=admin)
        platform.zones.create_development(person, {"cpus": 8, "memory_gib": 64}, actor=admin)
        platform.scm.create_repository(f"{project}/churn", actor=person)
        files = {"image.yaml": "packages: [numpy]\nentry: python\n"}
        platform.scm.commit(f"{project}/churn", "main", files, "first", author=AUTHOR, actor=person)
    platform.zones.suspend("eve-dev", actor=admin)
    try:
        platform.builder.build("lab/churn@main", actor=people["lab"])
    except MlplatError:
        platform.zones.resume("eve-dev", actor=admin)
        platform.builder.build("lab/churn@main", actor=people["lab"])
    platform.builder.build("shop/churn@main", actor=people["shop"])
    cluster.sim.run(until=1)
    jobs = platform.builder._jobs
    assert [job.at_work for job in jobs.values()] == [True, True]


# -- names and times


def test_the_newest_version_is_the_one_that_was_published_last(world: PlatformWorld) -> None:
    platform, owner = world.platform, world.owner
    runs = platform.orchestrator
    older, newer = (
        platform.scm.commit(FLOW, "main", {"README.md": text}, text, author=AUTHOR, actor=owner).id for text in ("older", "newer")
    )
    runs.run(f"{FLOW}@{older}", actor=owner)
    runs.publish(f"{FLOW}@{newer}", actor=owner)
    last = runs.publish(f"{FLOW}@{older}", actor=owner)
    assert runs.resolve(FLOW, actor=owner) == last and runs.versions(FLOW, actor=owner)[-1] == last
    assert mp.Platform(store=world.store).orchestrator.resolve(FLOW, actor=owner) == last


@pytest.mark.parametrize("every", [1e-300, 1e-9, 0.5])
def test_a_schedule_does_not_stop_time(world: PlatformWorld, every: float) -> None:
    with pytest.raises(OptionError, match="expected at least 1 s"):
        world.platform.orchestrator.schedule("shop/busy", FLOW, every=every, actor=world.owner)


STRANGE: tuple[Any, ...] = (
    *(None, "", "x", "\x00", "..", "a\nb", "\ud800", "<b>", "shop/flow", "shop/flow@main", "x" * 10_000, "é" * 300, b"", b"x"),
    *(0, -1, 1, 2**63, 10**30, 1.5, float("nan"), float("inf"), True, False, object(), print),
    *([], [1], ["x"], [["x", "y"]], {}, {"": ""}, {"number": 2}, {"number": "x"}, {"number": float("nan")}, {1: 2}, {"double": "shop/x"}),
    *({"number": 2**70}, {"number": "\ud800"}, {"x": object()}, (), {"double": 3}, {"clicks": "shop/clicks"}),
)


def _calls(world: PlatformWorld) -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]]:
    """Calls of automatic components with arguments that they take, and by name those that may be others."""
    from inspect import Parameter, signature

    from .matrix_automation import BUILDER, CI, INBOX, ORCHESTRATOR

    tables = {"inbox": INBOX, "builder": BUILDER, "ci": CI, "orchestrator": ORCHESTRATOR}
    for source, table in tables.items():
        for name, row in table.items():
            call = getattr(world.platform.components[source], name.partition(",")[0])
            given, options = row.arguments(world, world.owner)
            more = [each.name for each in signature(call).parameters.values() if each.kind is Parameter.KEYWORD_ONLY]
            yield f"{source}.{name}", call, given, {**dict.fromkeys(more), **options}


def _names_of_calls() -> list[str]:
    return [name for name, *_ in _calls(PlatformWorld("orchestrator"))]


@pytest.mark.parametrize("called", _names_of_calls())
def test_an_argument_that_is_something_else_is_refused_in_words_or_can_be_read_again(called: str) -> None:
    """Whatever stands in the place of an argument, a call raises what it may raise, and leaves journals that can be folded."""
    world = PlatformWorld("orchestrator")
    calls = {name: each for name, *each in _calls(world)}
    call, given, options = calls[called]
    usual = {name: value for name, value in options.items() if value is not None}
    actor = world.identity.admin if called == "builder.set_index" else world.owner
    for place in [*range(len(given)), *(name for name in options if name != "actor")]:
        for strange in STRANGE:
            arguments = tuple(strange if at == place else each for at, each in enumerate(given))
            said = {**usual, place: strange} if isinstance(place, str) else usual
            kept = world.store.records(call.__self__.SOURCE)
            before = sum(1 for _ in kept)
            try:
                call(*arguments, **said, actor=actor)
            except MlplatError as error:
                str(error).encode()
            except Exception as error:
                raise AssertionError(f"{called}, {place} = {strange!r:.60}: {type(error).__name__}: {error}") from error
            if sum(1 for _ in world.store.records(call.__self__.SOURCE)) != before:
                try:
                    mp.Platform(store=world.store)
                except MlplatError as error:
                    raise AssertionError(f"{called}, {place} = {strange!r:.60}: {error}") from error
    world.sim.run(until=world.sim.now + 60)
    _folds(world)
