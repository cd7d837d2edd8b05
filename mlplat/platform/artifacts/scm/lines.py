"""Which lines of two texts differ: the histogram algorithm, which pairs the rarest lines first.

The outcome is that of `git diff --histogram --no-indent-heuristic`, on which `git merge` builds. Source: the description of JGit's
HistogramDiff (S. Pearce). In stretches where every common line occurs more than 64 times a shortest script is searched instead
(E. Myers, An O(ND) difference algorithm, 1986); of several such scripts git may choose another there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

FREQUENT = 64
"""A line that occurs more often says nothing about where it belongs."""
FARTHEST = 500
"""Edits after which the search for a shortest script is given up, and the stretch counts as changed as a whole."""


class Change(NamedTuple):
    """`old_count` lines from `old` on became `new_count` lines from `new` on; counted from 0."""

    old: int
    old_count: int
    new: int
    new_count: int


def split_lines(content: bytes) -> list[bytes]:
    """Lines with their line feeds; the last may have none."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    last = lines.pop()[:-1]
    if last:
        lines.append(last)
    return lines


def is_binary(content: bytes) -> bool:
    """Whether git takes this for binary: a NUL among the first 8,000 bytes."""
    return b"\0" in content[:8000]


def changes(old: Sequence[bytes], new: Sequence[bytes]) -> list[Change]:
    """What changed from `old` to `new`, from top to bottom; between two changes there is a line that did not.

    >>> changes([b"a", b"b", b"c"], [b"a", b"x", b"c", b"d"])
    [Change(old=1, old_count=1, new=1, new_count=1), Change(old=3, old_count=0, new=3, new_count=1)]
    """
    numbers: dict[bytes, int] = {}
    first = [numbers.setdefault(line, len(numbers)) for line in old]
    second = [numbers.setdefault(line, len(numbers)) for line in new]
    kept = _pairs(first, second)
    left = [-1, *(i for i, _ in kept), len(first)]
    right = [-1, *(j for _, j in kept), len(second)]
    _slide(first, left, right)
    _slide(second, right, left)
    found = []
    for (i, i_end), (j, j_end) in zip(pairwise(left), pairwise(right), strict=True):
        if i_end - i > 1 or j_end - j > 1:
            found.append(Change(i + 1, i_end - i - 1, j + 1, j_end - j - 1))
    return found


def _pairs(first: list[int], second: list[int]) -> list[tuple[int, int]]:
    """Places of the lines that stay, in order."""
    kept: list[tuple[int, int]] = []
    todo = [(0, len(first), 0, len(second))]
    while todo:
        low, high, below, above = todo.pop()
        if low >= high or below >= above:
            continue
        common, run = _rarest_run(first, second, low, high, below, above)
        if run is not None:
            i, j, length = run
            kept += [(i + step, j + step) for step in range(length)]
            todo += [(low, i, below, j), (i + length, high, j + length, above)]
        elif common:
            kept += _shortest_script(first, second, low, high, below, above)
    kept.sort()
    return kept


def _rarest_run(
    first: list[int], second: list[int], low: int, high: int, below: int, above: int
) -> tuple[bool, tuple[int, int, int] | None]:
    """The run of equal lines with the rarest line in it, of equally rare ones the longest, of these the first: where, and how long.

    And whether the two stretches have a line in common at all.
    """
    places: dict[int, list[int]] = {}
    for i in range(low, high):
        places.setdefault(first[i], []).append(i)
    common, best, longest, rarest = False, None, 1, FREQUENT + 1
    j = below
    while j < above:
        beyond = j + 1
        where = places.get(second[j])
        if where is not None:
            common = True
            if len(where) <= rarest:
                end = -1
                for i in where:
                    if i < end:
                        continue
                    start, start_other, end, end_other, count = i, j, i + 1, j + 1, len(where)
                    while start > low and start_other > below and first[start - 1] == second[start_other - 1]:
                        start, start_other = start - 1, start_other - 1
                        count = min(count, len(places[first[start]]))
                    while end < high and end_other < above and first[end] == second[end_other]:
                        count = min(count, len(places[first[end]]))
                        end, end_other = end + 1, end_other + 1
                    beyond = max(beyond, end_other)
                    if end - start > longest or count < rarest:
                        best, longest, rarest = (start, start_other, end - start), end - start, count
        j = beyond
    return common, best


