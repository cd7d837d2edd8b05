"""`BuildManifest`: what an image is to be made of, as a file of a commit says it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ....canonical import canonical_json, frozen
from ....errors import InputError, MlplatError, OptionError, printable
from ...artifacts.images.tags import check_tag
from ...references import Reference, check_name
from ..file_patterns import check_pattern, matching
from ..placed_yaml import Placed, read_placed
from .package_versions import EXPECTED, Requirement

MANIFEST_FILE: Final = "image.yaml"
"""Where a manifest is expected unless said."""
SCRATCH: Final = "scratch"
"""The base of an image that has none."""
GROUP: Final = "packages"
"""The group of packages that are given in one list."""
KEYS: Final = ("name", "base", "packages", "files", "entry", "config", "tags")
_EMPTY: Mapping[str, Any] = MappingProxyType({})
_ENDING = re.compile(r"\.ya?ml\Z")


@dataclass(frozen=True, slots=True)
class BuildManifest:
    """What an image is made of.

    `path`: of the file. `name`: of the image in its project, empty for that of the repository. `base`: an image by tag or digest, empty for
    none. `groups`: requirements by the name of their group, which is a layer. `files`: patterns of paths in the commit. `entry`: what it
    starts, `config`: what its programs are told; both as of the base where they are not said. `tags`: that are to point to it.
    `lines`: of each place in the file, such as `packages.ml[0]`.

    >>> manifest = BuildManifest.parse(b"base: shop/python@3.11\\npackages: [numpy>=2]\\nfiles: [train.py]\\nentry: python train.py\\n")
    >>> manifest.base, [str(each) for each in manifest.requirements], manifest.files
    ('shop/python@3.11', ['numpy>=2'], ('train.py',))
    """

    path: str
    name: str = ""
    base: str = ""
    groups: Mapping[str, tuple[Requirement, ...]] = field(default_factory=lambda: _EMPTY)
    files: tuple[str, ...] = ()
    entry: str = ""
    config: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    tags: tuple[str, ...] = ("latest",)
    _lines: Mapping[str, int] = field(default_factory=lambda: _EMPTY, compare=False, repr=False)

    @classmethod
    def parse(cls, content: bytes, path: str = MANIFEST_FILE) -> BuildManifest:
        """From the bytes of a file. Raises InputError with file, line and place."""
        document = read_placed(content, path)
        said = document.keys(KEYS, "an image manifest")
        if not said.value:
            raise document.wrong("nothing in it", f"a mapping with {', '.join(KEYS)}")
        lines: dict[str, int] = {}
        found: dict[str, Any] = {"path": document.path}
        if said.has("name"):
            found["name"] = _checked(said.at("name"), check_name, "the name of the image, without its project")
        if said.has("base"):
            found["base"] = _checked(said.at("base"), _base, "an image by tag or digest, such as 'shop/python@3.11', or 'scratch'")
            lines["base"] = said.at("base").line
        if said.has("packages"):
            found["groups"] = MappingProxyType(_groups(said.at("packages"), lines))
        if said.has("files"):
            found["files"] = tuple(
                _noted(each, _checked(each, check_pattern, "the path of a file, or a pattern such as 'src/**'"), f"files[{number}]", lines)
                for number, each in enumerate(said.at("files").rows("files"))
            )
        if said.has("entry"):
            found["entry"] = said.at("entry").text("a command")
        if said.has("config"):
            found["config"] = _config(said.at("config"))
        if "tags" in said.value:
            tags = said.at("tags").rows("tags") if said.has("tags") else ()
            found["tags"] = tuple(dict.fromkeys(_checked(each, check_tag, "a tag, such as 'v1.2'") for each in tags))
        return cls(**found, _lines=MappingProxyType(lines))

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """Of all groups, in order."""
        return tuple(requirement for group in self.groups.values() for requirement in group)

    def image_name(self, repository: str) -> str:
        """The name of the image, `project/name`, that is built from a repository of that name."""
        project, _, own = repository.partition("/")
        return f"{project}/{self.name or own}"

    def line(self, place: str) -> int | None:
        """Where something stands, such as `base`, `files[0]` or the requirement `packages[2]`, counted over all groups."""
        return self._lines.get(place)

    def wrong(self, problem: str, place: str) -> InputError:
        """The error that says what is wrong at a place."""
        return InputError(problem, path=self.path, line=self.line(place), column=place.partition("[")[0])

    def taken(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Which files of a commit go into the image, sorted. Raises InputError for a pattern that none of them matches."""
        there, found = sorted(paths), set()
        for number, pattern in enumerate(self.files):
            fitting = matching(pattern, there)
            if not fitting:
                raise self.wrong(f"{printable(pattern)!r} matches no file of the commit", f"files[{number}]")
            found.update(fitting)
        return tuple(sorted(found))

    def to_json(self) -> dict[str, Any]:
        """What of it decides what the image is, beside the lock and the contents of the files."""
        groups = [[name, [str(each) for each in group]] for name, group in self.groups.items()]
        return {"base": self.base, "groups": groups, "files": list(self.files), "entry": self.entry, "config": self.config}


def _noted(at: Placed, value: Any, place: str, lines: dict[str, int]) -> Any:
    lines[place] = at.line
    return value


def _checked(at: Placed, check: Any, expected: str) -> Any:
    text = at.text(expected)
    try:
        return check(text)
    except MlplatError as error:
        raise at.wrong(str(error)) from None


def _base(text: str) -> str:
    if text == SCRATCH:
        return ""
    if not Reference.parse(text).version:
        raise OptionError(f"{printable(text)!r}: expected a tag or digest, such as '{printable(text)}@v1'")
    return text


def _groups(at: Placed, lines: dict[str, int]) -> dict[str, tuple[Requirement, ...]]:
    groups: dict[str, tuple[Requirement, ...]] = {}
    total = 0
    for name in at.value if isinstance(at.value, dict) else (None,):
        group = at if name is None else at.at(name)
        if name is not None and not isinstance(name, str):
            raise group.wrong("not text", "the name of a group of packages")
        found = []
        for each in group.rows("packages"):
            found.append(_checked(each, Requirement.parse, EXPECTED))
            lines[f"packages[{total}]"] = each.line
            total += 1
        groups[GROUP if name is None else name] = tuple(found)
    return groups


def _config(at: Placed) -> Mapping[str, Any]:
    if not isinstance(at.value, dict):
        raise at.wrong("no mapping", "settings by name")
    try:
        kept: Mapping[str, Any] = frozen(at.value, "config")
        canonical_json(kept)
    except OptionError as error:
        raise at.wrong(str(error)) from None
    return kept


def lock_path(path: str) -> str:
    """Where the lock of a manifest is expected.

    >>> lock_path("images/train.yaml")
    'images/train.lock'
    """
    return _ENDING.sub("", path) + ".lock"
