"""`kernel`, `inlined` and `entry` for this package: its cache is stamped with the digest of these files and of the scheduler's."""

from __future__ import annotations

from pathlib import Path

from ....infra.kernels.compilation import entry_in, inlined, kernel

entry = entry_in(Path(__file__).parent)

__all__ = ["entry", "inlined", "kernel"]
