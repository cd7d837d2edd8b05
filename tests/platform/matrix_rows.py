"""How rows of the authorization matrix are written."""

from __future__ import annotations

from typing import Any

from mlplat.platform.identity import Principal, Right

from .matrix import Row

READ, WRITE, SHARE, ADMIN, DEPLOY, APPROVE, FORCE = Right


def given(*names: Any, **options: Any) -> Any:
    """Arguments, of which text that begins with `.` is an attribute of the world."""

    def arguments(world: Any, caller: Principal | None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(getattr(world, name[1:]) if isinstance(name, str) and name.startswith(".") else name for name in names), options

    return arguments


def row(right: Right, resource: str, *names: Any, more: tuple[tuple[Right, str], ...] = (), zone: str = "", **options: Any) -> Row:
    """Of a call that takes a right on a resource; `more`: and these."""
    raises = options.pop("raises", None)
    if zone:
        options["zone"] = zone
    return Row(given(*names, **options), ((right, resource), *more), zone=zone, raises=raises)
