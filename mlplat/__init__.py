"""mlplat: the flight simulator for ML platforms."""

__version__ = "0.1.0"
