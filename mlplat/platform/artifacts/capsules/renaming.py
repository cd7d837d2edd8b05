"""The names that what is in a capsule gets on the platform that it is imported into."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ....errors import OptionError, UnknownNameError
from ...references import check_project
from .opening import Capsule
from .stores import Stores


class Renaming:
    """Resources under the projects that they are imported into. Raises OptionError, UnknownNameError for a project that is not there."""

    def __init__(self, stores: Stores, capsule: Capsule, project: str | Mapping[str, str] | None) -> None:
        named = [*(row["resource"] for row in capsule.parts.run["inputs"].values()), capsule.parts.run["resource"]]
        found = {_project(name) for name in (*named, *(each["resource"] for each in capsule.parts.artifacts))}
        if project is not None and not isinstance(project, (str, Mapping)):
            raise OptionError(f"project: a {type(project).__name__}; expected the name of one, or names by the names in the capsule")
        if isinstance(project, Mapping):
            for name in project:
                if name not in found:
                    raise UnknownNameError("project of the capsule", name, found)
        wanted = {name: project.get(name, name) if isinstance(project, Mapping) else project or name for name in sorted(found)}
        projects = stores.identity._authorization.directory.projects
        for name in wanted.values():
            if check_project(name) not in projects:
                raise UnknownNameError("project", name, projects)
        self._wanted = wanted
        self.changes = any(name != other for name, other in wanted.items())
        names = [self(name) for name in dict.fromkeys([*named, *(each["resource"] for each in capsule.parts.artifacts)])]
        if len(set(names)) < len(names):
            raise OptionError(f"project={project!r:.80}: two artifacts would have one name; expected a project for each of theirs")

    def __call__(self, resource: str) -> str:
        kind, _, path = resource.partition(":")
        project, _, rest = path.partition("/")
        return f"{kind}:{self._wanted[project]}/{rest}"


def _project(resource: str) -> str:
    return resource.partition(":")[2].partition("/")[0]


def resources_of(capsule: Capsule, renamed: Renaming) -> Iterator[str]:
    """What an import makes, under the names that it gets here: the run, then the artifacts."""
    yield renamed(capsule.parts.run["resource"])
    yield from (renamed(each["resource"]) for each in capsule.parts.artifacts)
