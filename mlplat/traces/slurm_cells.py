"""What stands in the cells of `sacct`: times, sizes and trackable resources, a whole column at once. Null is what cannot be read."""

from __future__ import annotations

import polars as pl

UNKNOWN = ("", "Unknown", "None", "INVALID", "N/A")
"""Spellings of a time that is not known."""
UNLIMITED_TIME = "UNLIMITED"
NO_LIMIT = (*UNKNOWN, "Partition_Limit")

_ELAPSED = r"^(?:(?<days>[0-9]{1,6})-)?(?:(?<hours>[0-9]{1,6}):)?(?<minutes>[0-9]{1,6}):(?<seconds>[0-9]{1,2}(?:\.[0-9]{1,9})?)$"
_SIZE = r"^(?<number>[0-9]{1,15}(?:\.[0-9]{1,9})?)(?<unit>[KMGTP]?)(?<per>[nc]?)$"
_MIB = {"K": 2.0**-10, "": 1.0, "M": 1.0, "G": 2.0**10, "T": 2.0**20, "P": 2.0**30}


def elapsed_seconds(cells: pl.Series) -> pl.Series:
    """Seconds of `[D-[HH:]]MM:SS`.

    >>> elapsed_seconds(pl.Series(["1-02:00:05", "10:30", "soon"])).to_list()
    [93605.0, 630.0, None]
    """
    parts = cells.to_frame("cells").select(pl.col("cells").str.strip_chars().str.extract_groups(_ELAPSED)).unnest("cells")
    days, hours, minutes, rest = (pl.col(name).cast(pl.Float64) for name in ("days", "hours", "minutes", "seconds"))
    total = days.fill_null(0) * 86400 + hours.fill_null(0) * 3600 + minutes * 60 + rest
    return parts.select(total=total)["total"]


def size_mib(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """MiB of `16000M`, `4Gc` or `64Gn` (a bare number is MiB), and whether it is per core (`c`), per node (`n`) or for the job (empty).

    >>> sizes, per = size_mib(pl.Series(["16G", "4Gc", "much"]))
    >>> sizes.to_list(), per.to_list()
    ([16384.0, 4096.0, None], ['', 'c', None])
    """
    parts = cells.to_frame("cells").select(pl.col("cells").str.strip_chars().str.extract_groups(_SIZE)).unnest("cells")
    unit = pl.col("unit").replace_strict(_MIB, default=None, return_dtype=pl.Float64)
    return parts.select(mib=pl.col("number").cast(pl.Float64) * unit)["mib"], parts["per"]


def resource(cells: pl.Series, key: str) -> pl.Series:
    """The text after `key=` in a list such as `cpu=8,mem=64G,gres/gpu=2`.

    >>> resource(pl.Series(["cpu=8,mem=64G", "mem=1G"]), "cpu").to_list()
    ['8', None]
    """
    return cells.str.extract(rf"(?:^|,)\s*{key}=([^,]*)", 1)


def device_types(cells: pl.Series) -> pl.DataFrame:
    """Of the typed devices (`gres/gpu:a100=8`): `type`, `count` (text) of the first, and `several`, whether there are more.

    >>> device_types(pl.Series(["cpu=8,gres/gpu=8,gres/gpu:a100=8"])).rows()
    [('a100', '8', False)]
    """
    pattern = r"(?:^|,)\s*gres/gpu:([^=,]+)=([^,]*)"
    text = pl.col("cells")
    several = text.str.count_matches(pattern).fill_null(0) > 1
    return cells.to_frame("cells").select(type=text.str.extract(pattern, 1), count=text.str.extract(pattern, 2), several=several)
