"""What the shell offers for the values of options when Tab is pressed. Names stand here as text, since to load the policies takes longer
than anybody waits for a Tab; a test holds them equal to those that the library knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

QUEUES = ("best-effort-fifo", "conservative", "drf", "easy", "fifo", "las", "loss", "priority", "sjf", "srtf")
PLACEMENTS = (
    "balanced",
    "best-fit",
    "dot-product",
    "fgd",
    "first-fit",
    "gpu-clustering",
    "gpu-packing",
    "least-allocated",
    "most-allocated",
    "random",
    "topology",
    "worst-fit",
)
FORMATS = ("csv", "kubernetes", "openb", "parquet", "philly", "slurm", "swf")

Completed = Callable[[str], list[str]]


def one_of(*names: str) -> Completed:
    """Offers those of the names that begin with what is typed.

    >>> one_of("raise", "skip")("s")
    ['skip']
    """
    return lambda incomplete: [name for name in names if name.startswith(incomplete)]


def some_of(names: Callable[[], Iterable[str]]) -> Completed:
    """Offers names for the last part of a list with commas. `names` is called when somebody asks.

    >>> some_of(lambda: ["mean_wait", "makespan"])("p95_wait,m")
    ['p95_wait,mean_wait', 'p95_wait,makespan']
    """

    def complete(incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        return [f"{before}{comma}{name}" for name in names() if name.startswith(last)]

    return complete


def policies(incomplete: str) -> list[str]:
    """Offers QUEUE/PLACEMENT for the last part of a list with commas.

    >>> policies("fifo/best-fit,easy/f")
    ['fifo/best-fit,easy/fgd', 'fifo/best-fit,easy/first-fit']
    """
    before, comma, last = incomplete.rpartition(",")
    queue, slash, placement = last.partition("/")
    if slash:
        return [f"{before}{comma}{queue}/{name}" for name in PLACEMENTS if name.startswith(placement)]
    return [f"{before}{comma}{name}/" for name in QUEUES if name.startswith(queue)]


queue = one_of(*QUEUES)
placement = one_of(*PLACEMENTS)
trace_format = one_of(*FORMATS)
ties = one_of("node-order", "random")
bad_rows = one_of("raise", "skip")
checkpoint = one_of("none", "young-daly", "every 30m")
