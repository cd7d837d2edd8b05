"""Names of resources, as grants and scopes take them."""

from __future__ import annotations

from ...errors import OptionError, UnknownNameError
from ..references import KINDS, PLATFORM, Reference, check_name, check_project, is_version, plain, told


def check_resource(resource: object) -> str:
    """The name of a resource: `kind:project/name`, a version of it, all of a kind in a project, a project, the platform; `zone:name` and
    `zone:name@environment` of a zone that is no project's.

    Raises OptionError, UnknownNameError for a kind that is none.
    """
    text = plain(resource) if isinstance(resource, str) else ""
    kind, colon, path = text.partition(":")
    if text == PLATFORM:
        return text
    if colon and kind.isascii() and kind.isalpha() and kind.islower():
        if kind not in KINDS:
            raise UnknownNameError("kind of resource", kind, KINDS)
        if kind == "project":
            check_project(path)
            return text
        project, slash, name = path.partition("/")
        if kind == "zone" and not slash:
            zone, at, environment = path.partition("@")
            check_name(zone, "zone")
            if at and not is_version(environment):
                raise OptionError(f"resource {told(resource)}: expected such as 'zone:ada-dev@notebook'")
        elif name == "*":
            check_project(project)
        else:
            Reference.parse(path)
        return text
    raise OptionError(f"resource {told(resource)}: expected such as 'dataset:shop/clicks@3', 'dataset:shop/*' or 'project:shop'")
