"""The way in from outside: `Ingress` rules from hosts and paths to services, and the `IngressTable` with its one public address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, NamedTuple, get_args

from ...errors import MlplatError, OptionError, UnknownNameError, printable
from ...hardware.hosts import Address, host_name, host_pattern, pattern_of, read_address, read_port
from ..workload_spec import check_name
from .names import check_network_zone, zone_name

PathType = Literal["Prefix", "Exact"]
PATH_TYPES: Final = get_args(PathType)
LONGEST_PATH: Final = 1_000
HTTP, HTTPS = 80, 443


class NoRouteToServiceError(MlplatError):
    """No ingress leads from a host and path to a service. Attributes: `host`, `path`."""

    def __init__(self, host: object, path: object, why: str) -> None:
        self.host, self.path = str(host), str(path)
        super().__init__(f"no route from host {ascii(host)[:80]}, path {ascii(path)[:80]}: {why}")


class Route(NamedTuple):
    """Where an ingress leads: a port of a service of a zone."""

    zone: str
    service: str
    port: int


@dataclass(frozen=True, slots=True)
class IngressPath:
    """One path of an ingress. `path_type`: `Prefix` (whole elements: `/a` is a prefix of `/a/b`, not of `/ab`) or `Exact`.

    `path` is ASCII, compared as it is written (upper and lower case differ, `%41` is not `A`), and holds no pattern. `service`, `port`:
    where it leads. Raises OptionError that names the field, UnknownNameError for another type.
    """

    path: str
    service: str
    port: int = 80
    path_type: PathType = "Prefix"

    def __post_init__(self) -> None:
        elements = self.path.split("/") if isinstance(self.path, str) else [""]
        bad = elements[0] or len(elements) < 2 or "" in elements[1:-1] or any(map(_is_dots, elements))
        if bad or len(self.path) > LONGEST_PATH or not (self.path.isascii() and self.path.isprintable()) or set(self.path) & set(" ?#"):
            raise OptionError(f"path={self.path!a:.60}: expected '/' and elements joined by '/', such as '/api/v1', none '.' or '..'")
        if not isinstance(self.path_type, str) or self.path_type not in PATH_TYPES:
            raise UnknownNameError("path_type", printable(str(self.path_type)[:40]), PATH_TYPES)
        try:
            check_name(self.service)
        except OptionError as error:
            raise OptionError(f"service: {error}") from None
        object.__setattr__(self, "port", read_port(self.port))

    def key(self) -> tuple[str, ...]:
        """What it matches: the elements of a prefix, or the one text of an exact path."""
        return _elements(self.path) if self.path_type == "Prefix" else (self.path,)


@dataclass(frozen=True, slots=True)
class Ingress:
    """What of a zone is reachable from outside, under which host and paths.

    `name`: a DNS label, unique in its zone. `host`: a host name, or `*.` before one for any one label. `paths`: each an `IngressPath` or a
    mapping such as `{"path": "/api", "path_type": "Prefix", "service": "api", "port": 80}`. `tls`: served on port 443 instead of 80.
    Raises OptionError that names the field, UnknownNameError for an unknown key.

    >>> web = Ingress("web", "team-a", "shop.example.org", [{"path": "/", "service": "web"}])
    >>> str(web), web.public_port
    ('ingress team-a/web', 80)
    """

    name: str
    zone: str
    host: str
    paths: Sequence[IngressPath | Mapping[str, Any]]
    tls: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "zone", check_network_zone(self.zone))
        object.__setattr__(self, "host", host_pattern(self.host))
        if not isinstance(self.paths, (list, tuple)) or not self.paths:
            raise OptionError(f"paths={self.paths!a:.60}: expected a list of at least one path")
        object.__setattr__(self, "paths", tuple([_path(place, given) for place, given in enumerate(self.paths)]))
        if not isinstance(self.tls, bool):
            raise OptionError(f"tls={self.tls!a:.60}: expected True or False")

    @property
    def public_port(self) -> int:
        """The port at the public address: 443 with TLS, else 80."""
        return HTTPS if self.tls else HTTP

    def __str__(self) -> str:
        return f"ingress {self.zone}/{self.name}"


class _Host:
    """The paths of one host or pattern."""

    def __init__(self) -> None:
        self.exact: dict[tuple[str, ...], tuple[Ingress, IngressPath]] = {}
        self.prefixes: dict[tuple[str, ...], tuple[Ingress, IngressPath]] = {}
        self.deepest = 0
        """No prefix has more elements: what a long path has beyond them is not looked at."""

    def rules(self, path: IngressPath) -> dict[tuple[str, ...], tuple[Ingress, IngressPath]]:
        return self.prefixes if path.path_type == "Prefix" else self.exact

    def find(self, path: str) -> tuple[Ingress, IngressPath] | None:
        found = self.exact.get((path,))
        if found is not None or not self.prefixes:
            return found
        elements = _elements(path, self.deepest)
        for length in range(min(self.deepest, len(elements)), -1, -1):
            found = self.prefixes.get(elements[:length])
            if found is not None:
                return found
        return None


class IngressTable:
    """All ingress rules of the cluster, behind one public address.

    >>> table = IngressTable("203.0.113.1")
    >>> table.add(Ingress("web", "team-a", "shop.example.org", [{"path": "/", "service": "web"}, {"path": "/api", "service": "api"}]))
    >>> table.route("shop.example.org", "/api/items")
    Route(zone='team-a', service='api', port=80)
    """

    def __init__(self, address: Address | str) -> None:
        self.address = read_address(address)
        self._ingresses: dict[tuple[str, str], Ingress] = {}
        self._hosts: dict[str, _Host] = {}
        self._exposed: dict[tuple[str, str, int | None], dict[tuple[str, str], Ingress]] = {}
        """Zone, service and port, or None for any port -> the ingresses that lead there, by zone and name."""

    def add(self, *ingresses: Ingress) -> None:
        """Expose services, all or, if one cannot be, none.

        Raises OptionError for a name that its zone has already, and for a host and path (of one type) that another rule has.
        """
        added: dict[tuple[str, str], Ingress] = {}
        taken: dict[tuple[str, str, tuple[str, ...]], Ingress] = {}
        for ingress in ingresses:
            if not isinstance(ingress, Ingress):
                raise OptionError(f"expected an Ingress, not {ingress!a:.60}")
            key = (ingress.zone, ingress.name)
            if key in added or key in self._ingresses:
                raise OptionError(f"{ingress} exists already; remove it first")
            added[key] = ingress
            here = self._hosts.get(ingress.host)
            for path in _paths(ingress):
                place = (ingress.host, path.path_type, path.key())
                there = here.rules(path).get(path.key()) if here is not None else None
                other = taken.get(place) if there is None else there[0]
                if other is not None:
                    raise OptionError(f"{other} and {ingress} both have host {ingress.host!r}, path {path.path!a:.60} ({path.path_type})")
                taken[place] = ingress
        for key, ingress in added.items():
            self._expose(key, ingress)

    def remove(self, name: str, zone: str = "") -> Ingress:
        """Expose no longer what an ingress does, and return it. Raises UnknownNameError for one that is not there."""
        zone = zone_name(zone)
        if not isinstance(name, str) or (zone, name) not in self._ingresses:
            known = [each for where, each in self._ingresses if where == zone]
            raise UnknownNameError(f"ingress of zone {zone!r}:", printable(str(name)[:60]), known)
        removed = self._ingresses.pop((zone, name))
        here = self._hosts[removed.host]
        for path in _paths(removed):
            del here.rules(path)[path.key()]
            for port in (path.port, None):
                leading = self._exposed.get((zone, path.service, port), {})
                leading.pop((zone, name), None)
                if not leading:
                    self._exposed.pop((zone, path.service, port), None)
        if not here.exact and not here.prefixes:
            del self._hosts[removed.host]
        return removed

    def list(self, zone: str | None = None) -> tuple[Ingress, ...]:
        """The ingresses of one zone or of all, in order of zone and name."""
        wanted = None if zone is None else zone_name(zone)
        return tuple(self._ingresses[key] for key in sorted(self._ingresses) if wanted in (None, key[0]))

    def route(self, host: str, path: str = "/", port: int | None = None) -> Route:
        """The service to which a request from outside goes. `port`: at the public address, None for whichever the ingress has.

        An exact host comes before a pattern; of one host, an exact path before prefixes, and the longest prefix before shorter ones. What
        follows `?` or `#` does not count. A path with `.` or `..` as an element has no route: clients remove those themselves (RFC 3986).
        Raises NoRouteToServiceError, also for what is no host or path.
        """
        return self.match(host, path, port)[0]

    def match(self, host: str, path: str = "/", port: int | None = None) -> tuple[Route, Ingress]:
        """`route`, with the ingress that decided. Raises NoRouteToServiceError."""
        try:
            name = host_name(host)
        except OptionError as error:
            raise NoRouteToServiceError(host, path, str(error)) from None
        candidates = [self._hosts[key] for key in (name, pattern_of(name)) if key in self._hosts]
        if not candidates:
            raise NoRouteToServiceError(host, path, "no ingress has this host")
        asked = _asked_path(host, path)
        for candidate in candidates:
            found = candidate.find(asked)
            if found is not None:
                ingress, rule = found
                if port is not None and port != ingress.public_port:
                    raise NoRouteToServiceError(host, path, f"{ingress} is served on port {ingress.public_port}")
                return Route(ingress.zone, rule.service, rule.port), ingress
        raise NoRouteToServiceError(host, path, "no ingress of this host has this path")

    def exposes(self, zone: str, service: str, port: int | None = None) -> Ingress | None:
        """The first ingress, by zone and name, that leads to a service (to a port of it, None for any); None if none does.

        Raises OptionError.
        """
        if not isinstance(service, str):
            raise OptionError(f"service={service!a:.60}: expected the name of a service")
        leading = self._exposed.get((zone_name(zone), service, None if port is None else read_port(port)))
        return leading[min(leading)] if leading else None

    def _expose(self, key: tuple[str, str], ingress: Ingress) -> None:
        self._ingresses[key] = ingress
        here = self._hosts.setdefault(ingress.host, _Host())
        for path in _paths(ingress):
            here.rules(path)[path.key()] = (ingress, path)
            if path.path_type == "Prefix":
                here.deepest = max(here.deepest, len(path.key()))
            for port in (path.port, None):
                self._exposed.setdefault((ingress.zone, path.service, port), {})[key] = ingress

    def __len__(self) -> int:
        return len(self._ingresses)

    def __repr__(self) -> str:
        return f"IngressTable({len(self)} ingresses at {self.address})"


def _paths(ingress: Ingress) -> Iterator[IngressPath]:
    return iter(ingress.paths)  # type: ignore[arg-type]


def _path(place: int, given: object) -> IngressPath:
    if isinstance(given, IngressPath):
        return given
    if not isinstance(given, Mapping):
        raise OptionError(f"paths[{place}]={given!a:.60}: expected a mapping with path, path_type, service, port")
    known = [field.name for field in fields(IngressPath)]
    for key in given:
        if key not in known:
            raise UnknownNameError(f"key of paths[{place}]:", printable(str(key)[:60]), known)
    for key in ("path", "service"):
        if key not in given:
            raise OptionError(f"paths[{place}].{key}: is required and missing")
    try:
        return IngressPath(**given)
    except UnknownNameError:
        raise
    except OptionError as error:
        raise OptionError(f"paths[{place}].{error}") from None


def _elements(path: str, most: int = -1) -> tuple[str, ...]:
    """The elements of a path, without a last `/`; of a long one the first `most` and the rest."""
    inner = path.removeprefix("/").removesuffix("/")
    return tuple(inner.split("/", most)) if inner else ()


def _is_dots(element: str) -> bool:
    return element.lower().replace("%2e", ".") in (".", "..")


def _asked_path(host: object, path: object) -> str:
    if not isinstance(path, str):
        raise NoRouteToServiceError(host, path, "expected a path such as '/api'")
    asked = path.partition("#")[0].partition("?")[0] or "/"
    if not asked.startswith("/") or any(map(_is_dots, asked.split("/"))):
        raise NoRouteToServiceError(host, path, "expected a path such as '/api', without '.' and '..'")
    return asked
