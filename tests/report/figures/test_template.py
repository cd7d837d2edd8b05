"""The colours of figures: readable on both backgrounds, and apart for people who see colours differently."""

from __future__ import annotations

import itertools

import numpy as np
import plotly.graph_objects as go
import pytest

from mlplat.errors import UnknownNameError
from mlplat.report.figures import COLOURS, themed
from mlplat.report.figures.template import BACKGROUNDS

SIGHTS = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""How colours look, by linear RGB: Machado, Oliveira and Fernandes (2009), severity 1."""


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB, D65."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = matrix @ np.clip(rgb, 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    low, high = sorted(float(linear(colour) @ (0.2126, 0.7152, 0.0722)) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("background", BACKGROUNDS.values())
def test_every_colour_has_a_contrast_of_three_to_one_with_both_backgrounds(background: str) -> None:
    assert min(contrast(colour, background) for colour in COLOURS) >= 3


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_stay_apart_whatever_cones_are_missing(sight: str) -> None:
    seen = [lab(np.array(SIGHTS[sight]) @ linear(colour)) for colour in COLOURS]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) >= 12


def test_text_is_readable_on_both_backgrounds() -> None:
    for theme, background in BACKGROUNDS.items():
        assert contrast(themed(go.Figure(), theme).layout.template.layout.font.color, background) >= 7


def test_an_unknown_theme_names_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match="dark, light"):
        themed(go.Figure(), "blue")
