"""Failure rates from the literature, ready to use: facts as published, and what was taken from them.

The one table so far is the training of Llama 3 405B ("The Llama 3 Herd of Models", Llama Team, 2024, table of the causes of unexpected
interruptions): 419 of them in 54 days on 16,384 GPUs, eight a host. The counts add up to 419. (The percentage printed beside the first
count does not fit it; the counts are used.)
"""

from __future__ import annotations

from types import MappingProxyType

from .reliability import FailureRate, Reliability

LLAMA3_DAYS, LLAMA3_GPUS, LLAMA3_HOSTS = 54, 16_384, 2_048

LLAMA3_INTERRUPTIONS = MappingProxyType(
    {
        "Faulty GPU": (148, "device"),
        "GPU HBM3 memory": (72, "device"),
        "Software bug": (54, "node"),
        "Network switch/cable": (35, "node"),
        "Host maintenance": (32, "node"),
        "GPU SRAM memory": (19, "device"),
        "GPU system processor": (17, "device"),
        "NIC": (7, "node"),
        "NCCL watchdog timeouts": (7, "node"),
        "Silent data corruption": (6, "device"),
        "GPU thermal interface + sensor": (6, "device"),
        "SSD": (3, "node"),
        "Power supply": (3, "node"),
        "Server chassis": (2, "node"),
        "IO expansion board": (2, "node"),
        "Dependency": (2, "node"),
        "CPU": (2, "node"),
        "System memory": (2, "node"),
    }
)
"""Cause -> (interruptions, the component they are counted for). What is neither GPU nor host (software, network: 98) ended the one
job as the loss of a host did, and is counted for the nodes, so that the rates together give 419."""


def interruptions(component: str) -> int:
    """Interruptions of the Llama 3 run that are counted for `device` or `node`.

    >>> interruptions("device"), interruptions("node")
    (268, 151)
    """
    return sum(count for count, of in LLAMA3_INTERRUPTIONS.values() if of == component)


LLAMA3 = Reliability(
    device=FailureRate(mtbf=LLAMA3_GPUS * LLAMA3_DAYS * 86400.0 / interruptions("device"), mttr="1d"),
    node=FailureRate(mtbf=LLAMA3_HOSTS * LLAMA3_DAYS * 86400.0 / interruptions("node"), mttr="4h"),
)
"""The rates of the Llama 3 run: a GPU fails every 3,301 days, a host (with its part of network and software) every 732. Repair times are
not published: a day for a GPU and four hours for a host are assumptions."""
