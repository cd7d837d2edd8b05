"""IP-1 on a platform with everything wired: where it can be entered. Its checks and failures: `tests/platform/ci`."""

from __future__ import annotations

from mlplat.platform.artifacts.scm.repository import Bundle

from .worlds import AUTHOR, FILES, REPO, Shop


def objects_of(shop: Shop, commit: str) -> Bundle:
    """A commit with all that it leads to, to carry elsewhere."""
    objects = shop.platform.scm._repositories[REPO].objects
    return Bundle(commit, tuple(objects.frame(number) for number in objects.closure([commit])))


def test_s112_ip1_entered_with_an_imported_commit_its_tests_say_the_same() -> None:
    here, there = Shop(), Shop()
    commit = here.push()
    assert there.platform.scm.import_objects(REPO, objects_of(here, commit), actor=there.ada) == commit
    there.platform.ci.run(f"{REPO}@{commit}", actor=there.ada)
    there.wait("20m")
    (mine,), (theirs,) = (shop.platform.scm.statuses(f"{REPO}@{commit}", actor=shop.ada) for shop in (here, there))
    assert (mine.outcome, mine.description) == (theirs.outcome, theirs.description)
    digests = [shop.platform.images.resolve(f"{REPO}@{commit}", actor=shop.ada).digest for shop in (here, there)]
    assert digests[0] == digests[1]
    there.check()


def test_s112_ip1_entered_with_results_made_elsewhere_they_open_a_protected_branch() -> None:
    shop = Shop(level=0)
    scm, ada = shop.platform.scm, shop.ada
    scm.commit(REPO, "main", dict(FILES), "first", author=AUTHOR, actor=ada)
    scm.create_branch(REPO, "side", actor=ada)
    scm.commit(REPO, "side", {"README.md": "more"}, "more", author=AUTHOR, actor=ada)
    scm.protect(REPO, "main", actor=ada)
    change = scm.create_change(REPO, "side", "main", "more", actor=ada)
    candidate = scm.prepare_merge(REPO, "main", "side", actor=ada)
    scm.set_status(f"{REPO}@{candidate}", "success", description="tested elsewhere", actor=ada)
    scm.review(REPO, change.number, "approve", actor=shop.bob)
    assert scm.merge_change(REPO, change.number, actor=ada).state == "merged"
    assert not shop.events("testsuiterun.started") and shop.events("change.merged")
