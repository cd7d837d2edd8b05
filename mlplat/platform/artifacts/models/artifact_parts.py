"""The parts of a model's artifact: bytes as they are, arrays as their canonical bytes. Nothing is ever unpickled or run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import OptionError, printable
from ...references import check_name
from ...storage.digests import array_bytes, digest_of_parts, plain_bytes

if TYPE_CHECKING:
    import numpy as np

MOST_PARTS = 10_000


class Part(NamedTuple):
    """One part: its `digest`, `size` (bytes), and whether it is an array. The only part of an artifact of plain bytes has no name."""

    name: str
    digest: str
    size: int
    is_array: bool


def contents_of(artifact: Any) -> dict[str, tuple[bytes, bool]]:
    """Of each part its bytes, and whether they are those of an array. Raises OptionError."""
    import numpy as np

    if isinstance(artifact, bytes):
        return {"": (plain_bytes(artifact), False)}
    if not isinstance(artifact, Mapping) or not artifact:
        raise OptionError(f"a {type(artifact).__name__} as artifact: expected bytes, or bytes and arrays by name")
    if len(artifact) > MOST_PARTS:
        raise OptionError(f"{len(artifact)} parts; expected at most {MOST_PARTS}")
    found = {}
    for name, part in artifact.items():
        check_name(name, "part")
        if isinstance(part, bytes):
            found[name] = (plain_bytes(part), False)
        elif isinstance(part, np.ndarray):
            found[name] = (array_bytes(part), True)
        else:
            raise OptionError(f"part {name!r}: a {type(part).__name__}; expected bytes or an array")
    return dict(sorted(found.items()))


def digest_of_artifact(digests: Mapping[str, str]) -> str:
    """Of plain bytes theirs, else that of the parts by name."""
    return digests[""] if "" in digests else digest_of_parts(digests)


def assembled(contents: Mapping[str, tuple[bytes, bool]]) -> bytes | Mapping[str, Any]:
    """What `contents_of` was given; arrays are read only."""
    if "" in contents:
        return contents[""][0]
    return MappingProxyType({name: array_of(content) if is_array else content for name, (content, is_array) in contents.items()})


def array_of(content: bytes) -> np.ndarray:
    """The array of canonical bytes (`array_bytes`), read only. Raises OptionError for other bytes."""
    import numpy as np

    head, _, values = content.partition(b"\n")
    try:
        said = json.loads(head)
        dtype = np.dtype(said["dtype"])
        if dtype.hasobject:
            raise ValueError(dtype)
        return np.frombuffer(values, dtype).reshape(said["shape"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise OptionError(f"{printable(repr(head[:40]))}: not the canonical bytes of an array") from None
