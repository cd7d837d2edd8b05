"""S-61 to S-64: numbered versions, aliases by recorded transition, origins, what is resolved once, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlplat.errors import AccessDenied, IntegrityError, OptionError, UnknownNameError
from mlplat.platform.artifacts.models import ModelRegistry, PromotionError, Signature, Stage, StageError
from mlplat.platform.artifacts.referrers import ReferencedError
from mlplat.platform.storage import digest_of, digest_of_array, digest_of_parts, sweep

from .shops import Shop


def test_s61_versions_are_numbered_and_the_same_bytes_are_reported_as_equal() -> None:
    shop = Shop()
    first, other, again = shop.add(b"a"), shop.add(b"b"), shop.add(b"a", run="run:shop/r2")
    assert [(v.version, v.digest, v.same_as) for v in (first, other, again)] == [
        (1, digest_of(b"a"), ()),
        (2, digest_of(b"b"), ()),
        (3, digest_of(b"a"), (1,)),
    ]
    assert shop.add(b"a", "lab/x").version == 1
    assert len(list(shop.store.digests())) == 2
    shop.models.delete("shop/churn@3", actor=shop.ada)
    assert shop.add(b"c").version == 4
    assert shop.told("artifact.published")[:2] == [("model:shop/churn@1", shop.admin.id), ("model:shop/churn@2", shop.admin.id)]


def test_s61_the_history_of_an_alias_names_who_moved_it_when_and_from_where() -> None:
    shop = Shop()
    for content in (b"a", b"b"):
        shop.add(content)
    shop.models.set_alias("shop/churn@1", "champion", actor=shop.ada)
    shop.sim.run(until="1h")
    shop.models.set_alias("shop/churn@latest", "champion", actor=shop.admin)
    shop.models.set_alias("shop/churn", "champion", actor=shop.admin)  # it is there already
    shop.models.set_alias("shop/churn@1", "shadow", actor=shop.ada)
    shop.models.remove_alias("shop/churn", "champion", actor=shop.ada)
    assert shop.models.history("shop/churn", "champion", actor=shop.ada) == (
        ("champion", 0.0, shop.ada.id, None, 1),
        ("champion", 3600.0, shop.admin.id, 1, 2),
        ("champion", 3600.0, shop.ada.id, 2, None),
    )
    assert dict(shop.models.aliases("shop/churn", actor=shop.ada)) == {"shadow": 1}
    moved = shop.sim.log.select(predicate="alias.moved")
    assert [(event.subject, event.actor, event.data["before"], event.data["after"]) for event in moved] == [
        ("model:shop/churn", shop.ada.id, None, 1),
        ("model:shop/churn", shop.admin.id, 1, 2),
        ("model:shop/churn", shop.ada.id, None, 1),
        ("model:shop/churn", shop.ada.id, 2, None),
    ]


def test_s62_no_version_is_without_a_run_or_the_mark_external() -> None:
    shop = Shop()
    for origin in ({"run": None}, {"run": "run:shop/r1", "external": ["data"]}):
        with pytest.raises(OptionError, match="expected either the run"):
            shop.add(**origin)
    assert shop.records() == [] and list(shop.store.digests()) == []
    assert (shop.add().run, shop.add().external) == ("run:shop/r1", None)
    foreign = shop.add(external=["data", "seed"])
    assert (foreign.run, foreign.external, shop.add(external=[]).external) == (None, ("data", "seed"), ())
    bad: list[Any] = [{"run": ""}, {"run": "a\x00"}, {"external": "data"}, {"external": [1]}, {"external": 3}]
    for origin in bad:
        with pytest.raises(OptionError):
            shop.add(**origin)


def test_s63_a_version_is_served_by_number_digest_and_alias_and_what_was_resolved_stays() -> None:
    shop = Shop()
    first, second = shop.add(b"a"), shop.add(b"b")
    shop.models.set_alias("shop/churn@1", "champion", actor=shop.ada)
    shop.add(b"a")
    shop.models.delete("shop/churn@3", actor=shop.ada)
    assert shop.models.resolve(f"shop/churn@{shop.add(b'b').digest}", actor=shop.ada).version == 2  # the first of equal ones
    shop.models.delete("shop/churn@4", actor=shop.ada)
    references = ("1", "champion", first.digest)
    assert {shop.models.resolve(f"shop/churn@{reference}", actor=shop.ada).version for reference in references} == {1}
    assert shop.models.resolve("shop/churn", actor=shop.ada) == second == shop.models.resolve("shop/churn@latest", actor=shop.ada)
    rollout = shop.models.resolve("shop/churn@champion", actor=shop.ada)
    shop.models.set_alias("shop/churn@2", "champion", actor=shop.ada)
    assert (rollout.digest, shop.models.load(str(rollout), actor=shop.ada)) == (digest_of(b"a"), b"a")
    assert shop.models.load("shop/churn@champion", actor=shop.ada) == b"b"
    with pytest.raises(AttributeError):
        rollout.digest = second.digest  # type: ignore[misc]
    with pytest.raises(TypeError):
        rollout.metrics["auc"] = 1.0  # type: ignore[index]


def test_s64_a_reader_can_load_and_not_deploy() -> None:
    shop = Shop()
    first = shop.add({"w": np.arange(3.0), "card": b"x"}, signature=Signature.of(np.zeros((1, 4)), np.zeros(1)))
    shop.add(b"b")
    shop.identity.grant(shop.bob, "read", first.resource, actor=shop.ada)
    assert shop.models.load("shop/churn@1", actor=shop.bob)["card"] == b"x"
    with pytest.raises(AccessDenied, match="may not deploy"):
        shop.models.deployable("shop/churn@1", zone="prod", actor=shop.bob)
    for call in (shop.models.load, shop.models.resolve):
        with pytest.raises(AccessDenied, match="may not read"):
            call("shop/churn@2", actor=shop.bob)
    shop.identity.grant(shop.bob, "deploy", "model:shop/churn", zone="prod", actor=shop.ada)
    given = shop.models.deployable("shop/churn@1", zone="prod", actor=shop.bob)
    seen = replace(first, run="withheld:")
    assert (given.version, given.zone, given.artifact["w"].tolist()) == (seen, "prod", [0.0, 1.0, 2.0])
    with pytest.raises(AccessDenied, match="another zone"):
        shop.models.deployable("shop/churn@1", zone="stage", actor=shop.bob)
    with pytest.raises(AccessDenied):
        shop.models.delete("shop/churn@1", actor=shop.bob)
    assert [event.data.get("zone") for event in shop.sim.log.select(predicate="artifact.downloaded")] == [None, "prod"]


def test_a10_2_a_share_of_one_version_shows_that_one_and_an_outsider_learns_nothing() -> None:
    """S-64, A-10.2, A-10.3."""
    shop = Shop()
    first = shop.add(b"a", metrics={"auc": 0.9})
    shop.add(b"b", metrics={"auc": 0.95})
    shop.models.set_alias("shop/churn@2", "champion", actor=shop.ada)
    share = shop.identity.grant(shop.bob, "read", first.resource, actor=shop.ada)
    assert shop.models.list(actor=shop.bob) == ("shop/churn",)
    seen = replace(first, run="withheld:")
    assert shop.models.versions("shop/churn", actor=shop.bob) == (seen,) == shop.models.search(where=["auc > 0.5"], actor=shop.bob)
    for name in ("shop/churn", "shop/churn@champion", "shop/churn@9", "shop/none@1", "nowhere/x"):
        for who in (shop.bob, shop.eve):
            with pytest.raises(AccessDenied, match="nothing grants that"):
                shop.models.load(name, actor=who)
    with pytest.raises(AccessDenied):
        shop.models.compare("shop/churn@1", "shop/churn@2", actor=shop.bob)
    assert shop.models.list(actor=shop.eve) == () == shop.models.versions("shop/churn", actor=shop.eve)
    assert shop.models.versions("shop/none", actor=shop.eve) == ()
    shop.identity.revoke(share, actor=shop.ada)
    assert shop.models.search(actor=shop.bob) == ()


def test_who_may_write_one_version_moves_no_alias_of_the_model() -> None:
    shop = Shop()
    shop.identity.grant(shop.bob, ["read", "write"], shop.add().resource, actor=shop.ada)
    assert shop.models.set_tags("shop/churn@1", {"team": "a"}, actor=shop.bob).tags == {"team": "a"}
    for call in (
        lambda: shop.models.set_alias("shop/churn@1", "champion", actor=shop.bob),
        lambda: shop.models.promote("shop/churn@1", "staging", actor=shop.bob),
        lambda: shop.models.set_stage("shop/churn@1", "staging", actor=shop.bob),
        lambda: shop.models.register("shop/churn", b"x", run="r", actor=shop.bob),
    ):
        with pytest.raises(AccessDenied):
            call()


def test_an_artifact_of_parts_has_the_digest_of_its_parts_and_comes_back_as_it_was() -> None:
    shop = Shop()
    weights = np.arange(6.0).reshape(2, 3)
    version = shop.add({"weights": weights, "card.md": b"# churn", "scale": np.array([2], "f4"), "odd": np.asfortranarray(weights, ">i2")})
    parts = {"weights": digest_of_array(weights), "card.md": digest_of(b"# churn"), "scale": digest_of_array(np.array([2], "f4"))}
    parts["odd"] = digest_of_array(weights.astype("i2"))
    assert version.digest == digest_of_parts(parts) and [part.name for part in version.parts] == sorted(parts)
    assert version.size == sum(shop.store.size(digest) for digest in parts.values())
    loaded = shop.models.load(f"shop/churn@{version.digest}", actor=shop.ada)
    assert loaded["card.md"] == b"# churn" and loaded["weights"].dtype == "<f8" and np.array_equal(loaded["weights"], weights)
    assert np.array_equal(loaded["odd"], weights.astype("i2")) and loaded["scale"].tolist() == [2.0]
    with pytest.raises(ValueError, match="read-only"):
        loaded["weights"][0, 0] = 1
    again = shop.add({"scale": np.array([2], "f4"), "weights": weights, "odd": weights.astype("i2"), "card.md": b"# churn"})
    assert again.same_as == (1,)


def test_bytes_are_opaque_a_pickle_is_kept_and_never_loaded() -> None:
    import pickle

    hostile = pickle.dumps(_Bomb())
    shop = Shop()
    shop.add(hostile)
    assert shop.models.load("shop/churn", actor=shop.ada) == hostile and not _Bomb.exploded


class _Bomb:
    exploded = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (_Bomb, "exploded", True)


def test_damaged_bytes_are_not_served() -> None:
    shop = Shop()
    version = shop.add({"w": np.zeros(3), "card": b"x"})
    shop.store._content[version.parts[0].digest] = b"y"
    for call in (shop.models.load, shop.models.deployable):
        with pytest.raises(IntegrityError):
            call("shop/churn@1", actor=shop.ada)
    assert shop.told("artifact.downloaded") == []


def test_promotion_answers_with_the_verdict_of_each_rule_and_a_refusal_changes_nothing() -> None:
    shop = Shop()
    rules = ["auc >= 0.8", "auc not worse than @champion by 0.01", "loss not worse than @champion (lower is better)", "right approve",
             "stage staging", "signature", "run"]  # fmt: skip
    shop.models.set_rules("shop/churn", "@champion", rules, actor=shop.ada)
    assert shop.models.rules("shop/churn", actor=shop.ada)["@champion"] == tuple(rules)
    signature = Signature.of(np.zeros((1, 4)), np.zeros(1))
    shop.add(b"a", metrics={"auc": 0.85, "loss": 0.3}, signature=signature)
    shop.models.set_stage("shop/churn@1", "staging", actor=shop.ada)
    assert shop.models.promote("shop/churn@1", "@champion", actor=shop.ada).promoted
    shop.add(b"b", metrics={"auc": 0.83, "loss": 0.4}, external=["data"])
    before = shop.records(), shop.models._catalogue.get("shop/churn"), len(shop.sim.log)
    shop.identity.grant(shop.bob, ["read", "write"], "model:shop/churn", actor=shop.ada)
    refused = shop.models.promote("shop/churn@2", "@champion", actor=shop.bob)
    assert not refused and [verdict.passed for verdict in refused.verdicts] == [True, False, False, False, False, False, False]
    assert "failed: auc not worse than @champion by 0.01 (auc is 0.83, of @champion 0.85)" in str(refused)
    assert (shop.records(), shop.models._catalogue.get("shop/churn"), len(shop.sim.log) - 1) == before
    with pytest.raises(PromotionError, match="does not become @champion: auc not worse") as error:
        shop.models.set_alias("shop/churn@2", "champion", actor=shop.bob)
    assert error.value.promotion.verdicts == refused.verdicts
    shop.add(b"c", metrics={"auc": 0.85, "loss": 0.3}, signature=signature)
    shop.models.set_stage("shop/churn@3", "staging", actor=shop.bob)
    assert not shop.models.promote("shop/churn@3", "@champion", actor=shop.bob)  # bob may not approve
    assert shop.models.promote("shop/churn@3", "@champion", actor=shop.ada)
    shop.models.set_rules("shop/churn", "@champion", [], actor=shop.ada)
    assert shop.models.promote("shop/churn@2", "@champion", actor=shop.bob).verdicts == ()


def test_a_right_that_a_rule_wants_may_be_that_of_a_zone() -> None:
    shop = Shop()
    shop.add()
    shop.models.set_rules("shop/churn", "production", ["right deploy"], actor=shop.ada)
    shop.models.set_stage("shop/churn@1", "staging", actor=shop.ada)
    shop.identity.grant(shop.bob, ["read", "write"], "model:shop/churn", actor=shop.ada)
    shop.identity.grant(shop.bob, "deploy", "model:shop/churn", zone="prod", actor=shop.ada)
    assert not shop.models.promote("shop/churn@1", "production", actor=shop.bob)
    assert shop.models.promote("shop/churn@1", "production", zone="prod", actor=shop.bob)
    noted = [entry.decision for entry in shop.identity.audit(actor=shop.bob) if entry.call == "models.promote"]
    assert [(each.right.value, each.resource, each.zone, each.reason.value) for each in noted] == [
        ("write", "model:shop/churn", "", "GRANTED"),
        ("deploy", "model:shop/churn@1", "", "OTHER_ZONE"),
        ("write", "model:shop/churn", "prod", "GRANTED"),
        ("deploy", "model:shop/churn@1", "prod", "GRANTED"),
    ], "what a rule asks is a decision like any other"


def test_stages_follow_their_table() -> None:
    shop = Shop()
    shop.add()
    with pytest.raises(StageError, match="from none a version does not go to production; expected staging, failed, archived"):
        shop.models.promote("shop/churn@1", "production", actor=shop.ada)
    for stage in ("staging", "production", "archived", "staging", "failed"):
        assert shop.models.set_stage("shop/churn@1", stage, actor=shop.ada).stage == stage
    assert shop.models.set_stage("shop/churn@1", Stage.FAILED, actor=shop.ada).stage is Stage.FAILED
    moves = shop.models.stage_history("shop/churn", actor=shop.ada)
    assert [(move.before.value, move.after.value) for move in moves][:2] == [("none", "staging"), ("staging", "production")]
    assert len(moves) == 5 == len(shop.told("stage.moved"))


def test_what_is_deployed_is_not_deleted() -> None:
    shop = Shop()
    version = shop.add()
    shop.models.set_alias("shop/churn@1", "champion", actor=shop.ada)
    shop.models.protect("shop/churn@1", "service:prod/churn", actor=shop.ada)
    shop.models.protect("shop/churn@1", "service:prod/churn", actor=shop.ada)
    shop.referrers.register(lambda resource: ["run:shop/r9"] if resource == version.resource and shop.sim.now == 0 else [])
    with pytest.raises(ReferencedError) as refused:
        shop.models.delete("shop/churn@champion", actor=shop.ada)
    assert refused.value.referrers == ("alias:shop/churn@champion", "run:shop/r9", "service:prod/churn")
    assert shop.models.load("shop/churn@1", actor=shop.ada) == b"weights"
    shop.sim.run(until="1s")
    shop.models.remove_alias("shop/churn", "champion", actor=shop.ada)
    shop.models.unprotect("shop/churn@1", "service:prod/churn", actor=shop.ada)
    with pytest.raises(UnknownNameError, match="unknown protection"):
        shop.models.unprotect("shop/churn@1", "service:prod/churn", actor=shop.ada)
    shop.add(b"weights", "lab/copy")
    shop.models.delete("shop/churn@1", actor=shop.ada)
    with pytest.raises(UnknownNameError, match="unknown model"):
        shop.models.resolve("shop/churn@1", actor=shop.ada)
    assert shop.told("artifact.deleted") == [("model:shop/churn@1", shop.ada.id)]
    assert sweep(shop.store, [shop.models]) == () and shop.models.load("lab/copy", actor=shop.carl) == b"weights"
    shop.models.delete("lab/copy@1", actor=shop.carl)
    assert sweep(shop.store, [shop.models]) == (digest_of(b"weights"),)


def test_versions_are_found_and_compared() -> None:
    shop = Shop()
    signature = Signature.of(np.zeros((1, 4)), np.zeros(1))
    shop.add({"a": b"1", "b": b"2"}, metrics={"auc": 0.8, "n": 3}, parameters={"lr": 0.1, "deep": {"x": [1]}}, tags={"team": "a"})
    shop.add({"a": b"1", "b": b"3"}, metrics={"auc": 0.9, "n": 3}, parameters={"lr": 0.2, "deep": {"x": [1]}}, signature=signature)
    shop.add(b"x", "lab/other", description="a forest", metrics={"auc": 0.85})
    found = shop.models.search
    assert [str(version) for version in found("churn", where=["auc >= 0.85"], actor=shop.admin)] == ["shop/churn@2"]
    assert [str(version) for version in found("forest", actor=shop.admin)] == ["lab/other@1"]
    assert [str(version) for version in found(tags={"team": "a"}, stage="none", actor=shop.admin)] == ["shop/churn@1"]
    assert found(stage="production", actor=shop.admin) == ()
    assert shop.models.list(actor=shop.admin) == ("lab/other", "shop/churn") and shop.models.list("lab", actor=shop.ada) == ()
    answer = shop.models.compare("shop/churn@1", "shop/churn@2", actor=shop.ada)
    assert (answer.same_bytes, answer.same_signature, answer.parts) == (False, False, ("b",))
    assert dict(answer.metrics) == {"auc": (0.8, 0.9)} and dict(answer.parameters) == {"lr": (0.1, 0.2)}
    assert dict(answer.tags) == {"team": ("a", None)}
    assert shop.models.set_tags("shop/churn@1", {"team": None, "new": ""}, actor=shop.ada).tags == {"new": ""}
    assert shop.models.describe("shop/churn@1", "two\nlines", actor=shop.ada).description == "two\nlines"


def test_what_cannot_be_meant_is_refused_and_changes_nothing() -> None:
    shop = Shop()
    shop.add()
    shop.models.set_rules("shop/churn", "@champion", [], actor=shop.ada)  # there are none
    before, models, ada = shop.records(), shop.models, shop.ada
    assert len(before) == 1
    calls: list[tuple[Callable[[], object], type[Exception], str]] = [
        (lambda: shop.add(name="shop/churn@2"), OptionError, "without a version"),
        (lambda: shop.add(name="nowhere/x"), UnknownNameError, "unknown project"),
        (lambda: shop.add("text"), OptionError, "a str as artifact"),
        (lambda: shop.add({}), OptionError, "a dict as artifact"),
        (lambda: shop.add({"../x": b""}), OptionError, "part '../x'"),
        (lambda: shop.add({"x": [1]}), OptionError, "part 'x': a list"),
        (lambda: shop.add({"x": np.array([{}])}), OptionError, "array of object"),
        (lambda: shop.add(signature={"inputs": []}), OptionError, "expected a Signature"),
        (lambda: shop.add(metrics={"auc": float("nan")}), OptionError, "finite"),
        (lambda: shop.add(metrics={"auc": True}), OptionError, "finite"),
        (lambda: shop.add(metrics={"auc": 10**400}), OptionError, "finite"),
        (lambda: shop.add(metrics=[1]), OptionError, "numbers by name"),
        (lambda: shop.add(parameters=[1]), OptionError, "values by name"),
        (lambda: shop.add(parameters={"a": {1}}), OptionError, "parameters.a"),
        (lambda: shop.add(tags={"a": 1}), OptionError, "tag 'a'"),
        (lambda: models.set_alias("shop/churn@1", "latest", actor=ada), OptionError, "alias 'latest'"),
        (lambda: models.set_alias("shop/churn@1", "7", actor=ada), OptionError, "no number"),
        (lambda: models.set_alias("shop/churn@7", "champion", actor=ada), UnknownNameError, "unknown model"),
        (lambda: models.remove_alias("shop/churn", "champion", actor=ada), UnknownNameError, "unknown alias"),
        (lambda: models.promote("shop/churn@1", "prod", actor=ada), UnknownNameError, "did you mean 'production'"),
        (lambda: models.set_rules("shop/churn", "@champion", "auc > 1", actor=ada), OptionError, "expected a list"),
        (lambda: models.set_rules("shop/churn", "@champion", ["auc > inf"], actor=ada), OptionError, "rule 'auc > inf'"),
        (lambda: models.set_rules("shop/churn", "@champion", ["auc > 1e999"], actor=ada), OptionError, "finite"),
        (lambda: models.set_rules("shop/churn", "@champion", ["right fly"], actor=ada), OptionError, "rule 'right fly'"),
        (lambda: models.set_rules("shop/churn", "@x", ["a not worse than @b by -1"], actor=ada), OptionError, "at least 0"),
        (lambda: models.set_rules("nowhere/x", "@champion", ["run"], actor=shop.admin), UnknownNameError, "unknown project"),
        (lambda: models.protect("shop/churn@1", "", actor=ada), OptionError, "by:"),
        (lambda: models.set_tags("shop/churn@1", 3, actor=ada), OptionError, "text by name"),  # type: ignore[arg-type]
        (lambda: models.resolve("shop/churn@007", actor=ada), UnknownNameError, "unknown model"),
        (lambda: models.resolve("churn", actor=ada), OptionError, "expected 'project/name'"),
    ]
    for call, error, text in calls:
        with pytest.raises(error, match=text):
            call()
    assert shop.records() == before and len(list(shop.store.digests())) == 1
    assert len(shop.sim.log.select(predicate="call.refused")) == len(calls)


def test_a_registry_over_the_same_store_stands_where_the_last_stood() -> None:
    shop = Shop()
    for content in (b"a", {"w": np.zeros(2)}, b"a"):
        shop.add(content, metrics={"auc": 0.8}, parameters={"deep": [{"x": 1.0}]}, signature=Signature.of({"x": np.zeros(3)}, None))
    shop.add(name="lab/x", external=["data"])
    shop.models.set_rules("shop/churn", "@champion", ["auc > 0.5", "run"], actor=shop.ada)
    shop.models.set_rules("shop/churn", "@gone", ["run"], actor=shop.ada)
    shop.models.set_rules("shop/churn", "@gone", [], actor=shop.ada)
    shop.models.promote("shop/churn@2", "@champion", actor=shop.ada)
    shop.models.set_stage("shop/churn@2", "staging", actor=shop.ada)
    shop.models.set_tags("shop/churn@2", {"b": "1", "a": "2"}, actor=shop.ada)
    shop.models.describe("shop/churn@2", "text", actor=shop.ada)
    shop.models.protect("shop/churn@2", "x", actor=shop.ada)
    shop.models.set_alias("shop/churn@1", "old", actor=shop.ada)
    shop.models.remove_alias("shop/churn", "old", actor=shop.ada)
    shop.models.delete("shop/churn@1", actor=shop.ada)
    again = ModelRegistry(shop.sim, shop.identity, shop.store)
    assert vars(again._catalogue) == vars(shop.models._catalogue)
    assert again.versions("shop/churn", actor=shop.ada) == shop.models.versions("shop/churn", actor=shop.ada)
    assert again.load("shop/churn@champion", actor=shop.ada)["w"].tolist() == [0.0, 0.0]
    assert repr(again) == repr(shop.models) == "ModelRegistry()"


def test_every_public_method_is_a_checked_call() -> None:
    for name in dir(ModelRegistry):
        if not name.startswith("_") and callable(getattr(ModelRegistry, name)):
            assert hasattr(getattr(ModelRegistry, name), "check"), name
