"""Public calls of a platform that read, about what `writing_calls.fill` has made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mlplat as mp
from mlplat.platform.artifacts.metadata.exports import mermaid
from mlplat.platform.identity import Principal

Asked = Callable[[mp.Platform, Principal, Principal], Any]

READS: tuple[Asked, ...] = (
    lambda p, ada, admin: p.identity.principals(actor=ada),
    lambda p, ada, admin: p.identity.whoami(actor=ada),
    lambda p, ada, admin: p.identity.members("shop", actor=ada),
    lambda p, ada, admin: p.identity.decide("write", "model:shop/churn@1", actor=ada),
    lambda p, ada, admin: p.identity.grants_on("dataset:shop/clicks@1", actor=ada),
    lambda p, ada, admin: p.identity.grants_of(actor=ada),
    lambda p, ada, admin: p.identity.grants_of("bob", actor=ada),
    lambda p, ada, admin: p.identity.audit(actor=admin).to_polars(),
    lambda p, ada, admin: p.identity.tokens(actor=ada),
    lambda p, ada, admin: p.identity.roles(actor=ada),
    lambda p, ada, admin: p.scm.list(actor=ada),
    lambda p, ada, admin: [p.scm.show("shop/churn@main", actor=ada), p.scm.show("shop/churn@v1", actor=ada)],
    lambda p, ada, admin: p.scm.checkout("shop/churn@side", actor=ada),
    lambda p, ada, admin: p.scm.log("shop/churn@main", order="topological", actor=ada),
    lambda p, ada, admin: p.scm.diff_text("shop/churn@main", "shop/churn@side", actor=ada),
    lambda p, ada, admin: p.scm.merge_base("shop/churn@main", "shop/churn@side", actor=ada),
    lambda p, ada, admin: p.scm.blame("shop/churn@main", "a", actor=ada),
    lambda p, ada, admin: p.scm.objects("shop/churn@main", actor=ada),
    lambda p, ada, admin: p.scm.statuses("shop/guarded@main", actor=ada),
    lambda p, ada, admin: [p.scm.changes("shop/churn", actor=ada), p.scm.tags("shop/churn", actor=ada)],
    lambda p, ada, admin: p.data.list(actor=ada),
    lambda p, ada, admin: p.data.resolve("shop/clicks", actor=ada),
    lambda p, ada, admin: p.data.search("cl", actor=ada),
    lambda p, ada, admin: p.data.versions("shop/clicks", actor=ada),
    lambda p, ada, admin: p.data.read("shop/clicks@1", actor=ada),
    lambda p, ada, admin: p.data.read("shop/clicks@1", split="train", actor=ada),
    lambda p, ada, admin: p.data.read("shop/clicks@2", columns=["user"], actor=ada),
    lambda p, ada, admin: p.data.read("shop/clicks@kept", actor=ada),
    lambda p, ada, admin: p.data.read("shop/loose", as_of=0, actor=ada),
    lambda p, ada, admin: p.data.describe("shop/clicks@1", actor=ada),
    lambda p, ada, admin: p.data.preview("shop/clicks", 1, actor=ada),
    lambda p, ada, admin: str(p.data.compare("shop/clicks@1", "shop/clicks@2", actor=ada)),
    lambda p, ada, admin: p.data.snapshots("shop/clicks", actor=ada),
    lambda p, ada, admin: p.images.list(actor=ada),
    lambda p, ada, admin: p.capsules.export("shop/churn@1", actor=ada),
    lambda p, ada, admin: p.images.manifest("shop/train@v1", actor=ada),
    lambda p, ada, admin: p.images.history("shop/train", actor=ada),
    lambda p, ada, admin: p.images.search("v", labels={"n": "1"}, actor=ada),
    lambda p, ada, admin: p.images.storage("shop", actor=ada),
    lambda p, ada, admin: p.models.list(actor=ada),
    lambda p, ada, admin: p.models.versions("shop/churn", actor=ada),
    lambda p, ada, admin: p.models.load("shop/churn@champion", actor=ada),
    lambda p, ada, admin: p.models.load("shop/churn@2", actor=ada),
    lambda p, ada, admin: p.models.compare("shop/churn@1", "shop/churn@2", actor=ada),
    lambda p, ada, admin: p.models.search("c", where=["auc >= 0.5"], actor=ada),
    lambda p, ada, admin: [p.models.history("shop/churn", actor=ada), p.models.stage_history("shop/churn", actor=ada)],
    lambda p, ada, admin: p.models.deployable("shop/churn@1", zone="prod", actor=ada),
    lambda p, ada, admin: p.metadata.run("shop/r1", actor=ada),
    lambda p, ada, admin: p.metadata.history("shop/r1", actor=ada),
    lambda p, ada, admin: p.metadata.metric_history("shop/r1", "loss", actor=ada),
    lambda p, ada, admin: p.metadata.search("metrics.loss < 1", actor=ada),
    lambda p, ada, admin: p.metadata.search(order_by="params.depth", actor=ada),
    lambda p, ada, admin: p.metadata.compare("shop/r1", "shop/r2", actor=ada),
    lambda p, ada, admin: str(p.metadata.lineage("shop/churn@1", actor=ada)),
    lambda p, ada, admin: p.metadata.lineage("shop/churn@champion", linking="chained", generations=3, actor=ada),
    lambda p, ada, admin: p.metadata.upstream("model:shop/churn@1", actor=ada),
    lambda p, ada, admin: p.metadata.impact("dataset:shop/clicks@1", actor=ada),
    lambda p, ada, admin: mermaid(p.metadata.graph("run:shop/r1", actor=ada)),
    lambda p, ada, admin: p.metadata.baseline("shop/churn@1", actor=ada),
    lambda p, ada, admin: [p.secrets.get("shop/database", actor=ada).text, p.secrets.get("shop/database", zone="prod", actor=ada).value],
    lambda p, ada, admin: [p.secrets.list(actor=ada), p.secrets.versions("shop/database", zone="prod", actor=ada)],
    lambda p, ada, admin: p.sweep(actor=admin),
    lambda p, ada, admin: repr(p),
)
