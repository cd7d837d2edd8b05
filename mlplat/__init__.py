"""mlplat: the flight simulator for ML platforms."""

from .version import VERSION as __version__
