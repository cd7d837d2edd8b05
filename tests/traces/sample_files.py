"""Small files of each format, as text, and how to put them on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OPENB = """\
name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
pod-0,12000,16384,1,1000,,LS,Running,0,500,10
pod-1,6000,12288,1,460,T4|P100,LS,Running,5,900,7
pod-2,8000,4096,0,0,T4,BE,Succeeded,6,66,6
pod-3,96000,786432,8,1000,V100M32,LS,Running,9,1000,9
pod-4,1000,1024,1,250,,BE,Pending,11,70,
pod-5,1000,1024,1,1500,,BE,Failed,12,80,13
"""

PHILLY = """\
timestamp,duration,num_gpus,gpu_time,cluster
2017-10-09 07:01:55,66.0,1,66.0,11cb48
2017-10-09 06:13:03,2951.0,8,23608.0,6214e9
2017-10-10 00:00:00,10.5,16,168.0,11cb48
2017-10-09 07:01:55,0.0,2,0.0,7f04ca
"""

SWF = """\
; Version: 2.2
; Computer: a small one
; UnixStartTime: 1000000
;
  1    0   -1  100   4  -1   -1   4   200   -1  1   7  1  -1  1 -1 -1 -1
  2   10   -1   50  -1  -1   -1   8    40  512  1   8  1  -1  1 -1 -1 -1
  3   20   -1   -1   2  -1   -1   2    -1   -1  0   7  1  -1  1 -1 -1 -1
  4   30   -1   60   1  -1 2048  -1    -1   -1  1   9  1  -1  1 -1 -1 -1
  5   40   -1   60  -1  -1   -1  -1    -1   -1  1   9  1  -1  1 -1 -1 -1
  6   50   -1    0   1  -1   -1   1    10   -1  1   9  1  -1  1 -1 -1 -1
"""

CSV = """\
job_id,submit,duration,estimate,replicas,cpu_milli,memory_mib,disk_mib,gpus,gpu_milli,mig,models,priority,group
a,0,100.5,200,1,4000,1024,,8,,,V100|P100,3,team-1
b,10,inf,,2,500,512,10,,250,,,,team-2
c,5.25,60,,1,1000,1024,,,,3g.20gb,,-1,team-1
d,20,0,0,4,1000,,,,,,,,
"""

SLURM = """\
JobID|User|Account|Submit|Start|End|Elapsed|Timelimit|ReqTRES|AllocTRES|NNodes|NCPUS|State
10|ann|phys|2024-01-31T12:00:00|2024-01-31T12:00:10|2024-01-31T13:00:10|01:00:00|2-00:00:00|cpu=8,mem=32G,node=1|cpu=8,mem=32G,node=1|1|8|COMPLETED
10.batch||phys|2024-01-31T12:00:10|2024-01-31T12:00:10|2024-01-31T13:00:10|01:00:00|||cpu=8,mem=32G|1|8|COMPLETED
11_3|bob|chem|2024-01-31T11:00:00|2024-01-31T12:00:10|2024-02-01T12:00:10|1-00:00:00|UNLIMITED|cpu=10,gres/gpu=8|cpu=10,mem=100G,gres/gpu=8,gres/gpu:a100=8|3|10|TIMEOUT
12|bob|chem|2024-01-31T12:30:00|Unknown|Unknown|00:00:00|10:00|cpu=1,mem=1G||1|1|PENDING
13|eve|phys|2024-01-31T12:30:01|2024-01-31T12:30:05|Unknown|05:00|Partition_Limit|cpu=1|cpu=1|1|1|RUNNING
14|eve|phys|2024-01-31T12:30:02|2024-01-31T12:30:06|2024-01-31T12:31:06|01:00|Partition_Limit|cpu=1|cpu=1,mem=4000M|1|1|FAILED
"""


def pod(name: str, **changes: Any) -> dict[str, Any]:
    """A pod that ran for a minute; `changes` replace parts of it: requests, status, spec, metadata."""
    requests = changes.get("requests", {"cpu": "500m", "memory": "1Gi"})
    ended = {"state": {"terminated": {"finishedAt": "2024-01-31T12:01:05Z"}}}
    status = {"phase": "Succeeded", "startTime": "2024-01-31T12:00:05Z", "containerStatuses": [ended]}
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "lab", "creationTimestamp": "2024-01-31T12:00:00Z"} | changes.get("metadata", {}),
        "spec": {"containers": [{"name": "main", "resources": {"requests": requests}}]} | changes.get("spec", {}),
        "status": status | changes.get("status", {}),
    }


def pods(*items: Any) -> str:
    """The JSON of a pod list."""
    return json.dumps({"kind": "List", "apiVersion": "v1", "items": list(items)}, indent=1)


KUBERNETES = pods(
    pod("a"),
    pod("b", requests={"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "2"}, status={"phase": "Running", "containerStatuses": []}),
    pod(
        "c",
        requests={"cpu": 1, "nvidia.com/mig-1g.5gb": 1},
        spec={"priority": 1000, "nodeSelector": {"nvidia.com/gpu.product": "Tesla-T4"}},
    ),
    pod("d", status={"phase": "Pending", "startTime": None}),
)

SAMPLES = {"openb": OPENB, "philly": PHILLY, "swf": SWF, "csv": CSV, "slurm": SLURM, "kubernetes": KUBERNETES}


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def with_cell(text: str, line: int, column: str, value: str, separator: str = ",") -> str:
    """CSV text with one cell replaced; `line` counts the header."""
    rows = [row.split(separator) for row in text.splitlines()]
    rows[line - 1][rows[0].index(column)] = value
    return "\n".join(separator.join(row) for row in rows) + "\n"
