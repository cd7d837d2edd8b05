"""The scheduler state machine as compiled functions over arrays. Both clocks call these; nothing here knows of Python objects.

Read in this order: `state` (what the arrays mean), `room` (does it fit), `scores` and `fragmentation` (which node is best), `tree`
(finding it without a scan), `devices` (which device, take and give back), `gangs` (all replicas or none), `queues`, `easy` and `cycle`
(who is next),
`transitions` (submit, start, complete) and `replay_loop` (the compiled clock). `compilation` explains how all this is cached.
"""
