"""Attacks by answers: what a version that was shared tells of others that were not."""

from __future__ import annotations

from .matrix_world import DATA, FRAME, MODEL, REPO, PlatformWorld


def test_a10_3_a_shared_model_names_no_run_commit_version_or_deployment_that_its_reader_may_not_read() -> None:
    world = PlatformWorld()
    platform, owner, admin = world.platform, world.owner, world.identity.admin
    code = f"{REPO}@{world.head}"
    platform.models.register(MODEL, b"weights", run="shop/r1", commit=code, actor=owner)  # version 3, the bytes of version 1
    platform.models.protect(f"{MODEL}@3", "deployment:shop/api", actor=owner)
    eve = world.identity.create_third_party("eve", actor=admin)
    world.identity.grant(eve, ["read", "deploy", "write"], f"model:{MODEL}@3", actor=admin)
    whole = platform.models.resolve(f"{MODEL}@3", actor=owner)
    assert (whole.run, whole.commit, whole.same_as) == ("shop/r1", f"repo:{code}", (1,))
    assert whole.protected_by == ("deployment:shop/api",)
    answers = (
        platform.models.resolve(f"{MODEL}@3", actor=eve),
        platform.models.versions(MODEL, actor=eve)[0],
        platform.models.search(actor=eve)[0],
        platform.models.deployable(f"{MODEL}@3", actor=eve).version,
        platform.models.compare(MODEL, f"{MODEL}@3", actor=eve).second,
        platform.models.describe(f"{MODEL}@3", "text", actor=eve),
        platform.models.set_tags(f"{MODEL}@3", {"a": "b"}, actor=eve),
        platform.models.protect(f"{MODEL}@3", "mine", actor=eve),
    )
    for seen in answers:
        assert (seen.run, seen.commit, seen.same_as) == ("withheld:", f"withheld:sha1:{world.head}", ())
        assert "withheld:" in seen.protected_by and "deployment:shop/api" not in seen.protected_by
    for resource in (f"repo:{code}", "run:shop/r1", f"model:{MODEL}@1", "deployment:shop/api"):
        world.identity.grant(eve, "read", resource, actor=admin)
    seen = platform.models.resolve(f"{MODEL}@3", actor=eve)
    assert (seen.run, seen.commit, seen.same_as) == (whole.run, whole.commit, whole.same_as)


def test_what_names_nothing_of_the_platform_is_a_statement_and_shown() -> None:
    world = PlatformWorld()
    eve = world.identity.create_third_party("eve", actor=world.identity.admin)
    version = world.platform.models.register("shop/other", b"1", run="run 17 of the old cluster", actor=world.owner)
    world.identity.grant(eve, "read", version.resource, actor=world.owner)
    assert world.platform.models.resolve("shop/other@1", actor=eve).run == "run 17 of the old cluster"


def test_a10_3_a_shared_dataset_names_no_code_that_its_reader_may_not_read() -> None:
    world = PlatformWorld()
    eve = world.identity.create_third_party("eve", actor=world.identity.admin)
    code = f"{REPO}@{world.head}"
    made = world.platform.data.derive("shop/features", FRAME, parents=[f"{DATA}@2"], code=code, actor=world.owner)
    world.identity.grant(eve, "read", made.resource, actor=world.owner)
    for seen in (world.platform.data.describe("shop/features", actor=eve).version, *world.platform.data.search(actor=eve)):
        assert seen.code == f"withheld:sha1:{world.head}" and seen.parents[0].startswith("withheld:sha256:")
    assert made.code == world.platform.data.describe("shop/features", actor=world.owner).version.code == code
