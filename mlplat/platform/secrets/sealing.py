"""How the values of secrets are kept: sealed with a key, or in the clear beside bytes that keep their digest from being guessed."""

from __future__ import annotations

import hmac
from typing import Final

from ...canonical import canonical_json
from ...errors import MlplatError, OptionError
from ..storage.contents import ContentError

MARK: Final = b"mlplat secret 1\n"
SHORTEST: Final = 32
"""Bytes of a key."""
_BLOCK: Final = 32


class SecretKeyError(MlplatError):
    """A value was sealed with a key that the platform has not been given. Attribute: `name` (of the secret)."""

    def __init__(self, name: str, given: bool) -> None:
        self.name = name
        found = "it was opened with another one" if given else "it was opened without one"
        super().__init__(f"{name}: sealed with a key that this platform does not have; {found} (secret_key=)")


class Seal:
    """Seals values with a key of at least 32 bytes, or keeps them in the clear (None). Raises OptionError.

    A synthetic initialization vector (Rogaway and Shrimpton, "Deterministic authenticated-encryption", 2006) of HMAC-SHA-256: the vector is
    the HMAC of value and place, and the value is XORed with HMACs of the vector and a counter. The same value in another place looks like
    another, and what was changed or put elsewhere is not opened. The length of a value can be seen.

    >>> seal, place = Seal(bytes(range(32))), ("prod", "shop/database", 2)
    >>> content = seal.close(b"hunter2", place, b"")
    >>> b"hunter2" in content, seal.open(content, place, "sha256:…")
    (False, b'hunter2')
    """

    __slots__ = ("_cipher", "_vector", "name")

    def __init__(self, key: bytes | None) -> None:
        if key is not None and (not isinstance(key, bytes) or len(key) < SHORTEST):
            found = f"{len(key):,} bytes" if isinstance(key, bytes) else f"a {type(key).__name__}"
            raise OptionError(f"secret_key: {found}; expected at least {SHORTEST} bytes, such as secrets.token_bytes({SHORTEST})")
        self._cipher, self._vector = (b"", b"") if key is None else (_hmac(key, b"cipher"), _hmac(key, b"vector"))
        self.name = "" if key is None else _hmac(key, b"name").hex()[:16]
        """Which key it is, for journals; empty for none."""

    def close(self, value: bytes, place: tuple[str, str, int], salt: bytes) -> bytes:
        """The content to be kept of a value. `salt`: 32 bytes that stand beside it where there is no key."""
        if not self.name:
            return MARK + salt + value
        vector = self._vector_of(value, place)
        return MARK + vector + self._turned(value, vector)

    def open(self, content: bytes, place: tuple[str, str, int], digest: str) -> bytes:
        """The value in a content. Raises ContentError, which names the `digest`, for what was not closed under this key at this place."""
        start = len(MARK) + _BLOCK
        if len(content) <= start or not content.startswith(MARK):
            raise ContentError(digest, "a secret", "something else")
        vector, rest = content[len(MARK) : start], content[start:]
        if not self.name:
            return rest
        value = self._turned(rest, vector)
        if not hmac.compare_digest(vector, self._vector_of(value, place)):
            raise ContentError(digest, "a secret", "sealed for another place, or changed")
        return value

    def _vector_of(self, value: bytes, place: tuple[str, str, int]) -> bytes:
        said = canonical_json(place)
        return _hmac(self._vector, len(said).to_bytes(8, "big") + said + value)

    def _turned(self, value: bytes, vector: bytes) -> bytes:
        blocks = -(-len(value) // _BLOCK)
        stream = b"".join(_hmac(self._cipher, vector + number.to_bytes(8, "big")) for number in range(blocks))[: len(value)]
        return (int.from_bytes(value, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(value), "big")

    def __repr__(self) -> str:
        return f"Seal({'with a key' if self.name else 'without a key'})"


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, b"mlplat secrets 1 " + message, "sha256")
