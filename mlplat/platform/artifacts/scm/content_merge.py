"""Three-way merge of the lines of a file, with the outcome of `git merge-file` on histogram differences.

Changes of the two sides that overlap or touch are a conflict, unless both did the same. Within a conflict the lines that both sides have
are no part of it; conflicts with at most three lines between them are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .lines import Change, changes, is_binary, split_lines

NEAR = 3
"""Lines between two conflicts that do not part them."""


class MergedContent(NamedTuple):
    """The outcome: `content`, with marks around what is in conflict, and whether nothing is."""

    content: bytes
    clean: bool


class _Stretch(NamedTuple):
    """`ours` and, where `conflict`, what `theirs` has instead. `parts`: conflicts before and after it stay two."""

    ours: Sequence[bytes]
    theirs: Sequence[bytes] = ()
    conflict: bool = False
    parts: bool = False


def merge_content(base: bytes, ours: bytes, theirs: bytes, labels: tuple[str, str] = ("ours", "theirs"), mark: int = 7) -> MergedContent:
    """Merge two changes of a content. `labels`, `mark`: names of the sides and length of the marks around a conflict.

    >>> merge_content(b"a\\nb\\nc\\n", b"A\\nb\\nc\\n", b"a\\nb\\nC\\n")
    MergedContent(content=b'A\\nb\\nC\\n', clean=True)
    """
    if any(map(is_binary, (base, ours, theirs))):
        return MergedContent(ours, False)
    old, left, right = split_lines(base), split_lines(ours), split_lines(theirs)
    on_left, on_right = changes(old, left), changes(old, right)
    if not on_left:
        return MergedContent(theirs, True)
    if not on_right:
        return MergedContent(ours, True)
    stretches = _joined(_refined(_stretches(old, left, right, on_left, on_right)))
    clean = not any(stretch.conflict for stretch in stretches)
    return MergedContent(b"".join(line for stretch in stretches for line in _written(stretch, labels, mark)), clean)


def _stretches(
    old: Sequence[bytes], left: Sequence[bytes], right: Sequence[bytes], on_left: list[Change], on_right: list[Change]
) -> list[_Stretch]:
    """The merged text as stretches: unchanged lines, changes of one side, and groups of changes that meet."""
    found: list[_Stretch] = []
    at = i = j = shift_left = shift_right = 0
    while i < len(on_left) or j < len(on_right):
        start = min(group[k].old for group, k in ((on_left, i), (on_right, j)) if k < len(group))
        end, first, second = start, i, j
        while True:
            if i < len(on_left) and on_left[i].old <= end:
                end = max(end, on_left[i].old + on_left[i].old_count)
                i += 1
            elif j < len(on_right) and on_right[j].old <= end:
                end = max(end, on_right[j].old + on_right[j].old_count)
                j += 1
            else:
                break
        found.append(_Stretch(old[at:start]))
        grown_left = sum(change.new_count - change.old_count for change in on_left[first:i])
        grown_right = sum(change.new_count - change.old_count for change in on_right[second:j])
        ours = left[start + shift_left : end + shift_left + grown_left]
        theirs = right[start + shift_right : end + shift_right + grown_right]
        shift_left, shift_right, at = shift_left + grown_left, shift_right + grown_right, end
        if first == i:
            found.append(_Stretch(theirs, parts=True))
        elif second == j or ours == theirs:
            found.append(_Stretch(ours, parts=second == j or i - first > 1 or j - second > 1))
        else:
            found.append(_Stretch(ours, theirs, conflict=True))
    found.append(_Stretch(old[at:]))
    return found


def _refined(stretches: list[_Stretch]) -> list[_Stretch]:
    """Conflicts without the lines that both sides have."""
    found = []
    for stretch in stretches:
        if not stretch.conflict or not stretch.ours or not stretch.theirs:
            found.append(stretch)
            continue
        at = 0
        for change in changes(stretch.ours, stretch.theirs):
            found.append(_Stretch(stretch.ours[at : change.old]))
            at = change.old + change.old_count
            found.append(_Stretch(stretch.ours[change.old : at], stretch.theirs[change.new : change.new + change.new_count], True))
        found.append(_Stretch(stretch.ours[at:]))
    return found


def _joined(stretches: list[_Stretch]) -> list[_Stretch]:
    """Conflicts that are near each other as one."""
    found: list[_Stretch] = []
    last, between = -1, 0  # place of the last conflict in `found`; lines since then
    for stretch in stretches:
        if not stretch.conflict:
            found.append(stretch)
            between += len(stretch.ours)
            last = -1 if stretch.parts else last
            continue
        if last >= 0 and between <= NEAR:
            shared = [line for other in found[last + 1 :] for line in other.ours]
            ours = [*found[last].ours, *shared, *stretch.ours]
            theirs = [*found[last].theirs, *shared, *stretch.theirs]
            del found[last:]
            stretch = _Stretch(ours, theirs, True)
        found.append(stretch)
        last, between = len(found) - 1, 0
    return found


def _written(stretch: _Stretch, labels: tuple[str, str], mark: int) -> Sequence[bytes]:
    if not stretch.conflict:
        return stretch.ours
    head, middle, tail = (sign * mark for sign in (b"<", b"=", b">"))
    ours, theirs = (labels[0].encode(), labels[1].encode())
    return [head + b" " + ours + b"\n", *_ended(stretch.ours), middle + b"\n", *_ended(stretch.theirs), tail + b" " + theirs + b"\n"]


def _ended(lines: Sequence[bytes]) -> list[bytes]:
    """The lines, the last with a line feed."""
    return [line if line.endswith(b"\n") else line + b"\n" for line in lines]
