"""Passwords: kept as scrypt hashes, compared in constant time, guessed at a rate that falls."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from ...errors import AccessDenied, OptionError
from .decisions import SENTENCES, DecisionReason

COST = 1024
"""scrypt's n unless said: a few milliseconds. OWASP asks for 131,072 where passwords are real; those of a simulation are not."""
SHORTEST, LONGEST = 8, 1024
"""Characters of a password."""


class AuthenticationError(AccessDenied):
    """A name and password were not accepted; the same for a name that is unknown and a password that is wrong.

    Attribute: `retry_after_s`, seconds for which no further attempt is looked at.
    """

    def __init__(self, retry_after_s: float = 0.0) -> None:
        self.retry_after_s = retry_after_s
        reason = SENTENCES[DecisionReason.WRONG_CREDENTIALS]
        super().__init__("anonymous", "sign in to", "platform", reason)
        wait = f"; too many attempts have failed, expected none for {retry_after_s:g} s" if retry_after_s else ""
        self.args = (f"{reason}{wait}",)


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """scrypt (RFC 7914) of a password under `salt`, with its parameters `n`, `r` and `p`."""

    salt: bytes = field(repr=False)
    hash: bytes = field(repr=False)
    n: int
    r: int = 8
    p: int = 1

    @classmethod
    def make(cls, password: str, salt: bytes, n: int = COST) -> PasswordHash:
        """Of a password. Raises OptionError for one that is too short or too long; it is not in the error."""
        if not isinstance(password, str) or not SHORTEST <= len(password) <= LONGEST or _bytes(password) is None:
            raise OptionError(f"a password is text of {SHORTEST} to {LONGEST:,} characters")
        return cls(salt, _scrypt(password, salt, n, 8, 1), n)

    def matches(self, password: object) -> bool:
        """Whether it is of this password. Takes the same time whatever is given."""
        fit = isinstance(password, str) and len(password) <= LONGEST and _bytes(password) is not None
        found = _scrypt(str(password) if fit else "", self.salt, self.n, self.r, self.p)
        return hmac.compare_digest(found, self.hash) and fit

    def record(self) -> dict[str, Any]:
        """For the journal."""
        return {"scheme": "scrypt", "n": self.n, "r": self.r, "p": self.p, "salt": self.salt.hex(), "hash": self.hash.hex()}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> PasswordHash:
        """As a record of the journal says. Raises OptionError, ValueError."""
        check_cost(record["n"])
        if not (1 <= record["r"] <= 32 and 1 <= record["p"] <= 16):
            raise ValueError(f"r={record['r']}, p={record['p']}: expected r of 1 to 32, p of 1 to 16")
        return cls(bytes.fromhex(record["salt"]), bytes.fromhex(record["hash"]), record["n"], record["r"], record["p"])


def check_cost(n: object) -> int:
    """scrypt's n: a power of 2 from 2 to 2**20. Raises OptionError."""
    if isinstance(n, bool) or not isinstance(n, int) or not 2 <= n <= 2**20 or n & (n - 1):
        raise OptionError(f"password_cost={n!r:.40}: expected a power of 2, from 2 to {2**20:,}")
    return n


def _bytes(password: str) -> bytes | None:
    try:
        return unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError:
        return None


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(_bytes(password) or b"", salt=salt, n=n, r=r, p=p, maxmem=256 * n * r + 2**20, dklen=32)


class Attempts:
    """Failed attempts to sign in, by name. After 5 in a row no attempt is looked at for 1 min, then 2, 4 … up to 1 h.

    A success ends it, and so does an hour after the wait without a further failure. `most`: names that are remembered.
    """

    FREE, FIRST_S, LONGEST_S, FORGOTTEN_S = 5, 60.0, 3600.0, 3600.0

    def __init__(self, most: float = inf) -> None:
        self._most = most
        self._failed: dict[str, tuple[int, float]] = {}

    def wait_s(self, name: str, now: float) -> float:
        """Seconds until the next attempt is looked at; 0 for now."""
        times, last = self._failed.get(name, (0, 0.0))
        return max(0.0, last + self._pause_s(times) - now)

    def failed(self, name: str, now: float) -> None:
        """One more attempt that failed."""
        times, last = self._failed.pop(name, (0, now))
        if now - last > self._pause_s(times) + self.FORGOTTEN_S:
            times = 0
        self._failed[name] = times + 1, now
        if len(self._failed) > self._most:
            del self._failed[next(iter(self._failed))]

    def succeeded(self, name: str) -> None:
        """Those before are forgotten."""
        self._failed.pop(name, None)

    def _pause_s(self, times: int) -> float:
        return min(self.LONGEST_S, self.FIRST_S * 2.0 ** min(times - self.FREE, 30)) if times >= self.FREE else 0.0
