"""Versions of packages, and what a manifest asks of one: `numpy>=2,<3`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from ....errors import OptionError
from ...references import told

_NAME = re.compile(r"[A-Za-z0-9](?:[-._A-Za-z0-9]{0,98}[A-Za-z0-9])?", re.ASCII)
_VERSION = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,5}", re.ASCII)
_CLAUSE = re.compile(r"\s*(==|!=|>=|<=|~=|>|<)\s*([^\s,]+)\s*", re.ASCII)
_REQUIREMENT = re.compile(r"\s*([^\s<>=!~,]+)\s*(.*)", re.ASCII)
EXPECTED: Final = "a package and what is asked of its version, such as 'numpy', 'numpy==2.1.0' or 'numpy>=2,<3'"


def package_name(name: object) -> str:
    """The name of a package in its one spelling: lower case, with `-` between its parts (PEP 503). Raises OptionError.

    >>> package_name("Scikit_Learn")
    'scikit-learn'
    """
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise OptionError(f"package {told(name)}: expected letters, digits, '-', '.' and '_', at most 100")
    return re.sub(r"[-._]+", "-", name).lower()


def version_key(version: object) -> tuple[int, ...]:
    """What versions are ordered by; `1.2` and `1.2.0` are one. Raises OptionError.

    >>> version_key("1.10") > version_key("1.9.3"), version_key("1.2.0") == version_key("1.2")
    (True, True)
    """
    if not isinstance(version, str) or _VERSION.fullmatch(version) is None:
        raise OptionError(f"version {told(version)}: expected numbers with points between them, such as '2.1.0'")
    parts = [int(part) for part in version.split(".")]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package by `name`, and `clauses` that its version must meet, each an operator and a version; none for any.

    Operators are those of PEP 440: `==`, `!=`, `>=`, `<=`, `>`, `<`, and `~=`: `~=2.1` is `>=2.1` and below 3.

    >>> wanted = Requirement.parse("numpy >=2, <3")
    >>> str(wanted), wanted.allows("2.1.0"), wanted.allows("3.0")
    ('numpy<3,>=2', True, False)
    """

    name: str
    clauses: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: object) -> Self:
        """From its text. Raises OptionError."""
        found = _REQUIREMENT.fullmatch(text) if isinstance(text, str) and len(text) <= 300 else None
        if found is None:
            raise OptionError(f"{told(text)}: expected {EXPECTED}")
        clauses = []
        for part in found[2].split(",") if found[2].strip() else ():
            clause = _CLAUSE.fullmatch(part)
            if clause is None:
                raise OptionError(f"{told(text)}: expected {EXPECTED}")
            if clause[1] == "~=" and len(clause[2].split(".")) < 2:
                raise OptionError(f"{told(text)}: expected two numbers or more after '~=', such as '~=2.1'")
            version_key(clause[2])
            clauses.append((clause[1], clause[2]))
        return cls(package_name(found[1]), tuple(sorted(set(clauses))))

    def allows(self, version: str) -> bool:
        """Whether a version meets all clauses."""
        key = version_key(version)
        return all(_meets(key, operator, bound) for operator, bound in self.clauses)

    def __str__(self) -> str:
        return self.name + ",".join(operator + version for operator, version in self.clauses)


def _meets(key: tuple[int, ...], operator: str, version: str) -> bool:
    bound = version_key(version)
    match operator:
        case "==":
            return key == bound
        case "!=":
            return key != bound
        case ">=":
            return key >= bound
        case "<=":
            return key <= bound
        case ">":
            return key > bound
        case "<":
            return key < bound
    given = [int(part) for part in version.split(".")]  # ~=: the last number may grow
    return key >= bound and key < (*given[:-2], given[-2] + 1)
