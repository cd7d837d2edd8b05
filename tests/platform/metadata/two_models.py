"""A platform with a model of code, data and an image, and one of which nothing is known."""

from __future__ import annotations

import mlplat as mp


def register_two_models(platform: mp.Platform) -> None:
    """`shop/churn@1`, made by the run `shop/r1`, and `shop/found@1`, of which nothing is known."""
    admin = platform.admin
    platform.identity.create_project("shop", owner=admin, actor=admin)
    data = platform.data.publish("shop/clicks", b"1,2", actor=admin)
    image = platform.images.publish("shop/train", {"layers": [{"digest": "sha256:" + "1" * 64, "size_mib": 1}]}, actor=admin)
    platform.scm.create_repository("shop/churn", actor=admin)
    code = f"shop/churn@{platform.scm.commit('shop/churn', 'main', {'a': b'1'}, 'first', actor=admin).id}"
    said = {"code": code, "image": image.resource, "data": {"training": data.resource}, "linking": "direct"}
    platform.metadata.start_run("shop/r1", seed=7, actor=admin, **said)
    model = platform.models.register("shop/churn", b"weights", run="run:shop/r1", actor=admin)
    platform.metadata.finish_run("shop/r1", outputs={"model": model.resource}, actor=admin)
    platform.models.register("shop/found", b"weights", external=["everything"], actor=admin)
