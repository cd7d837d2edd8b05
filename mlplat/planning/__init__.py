"""Capacity planning: scenarios, statistics, and the search for what meets the objectives."""
