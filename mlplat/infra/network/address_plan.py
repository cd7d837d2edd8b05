"""The networks of a cluster and of its zones: each workload has one address, unique in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from ...errors import OptionError, printable
from ...units import Duration
from .addresses import QUARANTINE, Address, AddressPool, Network, read_address, read_network, shown_address
from .names import DEFAULT_ZONE, zone_name


class AddressPlan:
    """The networks of a cluster and of its zones, and who has which address, whatever the node.

    `zones`: name -> network of a zone, inside the cluster's and apart from the others. All other zones share what these leave of the
    cluster's. The zone `""` is `default`. Raises OptionError, which names both networks where two do not go together.

    >>> plan = AddressPlan("10.0.0.0/16", {"prod": "10.0.8.0/24"})
    >>> str(plan.allocate("prod", "web/0", now=0.0)), str(plan.allocate("", "train/0", now=0.0))
    ('10.0.8.2', '10.0.0.2')
    >>> plan.owner_of("10.0.8.2"), plan.in_use("prod"), plan.free("prod", now=0.0)
    ('web/0', 1, 252)
    """

    def __init__(self, cidr: str | Network, zones: Mapping[str, str | Network] | None = None, quarantine: Duration = QUARANTINE) -> None:
        self.network = read_network("cidr", cidr)
        networks = _zone_networks(self.network, {} if zones is None else zones)
        self._own = {}
        for zone, network in networks.items():
            try:
                self._own[zone] = AddressPool(network, quarantine)
            except OptionError as error:
                raise OptionError(f"zones[{printable(zone)!r}]: {error}") from None
        self._shared = AddressPool(self.network, quarantine, without=networks.values())
        if networks:
            self._shared._name = f"what the networks of zones leave of {self.network}"
        self._zone_of: dict[Address, str] = {}
        self._in_use: dict[str, int] = {}

    def network_of(self, zone: str) -> Network:
        """The network of a zone: its own, or the cluster's."""
        return self._pool(zone_name(zone)).network

    def gateway_of(self, zone: str) -> Address:
        """The address by which a zone's network is left."""
        return self._pool(zone_name(zone)).gateway

    def allocate(self, zone: str, owner: str, now: Duration) -> Address:
        """An address in a zone's network for `owner`. Raises AddressesExhaustedError, OptionError."""
        name = zone_name(zone)
        address = self._pool(name).allocate(owner, now)
        self._zone_of[address] = name
        self._in_use[name] = self._in_use.get(name, 0) + 1
        return address

    def release(self, address: Address | str, now: Duration) -> None:
        """Take an address back; it rests until `now` + quarantine. Raises OptionError if nobody has it."""
        found = read_address(address)
        zone = self._zone_of.get(found)
        if zone is None:
            raise OptionError(f"address={shown_address(address)}: nobody has it; expected one that is in use in {self.network}")
        self._pool(zone).release(found, now)
        del self._zone_of[found]
        self._in_use[zone] -= 1
        if not self._in_use[zone]:
            del self._in_use[zone]

    def owner_of(self, address: Address | str) -> str | None:
        """Who has an address now; None for nobody. Raises OptionError for what is no address."""
        found = read_address(address)
        zone = self._zone_of.get(found)
        return None if zone is None else self._pool(zone).owner_of(found)

    def zone_of(self, address: Address | str) -> str | None:
        """The zone of whoever has an address now; None for nobody. Raises OptionError for what is no address."""
        return self._zone_of.get(read_address(address))

    def in_use(self, zone: str | None = None) -> int:
        """How many addresses a zone has; None: all zones together."""
        return len(self._zone_of) if zone is None else self._in_use.get(zone_name(zone), 0)

    def free(self, zone: str, now: Duration) -> int:
        """How many addresses could be given out to a zone now; zones without their own network share them."""
        return self._pool(zone_name(zone)).free(now)

    def in_quarantine(self, zone: str, now: Duration) -> int:
        """How many addresses of a zone's network rest now."""
        return self._pool(zone_name(zone)).in_quarantine(now)

    def _pool(self, zone: str) -> AddressPool:
        return self._own.get(zone, self._shared)

    def __repr__(self) -> str:
        return f"AddressPlan({self.network}: {len(self._own):,} zones with their own network, {len(self._zone_of):,} addresses in use)"


def _zone_networks(whole: Network, zones: Mapping[str, str | Network]) -> dict[str, Network]:
    """The networks of zones by name, in the order given. Raises OptionError for those that do not go together."""
    if not isinstance(zones, Mapping):
        raise OptionError(f"zones={ascii(zones)[:60]}: expected a mapping of zones to networks, such as {{'prod': '10.0.8.0/24'}}")
    networks: dict[str, Network] = {}
    for given, cidr in zones.items():
        zone = zone_name(given)
        if zone in networks:
            raise OptionError(f"zones: {zone!r} is there twice; the zone without a name is {DEFAULT_ZONE!r}")
        network = networks[zone] = read_network(f"zones[{zone!r:.60}]", cidr)
        if network.version != whole.version or not network.subnet_of(whole):  # type: ignore[arg-type]
            raise OptionError(f"zones[{zone!r:.60}]={network}: expected a network inside {whole}, the cluster's")
    placed = sorted(networks.items(), key=lambda item: (int(item[1].network_address), item[1].prefixlen, item[0]))
    for (before, wide), (after, narrow) in pairwise(placed):
        if narrow.subnet_of(wide):  # type: ignore[arg-type]
            raise OptionError(f"zones: the networks of {before!r:.60} ({wide}) and {after!r:.60} ({narrow}) overlap")
    return networks
