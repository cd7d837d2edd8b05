"""What is outside the cluster, and the way out: `ExternalEndpoint` and `Gateway`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ...errors import OptionError, UnknownNameError, printable
from ...hardware.hosts import (
    Address,
    Network,
    contains,
    host_name,
    is_address,
    pattern_of,
    read_address,
    read_allowed,
    read_network,
    read_port,
)
from ...units import Duration, seconds
from ..workload_spec import check_name
from .peers import Decision, Peer, Reason
from .policy_set import TO_OUTSIDE

DEFAULTS: Final = ("deny", "allow")
ANYTHING = Decision(True, "default: allow to the outside", Reason.GATEWAY)


@dataclass(frozen=True, slots=True)
class ExternalEndpoint:
    """Something outside the cluster that workloads talk to, such as a public dataset or the browser of a user.

    `name`: a DNS label. `hosts`: the host names it answers to. `network`: its address or network (CIDR), None where none is known.
    `bandwidth_mbps`: Mbit/s of its own link. `latency`: of that link, one way; becomes seconds (`"20ms"` is understood).
    Raises OptionError that names the field.

    >>> data = ExternalEndpoint("imagenet", hosts=["data.example.org"], network="192.0.2.7", latency="20ms")
    >>> data.latency, str(data.peer())
    (0.02, 'imagenet (outside)')
    """

    name: str
    hosts: Sequence[str] = ()
    network: Network | Address | str | None = None
    bandwidth_mbps: float = 1_000.0
    latency: Duration = 0.02

    def __post_init__(self) -> None:
        check_name(self.name)
        if not isinstance(self.hosts, (list, tuple)):
            raise OptionError(f"hosts={self.hosts!a:.60}: expected a list of host names")
        object.__setattr__(self, "hosts", tuple(dict.fromkeys(host_name(host, "hosts") for host in self.hosts)))
        if self.network is not None:
            object.__setattr__(self, "network", read_network(self.network, "network"))
        object.__setattr__(self, "bandwidth_mbps", read_mbps(self.bandwidth_mbps))
        try:
            object.__setattr__(self, "latency", seconds(self.latency))
        except OptionError as error:
            raise OptionError(f"latency: {error}") from None

    def peer(self) -> Peer:
        """It as one end of a connection; with an address where it has just one."""
        network = self.network
        alone = network is not None and network.num_addresses == 1  # type: ignore[union-attr]
        return Peer(self.name, address=network.network_address if alone else None, outside=True)  # type: ignore[union-attr]


class Gateway:
    """The way out of the cluster: what may be reached outside, and how fast.

    `bandwidth_mbps`: Mbit/s for all workloads together. `allow`: host names, patterns such as `"*.example.org"` (one label for the `*`),
    networks and addresses, names of `external` endpoints. `default`: `"deny"` or `"allow"` for everything else. Nothing can be changed.
    Raises OptionError, and UnknownNameError for a name without a point that is no external endpoint's.

    >>> gateway = Gateway(10_000, allow=["*.example.org", "192.0.2.0/24"])
    >>> train = Peer("train", "team-a")
    >>> [bool(gateway.decide(train, host, 443)) for host in ("data.example.org", "example.org", "192.0.2.9", "192.0.3.9")]
    [True, False, True, False]
    """

    def __init__(
        self,
        bandwidth_mbps: float,
        allow: Sequence[str] = (),
        default: Literal["deny", "allow"] = "deny",
        external: Sequence[ExternalEndpoint] = (),
    ) -> None:
        self.bandwidth_mbps = read_mbps(bandwidth_mbps)
        if not isinstance(default, str) or default not in DEFAULTS:
            raise UnknownNameError("default of a gateway", printable(str(default)[:40]), DEFAULTS)
        if isinstance(allow, str) or not isinstance(allow, (list, tuple)):
            raise OptionError(f"allow={allow!a:.60}: expected a list of host patterns, networks and external endpoints")
        if default == "allow" and allow:
            raise OptionError("allow: has no effect where the default is 'allow'; expected none")
        self.default, self.allow = default, tuple(allow)
        self.external, self._hosts = _by_name_and_host(external)
        self._names: dict[str, Decision] = {}
        """Name of an external endpoint, host name or pattern -> the entry that allows it."""
        self._networks: list[tuple[Network, Decision]] = []
        for place, entry in enumerate(self.allow):
            self._enter(f"allow[{place}]", entry)

    def decide(self, peer: Peer, host: str, port: int, address: Address | str | None = None) -> Decision:
        """Whether a workload may connect to `host`: a host name, an address or the name of an external endpoint.

        Allowed is what is so by its name, by the external endpoint it belongs to, or by its address (given or the endpoint's) in a
        network of the list. An external endpoint by its own name is allowed if one of its host names is. The same for every workload and
        port: what differs by workload is said by the egress rules of policies.

        Raises OptionError for what is no host or port.
        """
        read_port(port)
        if not isinstance(peer, Peer):
            raise OptionError(f"peer={peer!a:.60}: expected a Peer")
        known: Network | Address | None = None if address is None else read_address(address)
        if known is None and is_address(host):
            known = read_address(host)
        endpoint = None
        if not is_address(host):
            name = host_name(host)
            endpoint = self.external.get(name) or self._hosts.get(name)
            hosts = (name, *endpoint.hosts) if endpoint is not None and endpoint.name == name else (name,)
            entries = [entry for each in hosts for entry in (each, pattern_of(each))]
            for entry in [*entries, endpoint.name] if endpoint is not None else entries:
                if entry in self._names:
                    return self._names[entry]
        if known is None and endpoint is not None:
            known = endpoint.network  # type: ignore[assignment]
        if known is not None:
            for network, decision in self._networks:
                if contains(network, known):
                    return decision
        return TO_OUTSIDE if self.default == "deny" else ANYTHING

    def _enter(self, field: str, entry: object) -> None:
        decision = Decision(True, f"gateway, allow {entry!r:.60}", Reason.GATEWAY)
        meant = read_allowed(entry, field)
        endpoint = self.external.get(str(entry))
        if endpoint is not None:
            self._names.setdefault(endpoint.name, decision)
            if endpoint.network is not None:
                self._networks.append((endpoint.network, decision))  # type: ignore[arg-type]
        elif not isinstance(meant, str):
            self._networks.append((meant, decision))
        elif "." not in meant:
            raise UnknownNameError(f"external endpoint in {field}:", printable(meant[:60]), self.external)
        else:
            self._names.setdefault(meant, decision)

    def __repr__(self) -> str:
        return f"Gateway({self.bandwidth_mbps:g} Mbit/s, {self.default} by default, {len(self.allow)} allowed)"


def read_mbps(given: object) -> float:
    """A bandwidth in Mbit/s, more than 0. Raises OptionError."""
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 < given <= 1e12 or not math.isfinite(given):
        raise OptionError(f"bandwidth_mbps={given!a:.60}: expected a number of Mbit/s above 0")
    return float(given)


def _by_name_and_host(external: object) -> tuple[dict[str, ExternalEndpoint], dict[str, ExternalEndpoint]]:
    if not isinstance(external, (list, tuple)):
        raise OptionError(f"external={external!a:.60}: expected a list of external endpoints")
    names: dict[str, ExternalEndpoint] = {}
    hosts: dict[str, ExternalEndpoint] = {}
    for endpoint in external:
        if not isinstance(endpoint, ExternalEndpoint):
            raise OptionError(f"external: expected an ExternalEndpoint, not {endpoint!a:.60}")
        if endpoint.name in names:
            raise OptionError(f"external: two endpoints are called {endpoint.name!r}")
        names[endpoint.name] = endpoint
        for host in endpoint.hosts:
            if host in hosts:
                raise OptionError(f"external: {hosts[host].name!r} and {endpoint.name!r} both answer to {host!r}")
            hosts[host] = endpoint
    return names, hosts
