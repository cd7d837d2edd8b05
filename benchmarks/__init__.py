"""Benchmarks: each is run as `python -m benchmarks.NAME`, with `--seed` and `--json`.

`simpy_baseline` and `heap_baseline` are what the others measure against: how a SimPy user would write the same model, and the least that
any event loop must do.
"""
