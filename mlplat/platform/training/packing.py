"""States as bytes: a digest, canonical JSON, and raw little-endian arrays. Nothing is pickled, and damage is told."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...canonical import canonical_json
from ...errors import IntegrityError, OptionError

if TYPE_CHECKING:
    import numpy.typing as npt

MAGIC = b"mlplat-training-1"
DTYPES = ("<f8", "<i8", "<i4", "|u1")


def pack(said: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """A state as bytes: the same state, the same bytes.

    >>> import numpy as np
    >>> said, arrays = unpack(pack({"done": 3}, {"weights": np.ones(2)}))
    >>> said["done"], arrays["weights"]
    (3, array([1., 1.]))
    """
    import numpy as np

    names = sorted(arrays)
    described = [[name, arrays[name].dtype.newbyteorder("<").str, list(arrays[name].shape)] for name in names]
    head = canonical_json({"said": said, "arrays": described})
    body = [np.ascontiguousarray(arrays[name], dtype=arrays[name].dtype.newbyteorder("<")).tobytes() for name in names]
    content = b"".join([head, b"\n", *body])
    return b"".join([MAGIC, b" ", hashlib.sha256(content).hexdigest().encode(), b"\n", content])


def unpack(content: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """What was packed. Raises IntegrityError for bytes that were changed, OptionError for what never was a state."""
    import numpy as np

    first, _, rest = bytes(content).partition(b"\n")
    magic, _, digest = first.partition(b" ")
    if magic != MAGIC:
        raise OptionError(f"{len(content)} bytes that are no state of training; expected them to begin with {MAGIC.decode()!r}")
    found = hashlib.sha256(rest).hexdigest()
    if digest != found.encode():
        raise IntegrityError(digest.decode("ascii", "replace"), found, "state of training")
    head, _, body = rest.partition(b"\n")
    arrays, at = {}, 0
    try:
        described = json.loads(head)
        for name, dtype, shape in described["arrays"]:
            if dtype not in DTYPES:
                raise ValueError(dtype)
            size = np.dtype(dtype).itemsize * math.prod(shape)
            arrays[name] = np.frombuffer(bytearray(body[at : at + size]), dtype=dtype).reshape(shape)
            at += size
        return dict(described["said"]), arrays
    except (KeyError, TypeError, ValueError, RecursionError):
        raise OptionError("state of training: its head is not that of a state, or not of these arrays") from None
