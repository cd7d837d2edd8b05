"""The networks of a cluster and of its zones: each workload has one address, unique in the cluster."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ...errors import OptionError, UnknownNameError, printable
from ...units import Duration
from .addresses import QUARANTINE, Address, AddressPool, Network, read_address, read_network, shown_address
from .names import closest_names, zone_name
from .zone_networks import AddressesInUseError, check_network, check_networks, choose_network, read_prefix


class AddressPlan:
    """The networks of a cluster and of its zones, and who has which address, whatever the node.

    `zones`: name -> network of a zone, inside the cluster's and apart from the others. All other zones share what these leave of the
    cluster's. A zone gets a network of its own, another one, or none, at any time. The zone `""` is `default`. Raises OptionError, which
    names both networks where two do not go together.

    >>> plan = AddressPlan("10.0.0.0/16", {"prod": "10.0.8.0/24"})
    >>> str(plan.allocate("prod", "web/0", now=0.0)), str(plan.allocate("", "train/0", now=0.0))
    ('10.0.8.2', '10.0.0.2')
    >>> plan.owner_of("10.0.8.2"), plan.in_use("prod"), plan.free("prod", now=0.0)
    ('web/0', 1, 252)
    >>> str(plan.set_zone("lab", now=0.0)), str(plan.set_zone("test", "/22", now=0.0))
    ('10.0.1.0/24', '10.0.4.0/22')
    """

    def __init__(self, cidr: str | Network, zones: Mapping[str, str | Network] | None = None, quarantine: Duration = QUARANTINE) -> None:
        self.network = read_network("cidr", cidr)
        networks = check_networks(self.network, {} if zones is None else zones)
        self._quarantine = quarantine
        self._own: dict[str, AddressPool] = {}
        for zone, network in networks.items():
            try:
                self._own[zone] = AddressPool(network, quarantine)
            except OptionError as error:
                raise OptionError(f"zones[{printable(zone)!r}]: {error}") from None
        self._shared = AddressPool(self.network, quarantine, without=networks.values())
        self._name_shared()
        self.networks: Mapping[str, Network] = MappingProxyType(networks)
        """Of the zones that have one of their own."""
        self._holders: dict[Address, tuple[str, AddressPool]] = {}
        """Of each address that somebody has: their zone, and the network it is of, which may not be that of the zone any more."""
        self._in_use: dict[str, int] = {}

    # -- zones and their networks

    def set_zone(self, zone: str, cidr: str | Network | None = None, *, now: Duration) -> Network:
        """Give a zone a network of its own, or another one, from `now` on. Addresses of the cluster's that its workloads have stay theirs.

        `cidr`: the network, or only its size, such as `"/20"`: then the lowest that is free. None keeps the network that it has; one that
        has none gets a 1,024th of the cluster's, of a small one more. Raises NetworkOverlapError, AddressesInUseError (of its old network
        by its workloads, of the new one by others), NoNetworkLeftError, OptionError; then nothing has changed.
        """
        name = zone_name(zone)
        old = self._own.get(name)
        if old is not None and cidr is None:
            return old.network
        others = [(other, network) for other, network in self.networks.items() if other != name]
        prefix = read_prefix(self.network, cidr)
        if old is not None and prefix == old.network.prefixlen:
            return old.network
        if prefix is not None:
            network = choose_network(self.network, prefix, (each for _, each in others), self._shared.numbers_in_use())
        else:
            assert cidr is not None
            network = check_network(self.network, name, cidr, others)
        if old is not None and network == old.network:
            return network
        try:
            pool = AddressPool(network, self._quarantine)
        except OptionError as error:
            raise OptionError(f"zones[{printable(name)!r}]: {error}") from None
        if old is not None:
            self._check_unused(name, old)
        if held := self._shared.held_in(network):
            raise AddressesInUseError(network, held, "workloads of zones without a network of their own")
        if old is not None:
            self._shared.take_back(old.network, old.at_rest(now), now)
        pool.begin_with(self._shared.give_up(network, now), now)
        self._own[name] = pool
        self._changed()
        return network

    def remove_zone(self, zone: str, *, now: Duration) -> Network:
        """Take the network of a zone, which is the answer, back into the cluster's; what rests of it goes on resting.

        Raises UnknownNameError for a zone that has none, AddressesInUseError, OptionError.
        """
        name = zone_name(zone)
        pool = self._own.get(name)
        if pool is None:
            raise UnknownNameError("zone with a network of its own", printable(name), closest_names(name, self._own))
        self._check_unused(name, pool)
        self._shared.take_back(pool.network, pool.at_rest(now), now)
        del self._own[name]
        self._changed()
        return pool.network

    @staticmethod
    def _check_unused(zone: str, pool: AddressPool) -> None:
        if pool.in_use:
            raise AddressesInUseError(pool.network, pool.in_use, f"workloads of zone {printable(zone)!r}")

    def _changed(self) -> None:
        self.networks = MappingProxyType({zone: pool.network for zone, pool in self._own.items()})
        self._name_shared()

    def _name_shared(self) -> None:
        self._shared._name = f"what the networks of zones leave of {self.network}" if self._own else str(self.network)

    # -- addresses

    def network_of(self, zone: str) -> Network:
        """The network of a zone: its own, or the cluster's."""
        return self._pool(zone_name(zone)).network

    def gateway_of(self, zone: str) -> Address:
        """The address by which a zone's network is left."""
        return self._pool(zone_name(zone)).gateway

    def allocate(self, zone: str, owner: str, now: Duration) -> Address:
        """An address in a zone's network for `owner`. Raises AddressesExhaustedError, OptionError."""
        name = zone_name(zone)
        pool = self._pool(name)
        address = pool.allocate(owner, now)
        self._holders[address] = name, pool
        self._in_use[name] = self._in_use.get(name, 0) + 1
        return address

    def release(self, address: Address | str, now: Duration) -> None:
        """Take an address back; it rests until `now` + quarantine. Raises OptionError if nobody has it."""
        found = read_address(address)
        holder = self._holders.get(found)
        if holder is None:
            raise OptionError(f"address={shown_address(address)}: nobody has it; expected one that is in use in {self.network}")
        zone, pool = holder
        pool.release(found, now)
        del self._holders[found]
        self._in_use[zone] -= 1
        if not self._in_use[zone]:
            del self._in_use[zone]

    def owner_of(self, address: Address | str) -> str | None:
        """Who has an address now; None for nobody. Raises OptionError for what is no address."""
        found = read_address(address)
        holder = self._holders.get(found)
        return None if holder is None else holder[1].owner_of(found)

    def zone_of(self, address: Address | str) -> str | None:
        """The zone of whoever has an address now; None for nobody. Raises OptionError for what is no address."""
        holder = self._holders.get(read_address(address))
        return None if holder is None else holder[0]

    def in_use(self, zone: str | None = None) -> int:
        """How many addresses a zone has; None: all zones together."""
        return len(self._holders) if zone is None else self._in_use.get(zone_name(zone), 0)

    def free(self, zone: str, now: Duration) -> int:
        """How many addresses could be given out to a zone now; zones without their own network share them."""
        return self._pool(zone_name(zone)).free(now)

    def in_quarantine(self, zone: str, now: Duration) -> int:
        """How many addresses of a zone's network rest now."""
        return self._pool(zone_name(zone)).in_quarantine(now)

    def _pool(self, zone: str) -> AddressPool:
        return self._own.get(zone, self._shared)

    def __repr__(self) -> str:
        return f"AddressPlan({self.network}: {len(self._own):,} zones with their own network, {len(self._holders):,} addresses in use)"
