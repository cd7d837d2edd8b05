"""Capacity planning: scenarios, the statistics of replications, comparisons, sweeps and the search for the smallest cluster."""
