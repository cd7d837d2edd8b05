"""`fetch` and the table of known traces. No test touches the network: the downloader of pooch is replaced."""

from __future__ import annotations

import gzip
import hashlib
import sys
from pathlib import Path
from typing import Any

import pooch
import pytest

from mlplat.errors import FetchError, MissingExtraError, UnknownNameError
from mlplat.traces import FORMATS, KNOWN_TRACES, KnownTrace, fetch, list_known
from mlplat.traces.source_bytes import read_source

HERE = {
    "openb": "openb/openb_pod_list_default.csv", "openb-gpushare40": "openb/openb_pod_list_gpushare40.csv",
    "openb-gpuspec33": "openb/openb_pod_list_gpuspec33.csv", "openb-multigpu20": "openb/openb_pod_list_multigpu20.csv",
    "openb-nodes": "openb/openb_node_list_gpu_node.csv", "openb-nodes-all": "openb/openb_node_list_all_node.csv",
    "philly": "philly/philly.csv", "lcg": "swf/LCG.swf.gz", "nasa-ipsc": "swf/NASA-iPSC-1993-3.1-cln.swf.zip",
}  # fmt: skip


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the replaced downloader serves by address: bytes, or an error to raise. `calls` counts."""
    world: dict[str, Any] = {"calls": 0}

    class Downloader:
        def __init__(self, **options: Any) -> None:
            assert options == {"progressbar": False}

        def __call__(self, url: str, output_file: str, owner: object) -> None:
            world["calls"] += 1
            content = world[url]
            if isinstance(content, BaseException):
                raise content
            Path(output_file).write_bytes(content)

    monkeypatch.setattr(pooch, "HTTPDownloader", Downloader)
    return world


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> KnownTrace:
    """A trace of five bytes in the table."""
    trace = KnownTrace("five", "five bytes", "nobody", "https://example.org", "https://example.org/five.swf.gz", "five.swf.gz", "swf",
                       hashlib.sha256(b"12345").hexdigest())  # fmt: skip
    monkeypatch.setattr("mlplat.traces.download.KNOWN_TRACES", {"five": trace})
    return trace


@pytest.mark.parametrize("name", sorted(KNOWN_TRACES))
def test_the_digests_are_those_of_the_files(shared_data: Path, name: str) -> None:
    assert hashlib.sha256(read_source(shared_data / HERE[name]).data).hexdigest() == KNOWN_TRACES[name].sha256


def test_the_table_is_plain_and_complete() -> None:
    assert [trace["name"] for trace in list_known()] == list(KNOWN_TRACES) and set(HERE) == set(KNOWN_TRACES)
    for trace in KNOWN_TRACES.values():
        assert trace.format in ("", *FORMATS) and Path(trace.file).name == trace.file and len(trace.sha256) == 64
        assert trace.page.startswith("https://") and (not trace.url or trace.url.startswith("https://"))
    assert len({trace.file for trace in KNOWN_TRACES.values()}) == len(KNOWN_TRACES)


def test_a_download_is_checked_kept_and_not_repeated(tmp_path: Path, known: KnownTrace, served: dict[str, Any]) -> None:
    served[known.url] = gzip.compress(b"12345")
    first = fetch("five", tmp_path / "cache")
    assert first == tmp_path / "cache" / "five.swf.gz" == fetch("five", tmp_path / "cache") and served["calls"] == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["five.swf.gz"]


def test_a_file_repacked_otherwise_is_the_same_file(tmp_path: Path, known: KnownTrace, served: dict[str, Any]) -> None:
    (tmp_path / known.file).write_bytes(b"12345")
    assert fetch("five", tmp_path) == tmp_path / known.file and served["calls"] == 0


def test_what_differs_is_refused_and_not_left_behind(tmp_path: Path, known: KnownTrace, served: dict[str, Any]) -> None:
    served[known.url] = b"<html>not found</html>"
    with pytest.raises(FetchError) as caught:
        fetch("five", tmp_path)
    assert known.url in str(caught.value) and known.sha256 in str(caught.value) and not list(tmp_path.iterdir())


def test_a_damaged_file_in_the_cache_is_downloaded_again(tmp_path: Path, known: KnownTrace, served: dict[str, Any]) -> None:
    (tmp_path / known.file).write_bytes(b"123")
    served[known.url] = b"12345"
    assert fetch("five", tmp_path).read_bytes() == b"12345"


@pytest.mark.parametrize("error", [ConnectionError("no route"), OSError("disk full"), ValueError("bad address")])
def test_without_a_network_the_way_by_hand_is_told(tmp_path: Path, known: KnownTrace, served: dict[str, Any], error: Exception) -> None:
    served[known.url] = error
    with pytest.raises(FetchError) as caught:
        fetch("five", tmp_path)
    text = str(caught.value)
    assert str(error) in text and known.url in text and known.sha256 in text and str(tmp_path / known.file) in text
    assert not list(tmp_path.iterdir())


def test_a_trace_without_an_address_is_taken_by_hand(tmp_path: Path, shared_data: Path) -> None:
    with pytest.raises(FetchError, match=r"https://github\.com/siasosp23/artifacts by hand"):
        fetch("philly", tmp_path)
    (tmp_path / "philly.csv").write_bytes((shared_data / "philly" / "philly.csv").read_bytes())
    assert fetch("philly", tmp_path) == tmp_path / "philly.csv"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path, known: KnownTrace, served: dict[str, Any]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="could not be downloaded"):
        fetch("five", tmp_path / "file" / "cache")


def test_without_pooch_the_extra_is_named(tmp_path: Path, known: KnownTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(MissingExtraError, match=r"mlplat\[traces\]"):
        fetch("five", tmp_path)


def test_an_unknown_name_suggests_the_closest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'philly'"):
        fetch("phily")
