"""Digests of content: SHA-256 of bytes, of canonical JSON, of arrays, and of parts that have names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...canonical import canonical_json
from ...errors import OptionError, printable

if TYPE_CHECKING:
    import numpy as np

PREFIX = "sha256:"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def plain_bytes(content: bytes) -> bytes:
    """The bytes and nothing else: what is digested is what is read, whatever class it was of."""
    return content if type(content) is bytes else bytes(memoryview(content))


def digest_of(content: bytes) -> str:
    """`sha256:` and 64 hexadecimal digits.

    >>> digest_of(b"")[:15]
    'sha256:e3b0c442'
    """
    return PREFIX + hashlib.sha256(content).hexdigest()


def digest_of_json(value: Any) -> str:
    """Of a value's canonical JSON. Raises OptionError for what JSON cannot say.

    >>> digest_of_json({"a": "ü", "b": [1, 2.5, True, None]})[7:15]
    '7d2b016c'
    """
    return digest_of(canonical_json(value))


def array_bytes(array: np.ndarray) -> bytes:
    """The canonical bytes of an array: canonical JSON of dtype and shape, a line feed, then the values in C order, little endian.

    Raises OptionError for arrays of objects, whose bytes are addresses.
    """
    import numpy as np

    values = np.asarray(array)
    if values.dtype.hasobject:
        raise OptionError(f"an array of {values.dtype}: expected numbers, booleans, dates or text of fixed length")
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    head = canonical_json({"dtype": little.dtype.newbyteorder("<").str, "shape": list(values.shape)})
    return head + b"\n" + little.tobytes()


def digest_of_array(array: np.ndarray) -> str:
    """Of an array's canonical bytes (`array_bytes`).

    >>> import numpy as np
    >>> digest_of_array(np.arange(6.0).reshape(2, 3))[7:15]
    '8eebfddd'
    """
    return digest_of(array_bytes(array))


def digest_of_parts(parts: Mapping[str, str]) -> str:
    """Of a composite: of the canonical `{name: digest}`. Raises OptionError where a part's digest is none."""
    return digest_of_json({name: check_digest(part) for name, part in parts.items()})


def is_digest(text: str) -> bool:
    """Whether this is a digest."""
    return _DIGEST.fullmatch(text) is not None


def check_digest(digest: object) -> str:
    """A digest as it is. Raises OptionError for what is none."""
    if not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None:
        raise OptionError(f"digest {printable(str(digest)[:80])!r}: expected 'sha256:' and 64 hexadecimal digits")
    return digest
