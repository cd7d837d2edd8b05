"""What callers say of models, checked: aliases, metrics, commits and tags."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from ....canonical import frozen
from ....errors import OptionError, UnknownNameError, printable
from ...references import Reference, check_name, is_commit
from ..wording import check_words
from .catalogue import NEWEST
from .stages import stage_of

LARGEST: Final = sys.float_info.max


def check_alias(alias: object) -> str:
    """The name of an alias. Raises OptionError."""
    if isinstance(alias, str) and alias.startswith("@"):
        raise OptionError(f"alias {printable(alias[:80])!r}: expected its name alone, {printable(alias[1:80])!r}")
    text = check_name(alias, "alias")
    if text == NEWEST or text.isdecimal() or ".." in text:
        raise OptionError(f"alias {text!r}: expected a name that is no number and not {NEWEST!r}")
    return text


def check_target(target: object) -> str:
    """An alias with its `@`, or the name of a stage. Raises OptionError, UnknownNameError."""
    if isinstance(target, str) and target.startswith("@"):
        return "@" + check_alias(target[1:])
    try:
        return stage_of(target).value
    except UnknownNameError as error:
        raise UnknownNameError("stage", error.name, error.known, f"an alias is '@{error.name}'") from None


def check_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Finite numbers by name. Raises OptionError."""
    found = frozen(metrics, "metrics")
    if not isinstance(found, Mapping):
        raise OptionError("metrics: expected numbers by name")
    for name, value in found.items():
        check_name(name, "metric")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= LARGEST:
            raise OptionError(f"metric {name!r}: expected a finite number, found {type(value).__name__}")
    return {name: float(value) for name, value in found.items()}


def check_commit(commit: object) -> str:
    """A commit as a resource, `repo:project/name@id`. Raises OptionError for what is not a full id of 40 hexadecimal digits."""
    reference = Reference.parse(commit.removeprefix("repo:") if isinstance(commit, str) else commit)
    if not is_commit(reference.version):
        raise OptionError(f"commit {reference}: expected 'project/name@' and the full id, 40 hexadecimal digits")
    return f"repo:{reference}"


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Text by name. Raises OptionError."""
    if not isinstance(tags, Mapping):
        raise OptionError("tags: expected text by name")
    return {check_name(name, "tag"): check_words(value, f"tag {name!r}", 500, empty=True) for name, value in tags.items()}
