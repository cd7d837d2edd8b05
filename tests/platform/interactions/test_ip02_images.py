"""IP-2 on a platform with everything wired: where it can be entered. Its checks and failures: `tests/platform/builder`."""

from __future__ import annotations

from .test_ip01_integration import objects_of
from .worlds import REPO, Shop, base, model_of


def test_s112_ip2_entered_with_an_image_built_elsewhere_the_model_is_the_same() -> None:
    """Its lineage says that the image is external, and what is not known of it."""
    here = Shop()
    commit = here.push()
    made = here.made(commit, here.publish(), here.train())
    image = here.platform.images.resolve(f"{REPO}@latest", actor=here.ada)
    there = Shop(level=0)
    there.platform.scm.import_objects(REPO, objects_of(here, commit), actor=there.ada)
    taken = there.platform.images.register(
        REPO, here.platform.images.manifest(image.reference, actor=here.ada), external=["manifest"], tags=["latest"], actor=there.ada
    )
    assert taken.digest == image.digest and taken.external == ("manifest",)
    assert there.made(commit, there.publish(f"{REPO}@{commit}"), there.train()) == made
    assert not there.events("build.queued")


def test_ip2_p_a_base_that_the_account_may_not_read_is_refused_and_nothing_is_published() -> None:
    """IP-2 P: naming it."""
    shop = Shop()
    identity, ada = shop.platform.identity, shop.ada
    identity.create_project("lab", owner=shop.eve, actor=shop.admin)
    shop.platform.images.publish("lab/private", base(), tags=["1"], actor=shop.eve)
    shop.push(image_dot_yaml="base: lab/private@1\n")
    builds = shop.platform.builder.builds(REPO, actor=ada)
    assert builds and all(build.outcome in ("error", "failure") and "lab/private" in build.error for build in builds)
    assert shop.events("access.denied")[0].data["resource"].startswith("image:lab/private")
    assert not [event for event in shop.events("artifact.published") if event.subject.startswith(f"image:{REPO}")]
    shop.check()


def test_ip2_the_model_of_an_image_that_was_built_here_names_it() -> None:
    shop = Shop()
    shop.push()
    model = model_of(shop.train(shop.publish()))
    digest = shop.platform.images.resolve(f"{REPO}@latest", actor=shop.ada).digest
    assert f"image:{REPO}@{digest}" in shop.platform.metadata.upstream(f"model:{model}", actor=shop.ada).nodes
