"""Tests of the statistics of replications."""
