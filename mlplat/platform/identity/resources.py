"""Names of resources, as grants and scopes take them."""

from __future__ import annotations

from ...errors import OptionError, printable
from ..references import PLATFORM, Reference, check_project


def check_resource(resource: object) -> str:
    """The name of a resource: `kind:project/name`, a version of it, all of a kind in a project, a project, the platform.

    Raises OptionError.
    """
    text = str(resource)
    kind, colon, path = text.partition(":")
    if text == PLATFORM:
        return text
    if isinstance(resource, str) and colon and kind.isascii() and kind.isalpha() and kind.islower():
        if kind == "project":
            check_project(path)
            return text
        project, _, name = path.partition("/")
        if name == "*":
            check_project(project)
        else:
            Reference.parse(path)
        return text
    raise OptionError(f"resource {printable(text[:80])!r}: expected such as 'dataset:shop/clicks@3', 'dataset:shop/*' or 'project:shop'")
