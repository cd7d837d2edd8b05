"""The public traces that `fetch` knows: who publishes them, where, and the digest of what is in them.

`sha256` is the digest of the file's content after decompression, since publishers and mirrors repack the same log as `.gz` or `.zip`. The
digests were computed from copies of the files; that the publishers' addresses serve these very bytes was not checked when the table was
made, which had no access to the network. A download that differs is refused, so an address that has moved or changed is noticed. A trace
without `url` has no direct address that is known for certain: it is taken by hand from `page`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_OPENB = "https://raw.githubusercontent.com/alibaba/clusterdata/master/cluster-trace-gpu-v2023/csv/"
_OPENB_PAGE = "https://github.com/alibaba/clusterdata/tree/master/cluster-trace-gpu-v2023"
_SWF = "https://www.cs.huji.ac.il/labs/parallel/workload/"


@dataclass(frozen=True, slots=True)
class KnownTrace:
    """One published file. `file` is the name it is stored under, `format` what `read_trace` takes (empty for a list of nodes).

    >>> KNOWN_TRACES["lcg"].format
    'swf'
    """

    name: str
    summary: str
    publisher: str
    page: str
    url: str
    file: str
    format: str
    sha256: str


def _openb(name: str, file: str, summary: str, sha256: str, format: str = "openb") -> KnownTrace:
    return KnownTrace(name, summary, "Alibaba clusterdata, cluster-trace-gpu-v2023", _OPENB_PAGE, _OPENB + file, file, format, sha256)


_TRACES = (
    _openb(
        "openb",
        "openb_pod_list_default.csv",
        "8,152 pods of a production GPU cluster",
        "1ee7ed79c27a3b0861cda8ddba86a004c6aba904caafa329a76ae93ca63834a8",
    ),
    _openb(
        "openb-gpushare40",
        "openb_pod_list_gpushare40.csv",
        "the same, 40 % of GPU demand shared",
        "d83ce79a4eb6987524bedbb0c65e41aed3a36bf6c1b78b86234c3687a07e1d40",
    ),
    _openb(
        "openb-gpuspec33",
        "openb_pod_list_gpuspec33.csv",
        "the same, 33 % of GPU pods ask for a model",
        "eca4f746db1e5b25864ad021b55ece3943e101a3ebd4574d09dcb95c46117652",
    ),
    _openb(
        "openb-multigpu20",
        "openb_pod_list_multigpu20.csv",
        "the same, 20 % more pods with several GPUs",
        "d9ec6f6c74fb980cc0b81239470c6353fceea077ea9abd610003b604c7cc2b01",
    ),
    _openb(
        "openb-nodes",
        "openb_node_list_gpu_node.csv",
        "the 1,213 GPU nodes of that cluster (for ClusterSpec.from_openb)",
        "2beca64b4d3dfa342036a34b56a495c6cef9225db836c81f541282cb1df320b5",
        format="",
    ),
    _openb(
        "openb-nodes-all",
        "openb_node_list_all_node.csv",
        "all 1,523 nodes of that cluster (for ClusterSpec.from_openb)",
        "5a85c2af79c66a1efff8bbcbda430400aae56d8431370d738480967e1a9c6b15",
        format="",
    ),
    KnownTrace(
        name="philly",
        summary="82,247 deep-learning training jobs of Microsoft's Philly cluster, 2017",
        publisher="Philly traces (Microsoft), as cut by the artifact of Sia (SOSP 2023)",
        page="https://github.com/siasosp23/artifacts",
        url="",
        file="philly.csv",
        format="philly",
        sha256="ebffb3dd1589bdf4e7bcd74496201c5ded1d557d498ee14f560463f37ec353da",
    ),
    KnownTrace(
        name="lcg",
        summary="188,041 jobs of the LCG grid, 2005",
        publisher="Parallel Workloads Archive (LCG-2005-1.swf)",
        page=_SWF + "l_lcg/",
        url=_SWF + "l_lcg/LCG-2005-1.swf.gz",
        file="LCG-2005-1.swf.gz",
        format="swf",
        sha256="f8e60cbd08ca990bdd39effc3b3787d7e60539419e2345661c0d5c3b4fa60f4e",
    ),
    KnownTrace(
        name="nasa-ipsc",
        summary="18,239 jobs of the NASA Ames iPSC/860, 1993, cleaned",
        publisher="Parallel Workloads Archive (NASA-iPSC-1993-3.1-cln.swf)",
        page=_SWF + "l_nasa_ipsc/",
        url=_SWF + "l_nasa_ipsc/NASA-iPSC-1993-3.1-cln.swf.gz",
        file="NASA-iPSC-1993-3.1-cln.swf.gz",
        format="swf",
        sha256="12ab94d009c084bd3ef80117e3cd80ebba58c93f8593f3784ad43c76ee8a047a",
    ),
)

KNOWN_TRACES: Mapping[str, KnownTrace] = MappingProxyType({trace.name: trace for trace in _TRACES})
"""The traces that `fetch` knows, by name."""


def list_known() -> list[dict[str, str]]:
    """The known traces as plain dictionaries, in the order of the table.

    >>> [trace["name"] for trace in list_known()][:2]
    ['openb', 'openb-gpushare40']
    """
    return [{field: getattr(trace, field) for field in KnownTrace.__slots__} for trace in KNOWN_TRACES.values()]
