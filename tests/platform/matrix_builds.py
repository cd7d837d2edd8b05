"""The rows of the authorization matrix for the Image Builder, CI and inboxes, and a world in which they have something to do."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mlplat.platform.automation.builder import ImageBuilder, PackageIndex
from mlplat.platform.automation.ci import CI
from mlplat.platform.automation.inbox import Inbox
from mlplat.platform.identity import Right

from .matrix import PLATFORM, Row
from .matrix_tables import given
from .matrix_world import AUTHOR, PlatformWorld

BUILT = "shop/built"
FILES = {"image.yaml": "packages: [numpy]\n", "ci.yaml": "", "test_a.py": "def test_a(): pass\n"}


class BuildsWorld(PlatformWorld):
    """The world of the matrix with a repository that has a manifest and a test, an image that was built of it and a run. `source`: whose
    calls the matrix makes.
    """

    def __init__(self, source: str) -> None:
        super().__init__()
        platform, owner = self.platform, self.owner
        self.robot = self.identity.create_service_account("shop", "robot", actor=owner)
        platform.scm.create_repository(BUILT, actor=owner)
        self.commit = platform.scm.commit(BUILT, "main", FILES, "first", author=AUTHOR, actor=owner).id
        shared = platform.sim, platform.identity, platform.store
        builder = ImageBuilder(*shared, scm=platform.scm, images=platform.images, metadata=platform.metadata)
        inbox = Inbox(*shared)
        ci = CI(*shared, scm=platform.scm, images=platform.images, builder=builder, inbox=inbox)
        builder.build(f"{BUILT}@main", actor=owner)
        ci.run(f"{BUILT}@main", actor=owner)
        self.sim.run()
        builder.enable(BUILT, self.robot, actor=owner)
        ci.enable(BUILT, self.robot, actor=owner)
        self.made: Mapping[str, Any] = {"builder": builder, "ci": ci, "inbox": inbox}
        self.component = self.made[source]

    def other(self, resource: str) -> str:
        return f"repo:{BUILT}@{self.first}" if resource == f"repo:{BUILT}@{self.commit}" else super().other(resource)


class _Ids:
    @cached_property
    def commit(self) -> str:
        """The id of the commit, the same in every world."""
        return BuildsWorld("builder").commit


REPOSITORY, AT_COMMIT = f"repo:{BUILT}", f"repo:{BUILT}@{_Ids().commit}"
READ, WRITE, ADMIN = Right.READ, Right.WRITE, Right.ADMIN


def _row(*needs: tuple[Right, str], names: tuple[Any, ...] = (), **options: Any) -> Row:
    return Row(given(*names, **options), needs)


BUILDER = {
    "build": _row((READ, AT_COMMIT), (WRITE, f"image:{BUILT}"), names=(f"{BUILT}@main",)),
    "build, anew": _row((READ, AT_COMMIT), (WRITE, f"image:{BUILT}"), names=(f"{BUILT}@main",), anew=True),
    "plan": _row((READ, AT_COMMIT), names=(f"{BUILT}@main",)),
    "lock": _row((READ, AT_COMMIT), names=(f"{BUILT}@main",)),
    "builds": _row((READ, REPOSITORY), names=(BUILT,)),
    "wait": _row((READ, REPOSITORY), names=(BUILT, 1)),
    "enable": _row((ADMIN, REPOSITORY), (ADMIN, "project:shop"), names=(BUILT, ".robot")),
    "disable": _row((ADMIN, REPOSITORY), names=(BUILT,)),
    "index": Row(given()),
    "set_index": _row((ADMIN, PLATFORM), names=(PackageIndex(),)),
}
CI_CALLS = {
    "run": _row((WRITE, AT_COMMIT), (READ, AT_COMMIT), names=(f"{BUILT}@main",)),
    "runs": _row((READ, REPOSITORY), names=(BUILT,)),
    "results": _row((READ, REPOSITORY), names=(BUILT, 1)),
    "wait": _row((READ, REPOSITORY), names=(BUILT, 1)),
    "cancel": _row((WRITE, REPOSITORY), names=(BUILT, 1)),
    "enable": _row((ADMIN, REPOSITORY), (ADMIN, "project:shop"), names=(BUILT, ".robot")),
    "disable": _row((ADMIN, REPOSITORY), names=(BUILT,)),
}
INBOX = {"messages": Row(given()), "post": _row((WRITE, "project:shop"), names=("shop", "hello"))}
TABLES_OF_BUILDS: Mapping[str, Mapping[str, Row]] = {"builder": BUILDER, "ci": CI_CALLS, "inbox": INBOX}
