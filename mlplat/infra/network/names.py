"""Names of services and replicas in the virtual network: `workload.zone.svc.cluster`, and their short forms."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from typing import Final, NamedTuple

from ...errors import OptionError, UnknownNameError, printable
from ..workload_spec import check_zone

DEFAULT_ZONE: Final = "default"
"""The zone of what names none: `""` and `"default"` are one zone, in names, networks and policies."""
SUFFIX: Final = ".svc.cluster"
MOST_NAMES: Final = 10
"""Known names that an error lists at most."""
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_REPLICA = re.compile(r"0|[1-9][0-9]{0,6}", re.ASCII)
_FORMS: Final = "expected 'web', 'web.zone' or 'web.zone.svc.cluster', or a replica such as '0.web'"


class ParsedName(NamedTuple):
    """What a name means. `replica`: its number, None for all of the service. `zone`: never empty."""

    replica: int | None
    name: str
    zone: str

    @property
    def full(self) -> str:
        """The name in full."""
        whole = f"{self.name}.{self.zone}{SUFFIX}"
        return whole if self.replica is None else f"{self.replica}.{whole}"


def zone_name(zone: object) -> str:
    """The name of a zone, `default` for none, whether or not it can stand in the names of services. Raises OptionError."""
    return check_zone(zone) or DEFAULT_ZONE


def check_network_zone(zone: object) -> str:
    """A zone as it stands in names: a DNS label (RFC 1123); `default` for the empty one. Raises OptionError.

    >>> check_network_zone(""), check_network_zone("team-a")
    ('default', 'team-a')
    """
    return DEFAULT_ZONE if isinstance(zone, str) and zone == "" else _label("zone", zone)


def service_name(workload: str, zone: str = "") -> str:
    """The name in full of a workload or service. Both parts are DNS labels. Raises OptionError.

    >>> service_name("web", "team-a"), service_name("web")
    ('web.team-a.svc.cluster', 'web.default.svc.cluster')
    """
    return f"{_label('name', workload)}.{check_network_zone(zone)}{SUFFIX}"


def replica_name(workload: str, replica: int, zone: str = "") -> str:
    """The name in full of one replica of a workload. Raises OptionError.

    >>> replica_name("web", 0, "team-a")
    '0.web.team-a.svc.cluster'
    """
    if isinstance(replica, bool) or not isinstance(replica, int) or _REPLICA.fullmatch(str(replica)[:20]) is None:
        raise OptionError(f"replica={ascii(replica)[:40]}: expected the number of a replica, from 0 to 9999999")
    return f"{replica}.{service_name(workload, zone)}"


def parse_name(text: str, zone: str = "") -> ParsedName:
    """What a name means to a caller in `zone`. Raises OptionError for what is no name.

    Letters count as small ones; a point at the end of a full name is allowed. A short form that begins with a number and goes on is a
    replica's: `7.web` is replica 7 of `web` in the caller's zone. A service called `7` in another zone takes its full name.

    >>> parse_name("web", "team-a")
    ParsedName(replica=None, name='web', zone='team-a')
    >>> parse_name("0.web.team-b.svc.cluster")
    ParsedName(replica=0, name='web', zone='team-b')
    """
    home = check_network_zone(zone)
    if not isinstance(text, str) or not text.isascii() or not 0 < len(text) <= 254:
        raise OptionError(f"name={ascii(text)[:60]}: {_FORMS}")
    lowered = text.lower()
    whole = lowered.removesuffix(".").removesuffix(SUFFIX)
    in_full = len(whole) < len(lowered.removesuffix("."))
    parts = (whole if in_full else lowered).split(".")
    if not all(_LABEL.fullmatch(part) for part in parts):
        raise OptionError(f"name={ascii(text)[:60]}: {_FORMS}; each part a DNS label")
    match parts:
        case [name] if not in_full:
            return ParsedName(None, name, home)
        case [replica, name] if not in_full and _REPLICA.fullmatch(replica):
            return ParsedName(int(replica), name, home)
        case [name, named]:
            return ParsedName(None, name, named)
        case [replica, name, named] if _REPLICA.fullmatch(replica):
            return ParsedName(int(replica), name, named)
    raise OptionError(f"name={ascii(text)[:60]}: {_FORMS}")


def short_form(text: str) -> tuple[str, bool]:
    """A name as it is within the cluster, in small letters, and whether it said that it is one: by `.svc` or more at its end.

    >>> short_form("web.team-a.svc"), short_form("web.team-a.svc.cluster.local"), short_form("web.team-a")
    (('web.team-a', True), ('web.team-a', True), ('web.team-a', False))
    """
    lowered = text.lower().removesuffix(".").removesuffix(".local").removesuffix(".cluster")
    inner = lowered.removesuffix(".svc")
    return (inner, True) if inner != lowered else (text.lower().removesuffix("."), False)


class UnknownServiceError(UnknownNameError):
    """No service or workload has this name in the virtual network. The closest known names come first, ten at most.

    `known`: names among which the closest are looked for, `total`: of how many there are.
    """

    def __init__(self, name: str, known: Collection[str], total: int) -> None:
        short = short_form(name)[0]
        listed = closest_names(short, known)
        super().__init__("service", printable(name), listed)
        self.known = listed
        text = f"unknown service {printable(name)!r}; there is none yet"
        if listed:
            hint = f"; did you mean {listed[0]!r}?" if difflib.get_close_matches(short, listed[:1], cutoff=0.5) else "."
            text = f"unknown service {printable(name)!r}{hint} Known: {', '.join(listed)}"
        more = total - len(listed)
        self.args = (f"{text} and {more:,} more" if more else text,)


def closest_names(name: str, known: Collection[str]) -> list[str]:
    """At most ten of the known names, the closest first, then by the alphabet."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=MOST_NAMES, cutoff=0.5)
    return close + [other for other in names if other not in close][: MOST_NAMES - len(close)]


def _label(what: str, value: object) -> str:
    if not isinstance(value, str) or _LABEL.fullmatch(value) is None:
        raise OptionError(
            f"{what}={ascii(value)[:60]}: expected a DNS label: at most 63 lower-case letters, digits and hyphens, such as 'team-a'"
        )
    return value
