"""The rows of the authorization matrix for the components that do something by themselves."""

from __future__ import annotations

from functools import partial

from mlplat.platform.automation.builder import default_index

from .matrix import PLATFORM, Row
from .matrix_rows import ADMIN, DEPLOY, READ, WRITE, given, row
from .matrix_world import FLOW, MODEL, PlatformWorld

_made = PlatformWorld("orchestrator")
REPOSITORY, COMMIT = f"repo:{FLOW}", f"repo:{FLOW}@{_made.flow}"
PIPELINE = f"pipeline:{FLOW}@{_made.pipeline}"
AT = f"{FLOW}@main"
OF_PROJECT = ((ADMIN, "project:shop"),)
"""What it takes to let a service account of the project work for a repository, beside `admin` on that."""

INBOX = {
    "messages": Row(given()),
    "post": row(WRITE, "project:shop", "shop", "hello"),
}

_read = partial(row, READ, REPOSITORY, FLOW)
BUILDER = {
    "build": row(READ, COMMIT, AT, more=((WRITE, f"image:{FLOW}"),)),
    "plan": row(READ, COMMIT, AT),
    "lock": row(READ, COMMIT, AT),
    "builds": _read(),
    "wait": _read(1),
    "enable": row(ADMIN, REPOSITORY, FLOW, ".robot", more=OF_PROJECT),
    "disable": row(ADMIN, REPOSITORY, FLOW),
    "index": Row(given()),
    "set_index": row(ADMIN, PLATFORM, default_index()),
}

CI = {
    "run": row(WRITE, COMMIT, AT, more=((READ, COMMIT),)),
    "runs": _read(),
    "results": _read(1),
    "wait": _read(1),
    "cancel": row(WRITE, REPOSITORY, FLOW, 1),
    "enable": row(ADMIN, REPOSITORY, FLOW, ".robot", more=OF_PROJECT),
    "disable": row(ADMIN, REPOSITORY, FLOW),
}

CODE, NEW_RUN = (READ, COMMIT), (WRITE, "run:shop/*")
_pipeline = partial(row, READ, PIPELINE, FLOW)
_first = partial(row, READ, "run:shop/flow-1", "shop/flow-1")

ORCHESTRATOR = {
    "publish": row(READ, COMMIT, AT, name="shop/new", more=((WRITE, "pipeline:shop/new"),)),
    "resolve": _pipeline(),
    "graph": _pipeline(),
    "versions": Row(given(FLOW)),
    "list": Row(given()),
    "run": _pipeline(more=(CODE, NEW_RUN)),
    "run, of a commit": row(READ, COMMIT, AT, more=(NEW_RUN, (READ, PIPELINE))),
    "resume": row(WRITE, "run:shop/flow-2", "shop/flow-2", more=((READ, "run:shop/flow-2"), (READ, PIPELINE), CODE, NEW_RUN)),
    "rerun": _first(more=(CODE, NEW_RUN, (READ, PIPELINE))),
    "cancel": row(WRITE, "run:shop/flow-3", "shop/flow-3"),
    "get": _first(),
    "runs": Row(given()),
    "value": _first("double"),
    "schedule": row(WRITE, "pipeline:shop/hourly", "shop/hourly", FLOW, every="1h", more=((READ, PIPELINE),))._replace(whole=True),
    "schedule, in another's name": row(
        WRITE,
        "pipeline:shop/hourly",
        *("shop/hourly", FLOW),
        every="1h",
        account="robot",
        more=((READ, PIPELINE), (ADMIN, "project:shop")),
    ),
    "trigger": row(WRITE, "pipeline:shop/fresh", "shop/fresh", FLOW, more=((READ, PIPELINE),))._replace(whole=True),
    "unschedule": row(WRITE, "pipeline:shop/daily", "shop/daily"),
    "schedules": Row(given()),
}

DEPLOYMENT = "deployment:shop/front"
RETRAINING = {
    "configure": row(ADMIN, "deployment:shop/new", "shop/new", ".robot", more=((ADMIN, "project:shop"),)),
    "bind": row(DEPLOY, DEPLOYMENT, "shop/front", FLOW, more=((READ, PIPELINE),)),
    "request": row(WRITE, DEPLOYMENT, "shop/front"),
    "offer": row(WRITE, DEPLOYMENT, "shop/front", f"{MODEL}@1", more=((READ, f"model:{MODEL}@1"),)),
    "resume": row(WRITE, DEPLOYMENT, "shop/front"),
    "status": row(READ, DEPLOYMENT, "shop/front"),
    "history": row(READ, DEPLOYMENT, "shop/front"),
    "list": Row(given()),
}

UNTOLD = f"model:{MODEL}@2"
"""A model whose lineage is not complete, so that nothing is run."""
REPRODUCTION = {
    "start": row(READ, UNTOLD, f"{MODEL}@2"),
    "verdicts": row(READ, UNTOLD, f"{MODEL}@2"),
}
REPRODUCE = row(READ, UNTOLD, f"{MODEL}@2")
"""Of the platform, which does it elsewhere."""
