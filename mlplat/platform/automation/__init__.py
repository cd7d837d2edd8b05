"""Automation: what builds, tests, delivers, watches and retrains by itself."""
