"""IP-10: sharing with a colleague and with a third party, across all components of one platform on a cluster.

Step 2 of IP-10 lets links to what the colleague may not read show id and owner; A-10.3 wants a digest marked `withheld`. The latter holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import mlplat as mp
from mlplat.errors import AccessDenied, MlplatError
from mlplat.platform.artifacts.images import Manifest
from mlplat.platform.artifacts.metadata import LockFile
from mlplat.platform.artifacts.metadata.exports import mermaid
from mlplat.platform.identity import Principal

FRAME = pl.DataFrame({"user": [1, 2, 3], "clicks": [3, 0, 5]})
PASSWORD = "a horse of another colour"
HIDDEN = ("holdout", "shop/r1", "secret", "shop/private")
"""Names that were not shared with anybody."""


class Sharing:
    """Ada owns project `shop`; bob is a colleague with a project of his own; acme is a third party, who signs in with a password.

    Model `shop/churn@1` was made by run `shop/r1` of `clicks@3` and `holdout@1`, in image `train@v1`, by code of `shop/churn`.
    """

    def __init__(self) -> None:
        self.cluster = mp.Cluster(mp.Simulation(), mp.ClusterSpec.uniform(nodes=1, cpus=16), scrape_period=None)
        self.platform = platform = mp.Platform(self.cluster)
        self.sim, self.identity = platform.sim, platform.identity
        admin = platform.admin
        self.ada, self.bob = (self.identity.create_user(name, actor=admin) for name in ("ada", "bob"))
        self.acme = self.identity.create_third_party("acme", actor=admin)
        self.identity.set_password(self.acme, PASSWORD, actor=admin)
        self.identity.create_project("shop", owner=self.ada, actor=admin)
        self.identity.create_project("lab", owner=self.bob, actor=admin)
        self.token = self.identity.authenticate("acme", PASSWORD).token
        self._make()

    def _make(self) -> None:
        platform, ada = self.platform, self.ada
        for rows in (1, 2, 3, 2):
            platform.data.publish("shop/clicks", FRAME[:rows], actor=ada)
        platform.data.publish("shop/holdout", FRAME[:1], actor=ada)
        self.data = platform.data.describe("shop/clicks@3", actor=ada).version
        layers = [{"digest": "sha256:" + "1" * 64, "size_mib": 900}]
        self.image = platform.images.publish("shop/train", Manifest.of({"layers": layers, "entry": "python"}), tags=["v1"], actor=ada)
        platform.scm.create_repository("shop/churn", actor=ada)
        lock = LockFile.of((self.image.resource, self.image.digest), {"training": (self.data.resource, self.data.digest)})
        files: dict[str, Any] = {"train.py": b"print(1)\n", "mlplat.lock": lock.to_bytes()}
        self.commit = platform.scm.commit("shop/churn", "main", files, "train", actor=ada).id
        platform.scm.commit("shop/churn", "main", {"secret.py": b"print(2)\n"}, "later", actor=ada)
        code = f"shop/churn@{self.commit}"
        data = {"training": "shop/clicks@3", "validation": "shop/holdout@1"}
        platform.metadata.start_run("shop/r1", code=code, image=self.image.resource, data=data, seed=7, linking="direct", actor=ada)
        self.model = platform.models.register("shop/churn", b"weights", run="run:shop/r1", commit=code, actor=ada)
        platform.metadata.finish_run("shop/r1", outputs={"model": self.model.resource}, actor=ada)
        platform.models.register("shop/churn", b"later", run="run:shop/r9", actor=ada)
        platform.models.register("shop/private", b"private", external=["data"], actor=ada)

    @property
    def shared(self) -> tuple[str, ...]:
        """What ada shares: one version of each kind."""
        return (self.model.resource, self.data.resource, self.image.resource, f"repo:shop/churn@{self.commit}")

    def share(self, *people: Principal) -> list[Any]:
        """Step 1."""
        return [self.identity.grant(who, "read", resource, actor=self.ada) for who in people for resource in self.shared]

    def told(self, predicate: str, since: int = 0) -> list[Any]:
        """Events."""
        return [event for event in self.sim.log[since:] if event.predicate == predicate]


def test_ip10_step_1_only_who_holds_share_grants_and_each_grant_is_told() -> None:
    """IP-10 P."""
    it = Sharing()
    before = len(it.sim.log)
    grants = it.share(it.bob, it.acme)
    created = it.told("grant.created", before)
    assert [(event.data["grantee"], event.data["resource"]) for event in created] == [(grant.grantee, grant.resource) for grant in grants]
    assert {event.actor for event in created} == {it.ada.id}
    for right, reason in (("read", "may not share"), ("write", "may not")):
        with pytest.raises(AccessDenied, match=reason):
            it.identity.grant(it.acme, right, it.model.resource, actor=it.bob)  # bob holds `read`, and not `share`
    with pytest.raises(AccessDenied, match="may not write"):
        it.identity.grant(it.bob, "share", it.model.resource, actor=it.ada)
        it.identity.grant(it.acme, "write", it.model.resource, actor=it.bob)  # a right that he does not hold


def test_ip10_step_2_a10_3_the_colleague_finds_what_was_shared_and_in_its_lineage_the_rest_is_withheld() -> None:
    it = Sharing()
    platform, bob = it.platform, it.bob
    everything: tuple[Callable[[], Any], ...] = (
        lambda: platform.data.search(actor=bob),
        lambda: platform.data.list(actor=bob),
        lambda: platform.models.search(actor=bob),
        lambda: platform.images.search(actor=bob),
        lambda: platform.scm.list(actor=bob),
        lambda: platform.metadata.search(actor=bob),
    )
    assert [ask() for ask in everything] == [()] * 6
    it.share(bob)
    assert [version.resource for version in platform.data.search("clicks", actor=bob)] == [it.data.resource]
    assert [(each.name, each.versions) for each in platform.data.list(actor=bob)] == [("shop/clicks", 1)]
    assert [version.resource for version in platform.models.search("churn", actor=bob)] == [it.model.resource]
    assert [version.resource for version in platform.images.search("train", actor=bob)] == [it.image.resource]
    assert platform.scm.list(actor=bob) == (f"shop/churn@{it.commit}",)
    assert platform.metadata.search(actor=bob) == () and platform.metadata.count(actor=bob) == 0
    lineage = platform.metadata.lineage(it.model.resource, actor=bob)
    names = {node.name for node in lineage.nodes if not node.withheld}
    assert names == set(it.shared)
    assert sum(node.withheld for node in lineage.nodes) == 2  # the run, and the data it was validated with
    assert lineage.fingerprint == platform.metadata.lineage(it.model.resource, actor=it.ada).fingerprint
    shown = [lineage, str(lineage), lineage._repr_html_(), mermaid(lineage), platform.metadata.graph(it.model.resource, actor=bob)]
    shown += [ask() for ask in everything]
    shown += [platform.models.resolve("shop/churn@1", actor=bob), platform.models.versions("shop/churn", actor=bob)]
    for name in HIDDEN:
        assert not any(name in repr(each) for each in shown), name


def test_ip10_step_3_a10_2_the_third_party_signs_in_and_sees_and_downloads_what_was_named_and_nothing_else() -> None:
    it = Sharing()
    it.share(it.acme)
    platform, token = it.platform, it.token
    before = len(it.sim.log)
    assert platform.models.load("shop/churn@1", actor=token) == b"weights"
    assert platform.data.read("shop/clicks@3", actor=token).equals(FRAME)
    assert platform.images.pull(f"shop/train@{it.image.digest}", actor=token).size_mib == 900
    assert set(platform.scm.checkout(f"shop/churn@{it.commit}", actor=token)) == {"train.py", "mlplat.lock"}
    platform.scm.objects(f"shop/churn@{it.commit}", actor=token)
    downloads = it.told("artifact.downloaded", before)
    assert [event.subject for event in downloads] == [it.shared[n] for n in (0, 1, 2, 3)]
    assert {event.actor for event in downloads} == {it.acme.id}
    assert [each.id for each in it.identity.principals(actor=token)] == [it.acme.id]
    for other in (
        lambda: platform.models.load("shop/churn@2", actor=token),
        lambda: platform.models.load("shop/churn", actor=token),
        lambda: platform.data.read("shop/clicks@4", actor=token),
        lambda: platform.data.read("shop/clicks@2", actor=token),
        lambda: platform.data.read("shop/clicks", actor=token),
        lambda: platform.scm.read("shop/churn@main", "secret.py", actor=token),
        lambda: platform.metadata.lineage("shop/churn@2", actor=token),
        lambda: platform.metadata.run("shop/r1", actor=token),
    ):
        with pytest.raises(AccessDenied):
            other()


def test_ip10_step_4_both_recreate_what_was_shared() -> None:
    it = Sharing()
    it.share(it.bob, it.acme)
    platform = it.platform
    for who, actor in ((it.bob, it.bob), (it.acme, it.token)):
        lineage = platform.metadata.lineage(it.model.resource, actor=actor)
        (image,) = (node.name for node in lineage.nodes if node.name.startswith("image:"))
        (data,) = (node.name for node in lineage.nodes if node.name.startswith("dataset:"))
        (code,) = (node.name for node in lineage.nodes if node.name.startswith("repo:"))
        files = platform.scm.checkout(code.removeprefix("repo:"), actor=actor)
        assert files["train.py"].content == b"print(1)\n"
        digest = platform.data.describe(data.removeprefix("dataset:"), actor=actor).version.digest
        assert digest == it.data.digest
        assert platform.data.read(f"shop/clicks@{digest}", actor=actor).equals(FRAME)
        name = f"again-{who.name}"
        workload = mp.Workload(name, {"cpus": 1}, duration="1h", image=image.removeprefix("image:"))
        it.cluster.endpoint.submit(workload, actor=who.id)
        it.sim.run(until=it.sim.now + 1800)
        assert it.cluster.workloads[name].environments[0].image.digest == it.image.image.digest
    assert {event.data["digest"] for event in it.told("image.pulled")} == {it.image.digest}


def test_ip10_step_5_a10_1_after_the_revocation_the_next_call_of_every_kind_is_refused() -> None:
    it = Sharing()
    for who, actor in ((it.bob, it.bob), (it.acme, it.token)):
        grants = it.share(who)
        platform = it.platform
        calls: tuple[Callable[..., Any], ...] = (
            lambda: platform.models.load("shop/churn@1", actor=actor),  # noqa: B023
            lambda: platform.data.read("shop/clicks@3", actor=actor),  # noqa: B023
            lambda: platform.images.pull(f"shop/train@{it.image.digest}", actor=actor),  # noqa: B023
            lambda: platform.scm.checkout(f"shop/churn@{it.commit}", actor=actor),  # noqa: B023
        )
        for grant, ask in zip(grants, calls, strict=True):
            ask()
            before = len(it.sim.log)
            it.identity.revoke(grant, actor=it.ada)
            with pytest.raises(AccessDenied, match="was revoked"):
                ask()
            revoked, denied = it.sim.log[before:]
            assert (revoked.predicate, revoked.actor, revoked.subject) == ("grant.revoked", it.ada.id, f"grant:{grant.id}")
            assert (denied.predicate, denied.actor, denied.data["reason"]) == ("access.denied", who.id, "GRANT_REVOKED")
        assert platform.models.search(actor=actor) == platform.data.search(actor=actor) == platform.images.list(actor=actor) == ()
        with pytest.raises(AccessDenied):
            platform.metadata.lineage("shop/churn@1", actor=actor)
        workload = mp.Workload(f"late-{who.name}", {"cpus": 1}, duration="1h", image=f"shop/train@{it.image.digest}")
        with pytest.raises(AccessDenied, match="was revoked"):
            it.cluster.endpoint.submit(workload, actor=who.id)


def test_a10_3_to_an_outsider_unknown_and_forbidden_look_alike_in_every_store() -> None:
    it = Sharing()
    it.share(it.acme)
    platform = it.platform
    pairs: tuple[tuple[Callable[[str], Any], tuple[str, ...]], ...] = (
        (lambda name: platform.models.load(name, actor=it.token), ("shop/churn@2", "shop/churn@latest", "shop/churn", "shop/none@1")),
        (lambda name: platform.data.read(name, actor=it.token), ("shop/clicks@4", "shop/clicks@head", "shop/none")),
        (lambda name: platform.images.pull(name, actor=it.token), ("shop/other@v1", "shop/train@v9")),
        (lambda name: platform.scm.show(name, actor=it.token), ("shop/churn@main", "shop/churn", "shop/none@main")),
        (lambda name: platform.metadata.lineage(name, actor=it.token), ("shop/churn@2", "shop/churn@latest", "shop/none@1")),
        (lambda name: platform.metadata.run(name, actor=it.token), ("shop/r1", "shop/r2", "nowhere/r1")),
    )
    for ask, names in pairs:
        said = set()
        for name in names:
            with pytest.raises(MlplatError) as refused:
                ask(name)
            assert type(refused.value) is AccessDenied
            said.add(str(refused.value).replace(name, "it"))
        assert len(said) == 1, said


def test_a10_4_when_the_owner_is_deleted_artifacts_stay_and_what_they_granted_ends() -> None:
    it = Sharing()
    it.share(it.acme)
    platform, identity, admin = it.platform, it.identity, it.platform.admin
    identity.add_member("shop", it.bob, "owner", actor=admin)
    identity.delete(it.ada, actor=admin)
    assert platform.models.load("shop/churn@1", actor=it.bob) == b"weights"
    assert platform.data.describe("shop/clicks@3", actor=it.bob).version.creator == it.ada.id
    assert identity.grants_of(it.acme, actor=admin) == ()
    with pytest.raises(AccessDenied):
        platform.models.load("shop/churn@1", actor=it.token)
    again = identity.create_user("ada", actor=admin)
    assert again.id != it.ada.id
    for who in (again, it.ada):
        with pytest.raises(AccessDenied):
            platform.models.load("shop/churn@1", actor=who)
