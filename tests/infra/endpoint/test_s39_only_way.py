"""S-39: the endpoint is the only way from the platform layer into the infrastructure."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import mlplat as mp
from mlplat.infra.endpoint import ManagementEndpoint

from .clusters import cluster, work

PACKAGE = Path(mp.__file__).parent
ALLOWED = (
    *("mlplat.infra.cluster", "mlplat.infra.endpoint", "mlplat.infra.workload_spec"),
    *("mlplat.infra.quotas", "mlplat.infra.quotas.amounts"),
    *("mlplat.infra.checkpoints", "mlplat.infra.synchronization"),  # what workloads are described with
    # how kernels of whatever package are compiled, and what they are made of: none of it knows a cluster
    *("mlplat.infra.kernels.compilation", "mlplat.infra.kernels.structs"),
    *("mlplat.infra.kernels.heaps", "mlplat.infra.kernels.indexed_heap"),
)
VERBS = {
    *("submit", "delete", "scale", "describe", "list", "is_free", "watch", "logs", "explain", "apply", "to_manifest"),
    *("cordon", "drain", "uncordon", "describe_node", "configure", "capacity", "state", "metrics"),
    *("label", "taint", "untaint", "add_node", "remove_node"),
    *("expose", "unexpose", "allow", "disallow", "publish", "unpublish"),
    *("set_network", "remove_network", "networks"),
    *("set_quota", "remove_quota", "suspend_quota", "quotas", "quota_use", "quota_capacity", "guard_zones"),
    *("register_image", "forget_image", "image_users", "serve_images"),
    *("services", "policies", "ingresses", "resolve", "can_reach", "fetch"),
}


def reached(source: str, package: str) -> set[str]:
    """The modules of the infrastructure that a module of `package` imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("mlplat.infra.")}


def past_the_endpoint(source: str, package: str) -> set[str]:
    """What a module imports of the infrastructure beside the endpoint, the cluster it comes from, the workloads and the quotas it takes."""
    return {name for name in reached(source, package) if not any(name == way or name.startswith(way + ".") for way in ALLOWED)}


def test_s39_the_check_sees_what_goes_past_the_endpoint() -> None:
    imports = "..infra.endpoint import AccessDenied", "..infra.resource_scheduler import ResourceScheduler", "mlplat.infra import world"
    source = "".join(f"from {line}\n" for line in imports)
    assert past_the_endpoint(source, "mlplat.platform") == {"mlplat.infra.resource_scheduler.ResourceScheduler", "mlplat.infra.world"}


def test_s39_no_module_of_the_platform_goes_past_the_endpoint() -> None:
    folder = PACKAGE / "platform"
    for path in sorted(folder.rglob("*.py")):
        package = ".".join(path.relative_to(PACKAGE.parent).parent.parts)
        assert past_the_endpoint(path.read_text(encoding="utf-8"), package) == set(), path


def test_s39_the_facade_has_verbs_and_nothing_that_leads_inside() -> None:
    of = cluster()
    assert {name for name in dir(of.endpoint) if not name.startswith("_")} == VERBS
    assert all(callable(getattr(of.endpoint, name)) for name in VERBS)


def test_s39_answers_cannot_be_changed() -> None:
    of = cluster()
    handle = of.endpoint.submit(work("train", gpus=1, labels={"a": "b"}))
    of.sim.run(until="1s")
    state, described = of.endpoint.state(), of.endpoint.describe("train")
    with pytest.raises(AttributeError):
        described.status = None  # type: ignore[misc, assignment]
    with pytest.raises(TypeError):
        described.labels["a"] = "c"  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        state.free[0, 0] = 0
    with pytest.raises(AttributeError):
        handle.status = None  # type: ignore[misc, assignment]
    for answer in (described, state, of.endpoint.list(), of.endpoint.logs("train"), of.endpoint.explain("train")):
        page: Any = answer
        assert "<" in page._repr_html_()


def test_the_endpoint_is_made_with_the_cluster() -> None:
    of = cluster()
    assert isinstance(of.endpoint, ManagementEndpoint)
    assert of.endpoint is of.endpoint
