"""Runs: a trace on a cluster under policies, and what came of it. `replay` makes a `Result`."""
