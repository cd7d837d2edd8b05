"""Pods of a Kubernetes cluster, from what `kubectl get pods -A -o json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from ..resources import ResourceRequest
from ..workload import JobTrace
from .bad_rows import BadRows, Errors
from .json_place import Place, PlaceError, parse_json
from .pod_request import pod_request
from .source_bytes import Source
from .trace_reader import TraceReader, require_jobs

_EXPECTED = "a pod list as 'kubectl get pods -A -o json' prints it"


class _Dropped(Exception):
    """A pod that is left out, with the reason."""


class KubernetesReader(TraceReader):
    """A pod becomes a job of one replica that is never split; its namespace is the group.

    The submission is `creationTimestamp` (counted from the earliest; its Unix time is `origin`), the duration runs from `startTime` to the
    end
    of the last container; a pod that runs is a service of infinite duration. Pods that never started, or whose end is not recorded, are
    dropped. What a pod asks for is what the Kubernetes scheduler counts. Messages name the path in the document instead of the line.
    """

    name = "kubernetes"
    summary = "pods of a Kubernetes cluster (kubectl get pods -A -o json)"

    def recognizes(self, name: str, first_line: str) -> bool:
        """By the brace that begins a document."""
        return first_line.startswith("{")

    def read(self, source: Source, errors: Errors) -> JobTrace:
        """The pods in order of creation. Raises InputError."""
        bad_rows = BadRows(source.path, errors)
        dropped: dict[str, int] = {}
        pods: list[tuple[float, float, str, str, int]] = []
        requests: dict[ResourceRequest, int] = {}
        codes: list[int] = []
        for item in _items(source):
            try:
                pod, request = _pod(item)
            except _Dropped as reason:
                dropped[str(reason)] = dropped.get(str(reason), 0) + 1
            except PlaceError as error:
                bad_rows.add(error.problem, value=error.value, expected=error.expected)
            else:
                pods.append(pod)
                codes.append(requests.setdefault(request, len(requests)))
        skipped = bad_rows.close()
        require_jobs(len(pods), source.path, dropped, len(skipped))
        submit = np.array([pod[0] for pod in pods], dtype=np.float64)
        origin = float(submit.min()) if pods else 0.0
        groups: dict[str, int] = {}
        group = [groups.setdefault(pod[3], len(groups)) for pod in pods]
        return JobTrace.build(
            submit=submit - origin,
            duration=np.array([pod[1] for pod in pods], dtype=np.float64),
            request=np.array(codes, dtype=np.int32),
            requests=list(requests),
            priority=np.array([pod[4] for pod in pods], dtype=np.int32),
            group=np.array(group, dtype=np.int32),
            groups=tuple(groups) or ("",),
            job_id=np.array([f"{pod[3]}/{pod[2]}" for pod in pods], dtype=object),
            origin=origin,
            source=source.path,
            split="never",
            dropped=dropped,
            skipped=skipped,
        )


def _items(source: Source) -> list[Place]:
    document = parse_json(source.data, source.path)
    if not isinstance(document, Mapping):
        raise InputError("the document is not an object", path=source.path, expected=_EXPECTED)
    if document.get("kind") == "Pod":
        return [Place(document, "pod")]
    try:
        items = Place(document, "").items("items")
    except PlaceError as error:
        raise InputError(error.problem, path=source.path, value=error.value, expected=_EXPECTED) from None
    if not items:
        raise InputError("items: has no pods", path=source.path, expected=_EXPECTED)
    return items


def _pod(item: Place) -> tuple[tuple[float, float, str, str, int], ResourceRequest]:
    """Submission (Unix), duration, name, namespace and priority of a pod, and its request. Raises PlaceError and _Dropped."""
    if not isinstance(item.value, Mapping):
        item.refuse("is not an object", "a pod")
    if item.value.get("kind", "Pod") != "Pod":
        item.at("kind").refuse("is not a pod", "'Pod'")
    metadata, status = item.mapping("metadata"), item.mapping("status")
    name = metadata.text("name", required=True)
    namespace = metadata.text("namespace") or "default"
    created = metadata.moment("creationTimestamp")
    if created is None:
        metadata.at("creationTimestamp").refuse("is missing", "a time such as 2024-01-31T12:00:00Z")
    started = status.moment("startTime")
    if started is None:
        raise _Dropped("never started")
    phase = status.text("phase")
    if phase in ("Succeeded", "Failed"):
        ended = _end(status)
        if ended < started:
            status.at("startTime").refuse("is later than the end of the containers", "a time not after it")
        duration = ended - started
    elif phase in ("Running", "Pending"):
        duration = float("inf")
    elif phase == "Unknown":
        raise _Dropped("phase unknown")
    else:
        status.at("phase").refuse("is not a phase", "Pending, Running, Succeeded, Failed or Unknown")
    request = pod_request(item)
    return (float(created or 0.0), duration, name, namespace, _priority(item)), request


def _end(status: Place) -> float:
    """The Unix time at which the last container ended. Raises _Dropped where it is not recorded."""
    ends = []
    for container in status.objects("containerStatuses"):
        ended = container.mapping("state", "terminated").moment("finishedAt")
        if ended is not None:
            ends.append(ended)
    if not ends:
        raise _Dropped("end unknown")
    return max(ends)


def _priority(item: Place) -> int:
    place = item.mapping("spec").at("priority")
    value: Any = 0 if place.value is None else place.value
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**31) <= value < 2**31:
        place.refuse("is not a priority", "a whole number of 32 bits")
    return int(value)
