"""What `Secrets` answers: versions, which say nothing of the value, and the value, which says nothing of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Self

from ...errors import OptionError
from ..storage.digests import plain_bytes

LARGEST: Final = 65_536
"""Bytes of a value."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """A version of a secret, without its value.

    `name`: `project/name`. `zone`: in which it is; empty for the project's own. `version`: counted from 1, never given twice.
    `created_s`: seconds. `creator`: an id. `sealed`: whether its value is kept encrypted.
    """

    name: str
    zone: str
    version: int
    created_s: float
    creator: str
    sealed: bool

    @property
    def reference(self) -> str:
        """Such as `shop/database@2`."""
        return f"{self.name}@{self.version}"

    @property
    def resource(self) -> str:
        """What it is called in grants and events, `secret:shop/database@2`."""
        return f"secret:{self.reference}"

    def __str__(self) -> str:
        return f"{self.reference} in zone {self.zone}" if self.zone else self.reference


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Secret:
    """A value that has to be asked for: it stands in no text that is made of this object.

    `version`: which one it is. `value`: bytes.

    >>> secret = Secret(SecretVersion("shop/database", "prod", 2, 0.0, "user-2", False), b"hunter2")
    >>> secret, f"{secret}", secret.text
    (Secret(shop/database@2 in zone prod), 'Secret(shop/database@2 in zone prod)', 'hunter2')
    """

    version: SecretVersion
    value: bytes = field(repr=False)

    @property
    def text(self) -> str:
        """The value as text. Raises OptionError for one that is none."""
        try:
            return self.value.decode()
        except UnicodeDecodeError:
            raise OptionError(f"{self.version}: its value is no text; expected UTF-8") from None

    def __repr__(self) -> str:
        return f"Secret({self.version})"

    def __reduce__(self) -> Any:
        raise OptionError(f"{self.version}: a secret is not pickled or copied; take its value")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def check_value(value: object) -> bytes:
    """The bytes of a value. Raises OptionError, which says nothing of it."""
    if isinstance(value, str):
        try:
            content = str.encode(value)
        except UnicodeEncodeError:
            raise OptionError("value: text that UTF-8 cannot say; expected text or bytes") from None
    elif isinstance(value, bytes):
        content = plain_bytes(value)
    else:
        raise OptionError(f"value: a {type(value).__name__}; expected text or bytes")
    if not 0 < len(content) <= LARGEST:
        raise OptionError(f"value: {len(content):,} bytes; expected 1 to {LARGEST:,}")
    return content
