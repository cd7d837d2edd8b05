"""The rows of the authorization matrix for the orchestrator, and a world in which they can be called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from mlplat.platform.identity import Right
from mlplat.platform.pipelines import RunError

from ..matrix import Row
from ..matrix_world import AUTHOR, PlatformWorld

READ, WRITE = Right.READ, Right.WRITE
CODE = (
    "from mlplat.platform.pipelines import pipeline, step\n@step\ndef one(x: int) -> int:\n    return x\n"
    "@pipeline\ndef main(x: int = 1):\n    one(x)\n"
)


class PipelineWorld(PlatformWorld):
    """With repository and published pipeline `shop/pipes`, a run of it that has ended well, one that failed, and a schedule."""

    def __init__(self, source: str = "orchestrator") -> None:
        super().__init__(source)
        platform, owner = self.platform, self.owner
        platform.scm.create_repository("shop/pipes", actor=owner)
        self.code = platform.scm.commit("shop/pipes", "main", {"pipeline.py": CODE}, "first", author=AUTHOR, actor=owner).id
        self.version = platform.orchestrator.publish("shop/pipes@main", actor=owner).digest
        for parameters in ({}, {"x": 2}):
            run = platform.orchestrator.run("shop/pipes", parameters, actor=owner)
            self.sim.run(until=run.wait())
        failed = platform.orchestrator._state.runs["shop/pipes-2"]
        failed.outcome = "error"
        platform.orchestrator.schedule("shop/nightly", "shop/pipes", every="9d", actor=owner)

    def other(self, resource: str) -> str:
        """Another version of it, another thing of its kind, another project."""
        if resource.startswith("pipeline:") and "@" in resource:
            return resource.partition("@")[0] + "@sha256:" + "0" * 64
        if resource == f"repo:shop/pipes@{self.code}":
            return f"repo:shop/churn@{self.head}"
        return super().other(resource)


_made = PipelineWorld()
CODE_AT, VERSION = f"repo:shop/pipes@{_made.code}", f"pipeline:shop/pipes@{_made.version}"
"""They have the same ids in every world."""


def _row(*needs: tuple[Right, str], given: tuple[Any, ...] = (), raises: type[Exception] | None = None, **options: Any) -> Row:
    return Row(lambda world, caller: (given, options), needs, raises=raises)


_run = partial(_row, given=("shop/pipes-1",))
RUNS = ((READ, VERSION), (READ, CODE_AT), (WRITE, "run:shop/*"))

ORCHESTRATOR: Mapping[str, Row] = {
    "publish": _row((READ, CODE_AT), (WRITE, "pipeline:shop/pipes"), given=("shop/pipes@main",)),
    "publish, under another name": _row((READ, CODE_AT), (WRITE, "pipeline:shop/new"), given=("shop/pipes@main",), name="shop/new"),
    "resolve": _row((READ, VERSION), given=("shop/pipes",)),
    "graph": _row((READ, VERSION), given=("shop/pipes",)),
    "versions": _row(given=("shop/pipes",)),
    "list": _row(),
    "run": _row(*RUNS, given=("shop/pipes",)),
    "run, of a commit": _row(*RUNS, given=("shop/pipes@main",)),
    "resume": _row((WRITE, "run:shop/pipes-2"), *RUNS, given=("shop/pipes-2",)),
    "rerun": _row((READ, "run:shop/pipes-1"), *RUNS, given=("shop/pipes-1",)),
    "cancel": _run((WRITE, "run:shop/pipes-1"), raises=RunError),
    "get": _run((READ, "run:shop/pipes-1")),
    "runs": _row(),
    "value": _run((READ, "run:shop/pipes-1"), given=("shop/pipes-1", "one")),
    "schedule": _row((WRITE, "pipeline:shop/weekly"), (READ, VERSION), given=("shop/weekly", "shop/pipes"), every="7d"),
    "trigger": _row((WRITE, "pipeline:shop/weekly"), (READ, VERSION), given=("shop/weekly", "shop/pipes")),
    "unschedule": _row((WRITE, "pipeline:shop/nightly"), given=("shop/nightly",)),
    "schedules": _row(),
}
