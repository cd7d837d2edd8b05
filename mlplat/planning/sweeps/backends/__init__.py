"""Where the runs of a sweep are made: in this process, by workers on this machine, or on a Dask or Ray cluster.

A backend sends tasks and says what came of them. It knows nothing of sweeps: whatever the backend, its workers run the same function, and
that keeps its runs itself.
"""