def _shortest_script(first: list[int], second: list[int], low: int, high: int, below: int, above: int) -> list[tuple[int, int]]:
    """Pairs that a shortest script of single insertions and deletions keeps (Myers); none where that is too long."""
    width, height = high - low, above - below
    reach, trail = {1: 0}, []
    for edits in range(min(width + height, FARTHEST) + 1):
        trail.append(dict(reach))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and reach.get(diagonal - 1, -1) < reach.get(diagonal + 1, -1))
            x = reach.get(diagonal + 1, 0) if down else reach.get(diagonal - 1, 0) + 1
            while x < width and x - diagonal < height and first[low + x] == second[below + x - diagonal]:
                x += 1
            reach[diagonal] = x
            if x >= width and x - diagonal >= height:
                return _walk_back(trail, width, height, low, below)
    return []


def _walk_back(trail: list[dict[int, int]], x: int, y: int, low: int, below: int) -> list[tuple[int, int]]:
    kept = []
    for edits in range(len(trail) - 1, -1, -1):
        reach, diagonal = trail[edits], x - y
        down = diagonal == -edits or (diagonal != edits and reach.get(diagonal - 1, -1) < reach.get(diagonal + 1, -1))
        before = diagonal + 1 if down else diagonal - 1
        start = reach.get(before, 0)
        while x > 0 and y > 0 and x > (start if down else start + 1):
            x, y = x - 1, y - 1
            kept.append((low + x, below + y))
        x, y = start, start - before
        if edits == 0:
            break
    return kept


def _slide(lines: list[int], kept: list[int], other: list[int]) -> None:
    """Move each group of changed lines as far down as it goes, or to the last place where the other text has changed too.

    `kept`: places of the lines that stay, with one before the first line and one after the last; gap `k` is what lies between kept line
    `k` and the next, in both texts. A group moves over a line that equals the one it would leave behind.
    """
    gap = 0
    while gap < len(kept) - 1:
        if kept[gap + 1] - kept[gap] == 1:
            gap += 1
            continue
        size, highest, aligned = -1, 0, -1
        while size != kept[gap + 1] - kept[gap]:
            size = kept[gap + 1] - kept[gap]
            while gap > 0 and lines[kept[gap]] == lines[kept[gap + 1] - 1]:
                kept[gap] = kept[gap + 1] - 1
                gap -= 1
            highest = kept[gap + 1]
            aligned = gap if other[gap + 1] - other[gap] > 1 else -1
            while gap < len(kept) - 2 and lines[kept[gap] + 1] == lines[kept[gap + 1]]:
                kept[gap + 1] = kept[gap] + 1
                gap += 1
                if other[gap + 1] - other[gap] > 1:
                    aligned = gap
        if kept[gap + 1] != highest and aligned >= 0:
            while gap != aligned:
                kept[gap] = kept[gap + 1] - 1
                gap -= 1
        gap += 1


def unified(old: Sequence[bytes], new: Sequence[bytes], context: int = 3) -> str:
    """What changed as unified text, hunks only; empty where nothing did. Bytes that are not UTF-8 show as replacement characters."""
    found, parts = changes(old, new), []
    at = 0
    while at < len(found):
        end = at
        while end + 1 < len(found) and found[end + 1].old - found[end].old - found[end].old_count <= 2 * context:
            end += 1
        parts.append(_hunk(old, new, found[at : end + 1], context))
        at = end + 1
    return "".join(parts)


def _hunk(old: Sequence[bytes], new: Sequence[bytes], group: Sequence[Change], context: int) -> str:
    before = min(context, group[0].old)
    start, last = group[0].old - before, group[-1]
    end = min(len(old), last.old + last.old_count + context)
    after = end - last.old - last.old_count
    lines = []
    at = start
    for change in group:
        lines += [(" ", line) for line in old[at : change.old]]
        lines += [("-", line) for line in old[change.old : change.old + change.old_count]]
        lines += [("+", line) for line in new[change.new : change.new + change.new_count]]
        at = change.old + change.old_count
    lines += [(" ", line) for line in old[at:end]]
    new_start = group[0].new - before
    head = f"@@ -{_range(start, end - start)} +{_range(new_start, last.new + last.new_count + after - new_start)} @@\n"
    return head + "".join(_shown(mark, line) for mark, line in lines)


def _range(start: int, count: int) -> str:
    first = start + 1 if count else start
    return str(first) if count == 1 else f"{first},{count}"


def _shown(mark: str, line: bytes) -> str:
    text = mark + line.decode("utf-8", "replace")
    return text if text.endswith("\n") else text + "\n\\ No newline at end of file\n"
