"""The whole state of a platform as plain values, so that two can be compared: the live one, and one folded anew over its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mlplat as mp
from benchmarks import platform_fault_states
from benchmarks.platform_fault_states import differing
from mlplat.platform.automation.builder.builds import Build, BuildReason
from mlplat.platform.work.outcomes import Outcome

__all__ = ["differing", "plain", "state_of"]

_LEFT_OUT = {
    *("_pipelines", "_models", "_orchestrator", "_observing"),
    *("_sim", "sim", "_store", "_referrers", "_stores", "_resolvers", "_linker", "_listener", "_endpoint", "_at", "_served", "_staged"),
    *("_captures", "_last", "_attempts", "_strangers", "_nobody", "_secret", "_verified", "_trees", "_below", "audit", "_names_of"),
    *("_held_by_giver", "_cost", "_lifetime_s", "_port", "_live", "_identity"),
    *("_scm", "_images", "_metadata", "_tasks", "_zones", "_builder", "_inbox", "_times", "_request", "_indices", "_jobs", "_proposers"),
    *("_tracker", "_corrector", "_runs", "_clocks", "_timers", "_deploy", "_automatic", "_placed", "_has_cluster"),
    "_serving",
    *("_references", "_tests", "_data"),
}
"""What is no state: neighbours, caches, what is under way, and what is documented to be forgotten (failed attempts)."""


def state_of(platform: mp.Platform) -> dict[str, Any]:
    """Of each component everything that it knows."""
    identity = platform.identity._authorization
    identity.grants.advance(platform.sim.now)
    found = {source: plain(component) for source, component in platform.components.items()}
    return found | {"authorization": plain(identity)}


def plain(value: Any) -> Any:
    """A value made of nothing but lists, text, numbers and bytes; the order of mappings counts."""
    return platform_fault_states.plain(value, _attributes)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Build) and not value.over:  # in a platform that is opened again, nothing comes of it
        value = replace(value, outcome=Outcome.ERROR, reason=BuildReason.INTERRUPTED.value)
    names = {name: None for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()) if hasattr(value, name)}
    if type(value).__name__ == "IdentityProvider":
        names |= {"_passwords": None, "_salts": None, "admin": None}
    else:
        names |= dict.fromkeys(vars(value) if hasattr(value, "__dict__") else ())
    for name in names:
        part = getattr(value, name)
        if name not in _LEFT_OUT and name != "_authorization" and not callable(part):
            yield name, part
