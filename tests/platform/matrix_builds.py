"""The rows of the authorization matrix for the Image Builder, CI and inboxes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mlplat.platform.automation.builder import PackageIndex
from mlplat.platform.identity import Right

from .matrix import PLATFORM, Row, given
from .matrix_world import BUILT, PlatformWorld

REPOSITORY, AT_COMMIT = f"repo:{BUILT}", f"repo:{BUILT}@{PlatformWorld('builder').commit}"
"""The commit has the same id in every world."""
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
CI = {
    "run": _row((WRITE, AT_COMMIT), (READ, AT_COMMIT), names=(f"{BUILT}@main",)),
    "runs": _row((READ, REPOSITORY), names=(BUILT,)),
    "results": _row((READ, REPOSITORY), names=(BUILT, 1)),
    "wait": _row((READ, REPOSITORY), names=(BUILT, 1)),
    "cancel": _row((WRITE, REPOSITORY), names=(BUILT, 1)),
    "enable": _row((ADMIN, REPOSITORY), (ADMIN, "project:shop"), names=(BUILT, ".robot")),
    "disable": _row((ADMIN, REPOSITORY), names=(BUILT,)),
}
INBOX = {"messages": Row(given()), "post": _row((WRITE, "project:shop"), names=("shop", "hello"))}

TABLES_OF_BUILDS: Mapping[str, Mapping[str, Row]] = MappingProxyType({"builder": BUILDER, "ci": CI, "inbox": INBOX})
