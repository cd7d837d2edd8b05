"""Names of zones, and of what runs in them."""

from __future__ import annotations

import re

from ...errors import OptionError
from ..references import is_version, plain, told

SHARED = "default"
"""The zone of the network for what is in none."""
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_OTHER = re.compile(r"[^a-z0-9]+", re.ASCII)


def check_zone_name(name: object) -> str:
    """The name of a zone, a DNS label: it stands in the names of services. Raises OptionError.

    >>> check_zone_name("shop-prod")
    'shop-prod'
    """
    if not isinstance(name, str) or _LABEL.fullmatch(name) is None or name == SHARED:
        raise OptionError(f"zone {told(name)}: expected lower-case letters, digits and '-', at most 63, and not {SHARED!r}")
    return plain(name)


def split_reference(ref: object) -> tuple[str, str]:
    """Zone and workload of `zone@workload`. Raises OptionError.

    >>> split_reference("ada-dev@notebook")
    ('ada-dev', 'notebook')
    """
    if isinstance(ref, str):
        zone, at, workload = plain(ref).partition("@")
        if at and _LABEL.fullmatch(zone) and is_version(workload):
            return zone, workload
    raise OptionError(f"{told(ref)}: expected 'zone@workload', such as 'ada-dev@notebook'")


def development_name(owner: str) -> str:
    """What a developer's zone is called if nothing is said.

    >>> development_name("Ada.Lovelace")
    'ada-lovelace-dev'
    """
    return f"{_OTHER.sub('-', owner.lower()).strip('-')[:50].strip('-') or 'zone'}-dev"
