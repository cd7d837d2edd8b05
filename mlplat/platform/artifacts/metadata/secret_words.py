"""Words that stand for numbers and tell nothing of them to whom a secret is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def secret_words(numbers: npt.NDArray[np.integer], secret: bytes) -> npt.NDArray[np.uint64]:
    """A word (uint64, big endian) for each number (int, any shape): always the same under one `secret` of 32 bytes, never that of another.

    Four rounds of a key and the mixing of SplitMix64, which is a bijection of 64 bits (Steele, Lea, Flood, "Fast splittable pseudorandom
    number generators", 2014). It hides how many numbers there are and in which order they came; a cipher it is not.

    >>> import numpy as np
    >>> words = secret_words(np.arange(1000), bytes(range(32)))
    >>> len(set(words.tolist())), words.dtype.str
    (1000, '>u8')
    """
    import numpy as np

    word = np.asarray(numbers).astype(np.uint64)
    for key in np.frombuffer(secret, "<u8", count=4):
        word ^= key
        word ^= word >> np.uint64(30)
        word *= np.uint64(0xBF58476D1CE4E5B9)
        word ^= word >> np.uint64(27)
        word *= np.uint64(0x94D049BB133111EB)
        word ^= word >> np.uint64(31)
    return word.astype(">u8")
