"""`CIDefinition`: what a commit says is to be tested, and in what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from ....errors import MlplatError, OptionError
from ....resources import ResourceRequest
from ...references import Reference
from ..file_patterns import check_pattern, matching
from ..placed_yaml import Placed, read_placed

CI_FILE: Final = "ci.yaml"
"""Where the definition stands in a commit."""
TESTS: Final = ("**/test_*.py",)
"""Files with tests, unless said."""
KEYS: Final = ("image", "tests", "request", "setup", "per_test", "timeout", "pending_timeout", "retries")
REQUEST: Final = MappingProxyType({"cpus": 1, "memory": "1GiB"})


@dataclass(frozen=True, slots=True)
class CIDefinition:
    """How a commit is tested.

    `image`: in which, by tag or digest (`shop/test@v1`), empty for none. `manifest`: path of the manifest from which it is built instead,
    empty for none. `tests`: patterns of files. `request`: what the environment needs. `setup_s`, `per_test_s`: how long testing takes, as a
    model. `timeout_s`: how long one try may take; `pending_timeout_s`: how long it may wait for room, None for ever. `retries`: where the
    infrastructure fails it.

    >>> definition = CIDefinition.parse(b"image: image.yaml\\ntests: [tests/test_*.py]\\ntimeout: 10m\\n")
    >>> definition.manifest, definition.tests, definition.timeout_s
    ('image.yaml', ('tests/test_*.py',), 600.0)
    """

    path: str = CI_FILE
    image: str = ""
    manifest: str = ""
    tests: tuple[str, ...] = TESTS
    request: Mapping[str, Any] = field(default_factory=lambda: REQUEST)
    setup_s: float = 10.0
    per_test_s: float = 1.0
    timeout_s: float = 3600.0
    pending_timeout_s: float | None = None
    retries: int = 2

    @classmethod
    def parse(cls, content: bytes, path: str = CI_FILE) -> CIDefinition:
        """From the bytes of a file; an empty one is the default. Raises InputError with file, line and place."""
        document = read_placed(content, path)
        said = document.keys(KEYS, "a CI definition")
        found: dict[str, Any] = {"path": document.path}
        if said.has("image"):
            found |= _image(said.at("image"))
        if said.has("tests"):
            found["tests"] = tuple(_pattern(each) for each in said.at("tests").rows("tests"))
        if said.has("request"):
            found["request"] = _request(said.at("request"))
        for key in ("setup", "per_test", "timeout", "pending_timeout"):
            if said.has(key):
                found[f"{key}_s"] = said.at(key).seconds()
        if said.has("retries"):
            found["retries"] = said.at("retries").count(100)
        return cls(**found)

    def files(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Which files of a commit have tests, sorted, each once."""
        there = sorted(path for path in paths if path.endswith(".py"))
        return tuple(sorted({path for pattern in self.tests for path in matching(pattern, there)}))

    def duration_s(self, tests: int) -> float:
        """How long so many tests take."""
        return self.setup_s + tests * self.per_test_s


def _image(at: Placed) -> dict[str, str]:
    text = at.text("an image, such as 'shop/test@v1', or the path of a manifest, such as 'image.yaml'")
    if text.endswith((".yaml", ".yml")):
        return {"manifest": _pattern(at)}
    try:
        if Reference.parse(text).version:
            return {"image": text}
    except OptionError as error:
        raise at.wrong(str(error)) from None
    raise at.wrong("no tag or digest", f"one of this image, such as '{text}@v1'")


def _pattern(at: Placed) -> str:
    try:
        return check_pattern(at.text("a path, or a pattern such as 'tests/test_*.py'"))
    except OptionError as error:
        raise at.wrong(str(error)) from None


def _request(at: Placed) -> Mapping[str, Any]:
    if not isinstance(at.value, dict) or not at.value:
        raise at.wrong("no request", "amounts by name, such as {cpus: 2, memory: 4GiB}")
    from ....infra.workload_spec import Workload

    try:
        request: ResourceRequest = Workload("ci", at.value, duration=1.0).request
    except MlplatError as error:
        raise at.wrong(str(error)) from None
    assert request is not None
    return MappingProxyType(dict(at.value))
