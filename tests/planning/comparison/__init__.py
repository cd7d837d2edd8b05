"""Tests of the comparison of policies."""
