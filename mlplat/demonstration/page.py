"""The demonstration as a page: its story, the times of the loop, and the page of its platform."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ..report.page import Section, badge, key_figures, paragraph, text, write_page
from ..report.platform_page import platform_document
from ..units import format_seconds
from .story import lines

if TYPE_CHECKING:
    from .loop import Demonstration

_TIMES = {
    "detected_s": "detected after",
    "requested_s": "training after",
    "candidate_s": "a candidate after",
    "promoted_s": "promoted after",
}


def demonstration_page(demonstration: Demonstration) -> str:
    """The text of the page. Raises MissingExtraError without the extra `report`."""
    summary = demonstration.summary()
    closed = badge("the loop has closed", "good") if demonstration.closed else badge("the loop has not closed", "bad")
    times = [(words, "–" if summary[name] is None else format_seconds(summary[name])) for name, words in _TIMES.items()]
    told = "".join(f"<li><span>{text(time)}</span><span>{text(sentence)}</span></li>" for time, sentence in lines(demonstration))
    after = paragraph("From the change of the world, with nobody calling anything in between:")
    story = paragraph(closed) + f'<ol class="story">{told}</ol>' + after + key_figures(times)
    return platform_document("The life of a model", demonstration.platform, [Section("story", "The story", story)])


def write_demonstration_page(demonstration: Demonstration, path: str | PathLike[str]) -> Path:
    """Write the page to a file and return where. Raises InputError, MissingExtraError."""
    return write_page(path, demonstration_page(demonstration))
