"""A sweep: content goes when no component of the store names it, and not while any does."""

from __future__ import annotations

from collections.abc import Iterable

from mlplat.platform.storage import Store, sweep


class _Holder:
    def __init__(self, *digests: str) -> None:
        self.digests = digests

    def _contents(self) -> Iterable[str]:
        return self.digests


def test_a_sweep_gives_up_what_nobody_names() -> None:
    store = Store()
    both, one, loose = (store.put(content) for content in (b"both", b"one", b"loose"))
    assert sweep(store, [_Holder(both, one), _Holder(both)]) == (loose,)
    assert sweep(store, [_Holder(), _Holder(both)]) == (one,)
    assert list(store.digests()) == [both]
