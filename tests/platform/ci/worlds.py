"""The platform of the builder's tests, with CI and inboxes."""

from __future__ import annotations

from typing import Any

from mlplat.platform.artifacts.scm.repository import Status
from mlplat.platform.automation.ci import CIRun

from ..builder.worlds import REPO
from ..builder.worlds import World as BuilderWorld

TEST = "from prices import price\ndef test_price():\n    assert price(10) == 12\n"
FILES = {"ci.yaml": "image: shop/python@3.11\n", "prices.py": "def price(net):\n    return net + 2\n", "test_prices.py": TEST}
WRONG = {"prices.py": "def price(net):\n    return net + 3\n"}


class World(BuilderWorld):
    """Ada and bob belong to `shop` and have development zones; pushes to its repository are tested by the robot."""

    def __init__(self, spec: str = "2x8cpu", *, on: bool = True, **options: Any) -> None:
        super().__init__(spec, **options)
        self.inbox, self.ci = self.platform.inbox, self.platform.ci
        if on:
            self.ci.enable(REPO, self.robot, actor=self.ada)

    def commit(self, files: dict[str, Any] | None = None, branch: str = "main", actor: Any = None, **options: Any) -> str:
        return super().commit(FILES if files is None else files, branch, actor, **options)

    def runs(self) -> tuple[CIRun, ...]:
        """All runs."""
        return self.ci.runs(REPO, actor=self.ada)

    def last(self) -> CIRun:
        """The newest run."""
        return self.runs()[-1]

    def status(self, commit: str) -> Status:
        """What CI reported of a commit."""
        (status,) = self.scm.statuses(f"{REPO}@{commit}", actor=self.ada)
        return status
