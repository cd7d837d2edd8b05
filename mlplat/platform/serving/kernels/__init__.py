"""A model server as compiled functions over arrays (docs/platform/serving.md).

Both clocks call these; nothing here knows of Python objects. Read in this order: `state` (what the arrays mean), `mixing` (which version,
which errors), `places` (the least busy replica), `attempts` (requests that are sent and end), `replicas` (started, up, drained), `slots`
(batches that begin and end), `losses` (replicas that die), `scaling` (how many are wanted) and `loop` (an instant, and the compiled clock).
"""
