"""Names of what a platform holds: `project/name`, `project/name@version`, and resources, which say of what kind it is."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import OptionError, printable

KINDS = frozenset({"repo", "dataset", "model", "image", "run", "pipeline", "deployment", "service", "window", "zone", "secret", "project"})
"""Kinds of resources."""
PLATFORM = "platform"
"""The resource that covers all others."""

_PROJECT = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]{0,126}[A-Za-z0-9])?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9](?:[-._+:/A-Za-z0-9]{0,198}[-_A-Za-z0-9])?", re.ASCII)


class Reference(NamedTuple):
    """An artifact, `project/name`, or one version of it, `project/name@version`; `version` is empty for all of them.

    >>> Reference.parse("shop/clicks@3")
    Reference(project='shop', name='clicks', version='3')
    """

    project: str
    name: str
    version: str = ""

    @classmethod
    def parse(cls, text: object) -> Reference:
        """From its text, or from one that somebody made by hand. Raises OptionError."""
        if isinstance(text, str):
            path, at, version = plain(text).partition("@")
            project, slash, name = path.partition("/")
            if slash and _PROJECT.fullmatch(project) and _NAME.fullmatch(name) and (not at or is_version(version)):
                return cls(project, name, version)
        elif isinstance(text, Reference) and tuple.__len__(text) == 3:
            fields = tuple(tuple.__iter__(text))
            if all(isinstance(each, str) for each in fields):
                project, name, version = map(plain, fields)
                if _PROJECT.fullmatch(project) and _NAME.fullmatch(name) and (not version or is_version(version)):
                    return cls(project, name, version)
            text = "/".join(each if isinstance(each, str) else "?" for each in fields)
        raise OptionError(f"{told(text)}: expected 'project/name' or 'project/name@version', such as 'shop/clicks@3'")

    @property
    def path(self) -> str:
        """`project/name`."""
        return f"{self.project}/{self.name}"

    def at(self, version: str | int) -> Reference:
        """The same artifact, one version of it."""
        return self._replace(version=str(version))

    def __str__(self) -> str:
        return f"{self.path}@{self.version}" if self.version else self.path


def plain(text: str) -> str:
    """The characters of a text and nothing else: what is asked of it twice gives the same answer, whatever class it was of."""
    return text if type(text) is str else str.__str__(text)


def told(given: object) -> str:
    """What was given in place of a name, for an error: its beginning, or of what is no text the type."""
    return repr(printable(plain(given)[:80])) if isinstance(given, str) else f"a {type(given).__name__}"


def is_version(text: str) -> bool:
    """Whether this can name a version: a number, a digest, a tag, an alias, a branch."""
    return _VERSION.fullmatch(text) is not None and ".." not in text and "//" not in text


def is_commit(text: object) -> bool:
    """Whether this is the full id of a commit: 40 hexadecimal digits."""
    return isinstance(text, str) and _COMMIT.fullmatch(text) is not None


def whole_name(name: object) -> Reference:
    """An artifact, without a version. Raises OptionError."""
    reference = Reference.parse(name)
    if reference.version:
        raise OptionError(f"{reference}: expected a name without a version, {reference.path}")
    return reference


def check_project(name: object) -> str:
    """The name of a project, a DNS label. Raises OptionError."""
    if not isinstance(name, str) or _PROJECT.fullmatch(name) is None:
        raise OptionError(f"project {told(name)}: expected lower-case letters, digits and '-', at most 63")
    return plain(name)


def check_name(name: object, what: str = "name") -> str:
    """The name of an artifact or principal. Raises OptionError."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise OptionError(f"{what} {told(name)}: expected letters, digits, '-', '.' and '_', at most 128")
    return plain(name)


def check_zone(zone: object) -> str:
    """The name of a zone, empty for all. Raises OptionError."""
    if not isinstance(zone, str) or len(zone) > 200 or not zone.isprintable():
        raise OptionError(f"zone {told(zone)}: expected its name, or '' for all")
    return plain(zone)


def covering(resource: str) -> tuple[str, ...]:
    """The resources that cover one, itself first: a version is covered by its artifact, that by all of its kind in the project, then by
    the project, then by the platform.

    >>> covering("dataset:shop/clicks@3")
    ('dataset:shop/clicks@3', 'dataset:shop/clicks', 'dataset:shop/*', 'project:shop', 'platform')
    >>> covering("project:shop")
    ('project:shop', 'platform')
    """
    kind, _, path = resource.partition(":")
    found = [resource]
    if "@" in path:
        path = path.partition("@")[0]
        found.append(f"{kind}:{path}")
    project, slash, name = path.partition("/")
    if slash:
        if name != "*":
            found.append(f"{kind}:{project}/*")
        found.append(f"project:{project}")
    if resource != PLATFORM:
        found.append(PLATFORM)
    return tuple(found)
