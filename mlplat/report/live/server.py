"""The server of the page: on the loopback interface only, and for who knows its address only."""

from __future__ import annotations

import json
import math
import queue
import secrets
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ...errors import printable
from ...timeline_view import clock_text
from .view import HEALTH, View

if TYPE_CHECKING:
    from ...hardware.node_table import NodeTable
    from .pacing import Pace

LOOPBACK = "127.0.0.1"
ACTIONS = ("play", "pause", "step", "faster", "slower", "quit")
FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
}
LARGEST_BODY = 200
LOOKED_AT_S = 3.0
"""Wall-clock seconds after a request during which the page counts as open."""
MOST_CELLS = 2000
"""Nodes that have a cell of their own on the page; in a larger cluster racks have."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer:
    """Serves one page within the block, in threads that only hand over what they are given and take up what is asked for.

    `address`: with a random port and a secret token; without the token, or under any other name of a host, nothing is answered but that
    there is nothing, so that neither other users' programs nor other sites in the browser can look on or stop it.
    """

    def __init__(self, title: str, nodes: NodeTable | None) -> None:
        self._token = secrets.token_urlsafe(24)
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._about = json.dumps(_about(title, nodes)).encode()
        self._racks = None if nodes is None or len(nodes) <= MOST_CELLS else nodes
        self._state = b"null"
        self._looked = -math.inf
        self.closed = False
        """Whether the block was left: connections that are still open get no answer."""
        self._server = _Server((LOOPBACK, 0), _Handler)
        self._server.page = self
        port = self._server.server_address[1]
        self.hosts = (f"{LOOPBACK}:{port}", f"localhost:{port}")
        self.address = f"http://{LOOPBACK}:{port}/{self._token}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closed = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def looked_at(self) -> bool:
        """Whether the page is open, as far as its requests tell, or nothing was shown yet."""
        return self._state == b"null" or time.monotonic() - self._looked < LOOKED_AT_S

    def asked(self) -> list[str]:
        """What was asked for on the page since the last call."""
        found = []
        while not self._asked.empty():
            found.append(self._asked.get())
        return found

    def show(self, view: View, pace: Pace, ended: bool) -> None:
        """What the page gets from now on."""
        self._state = json.dumps(_state(view, pace, ended, self._racks), allow_nan=False).encode()

    # -- what handlers ask

    def known(self, path: str) -> str | None:
        """What is asked for below the token; None where the token is another."""
        token, _, rest = path.removeprefix("/").partition("/")
        return rest if path.startswith("/") and "/" in path[1:] and secrets.compare_digest(token.encode(), self._token.encode()) else None

    def content(self, name: str) -> tuple[bytes, str] | None:
        """Content and type of what has a name on the page."""
        if name == "state":
            self._looked = time.monotonic()
            return self._state, "application/json"
        if name == "about":
            return self._about, "application/json"
        if name not in FILES:
            return None
        file, kind = FILES[name]
        return (Path(__file__).parent / "page" / file).read_bytes(), kind

    def take(self, body: bytes) -> bool:
        """Take up what is asked for. Returns whether it is anything."""
        try:
            action = json.loads(body)["do"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return False
        if action not in ACTIONS:
            return False
        self._asked.put(action)
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    page: PageServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that has gone away is nobody's concern."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "mlplat", ""
    timeout = 10
    server: _Server

    def parse_request(self) -> bool:
        if self.server.page.closed:
            self.close_connection = True
            return False
        return super().parse_request()

    def do_GET(self) -> None:
        name = self._name()
        found = None if name is None else self.server.page.content(name)
        self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain") if found is None else self._answer(HTTPStatus.OK, *found)

    def do_POST(self) -> None:
        name = self._name()
        length = self.headers.get("Content-Length", "")
        fits = length.isascii() and length.isdigit() and len(length) < 6 and int(length) <= LARGEST_BODY
        mine = self.headers.get("Origin") in (None, *(f"http://{host}" for host in self.server.page.hosts))
        if name != "act" or not fits or not mine or self.headers.get("Content-Type") != "application/json":
            self.close_connection = True  # the body was not read
            self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")
            return
        done = self.server.page.take(self.rfile.read(int(length)))
        self._answer(HTTPStatus.OK if done else HTTPStatus.BAD_REQUEST, b"{}", "application/json")

    def _name(self) -> str | None:
        """What is asked for, None where nobody may ask. The name of the host keeps out sites that let theirs point here (DNS rebinding)."""
        page = self.server.page
        hosts = self.headers.get_all("Host") or []
        return page.known(self.path) if len(hosts) == 1 and hosts[0] in page.hosts else None

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed, the token least of all."""


def _about(title: str, nodes: NodeTable | None) -> dict[str, Any]:
    """What does not change: names of the cells."""
    cells: list[dict[str, str]] = []
    if nodes is not None and len(nodes) <= MOST_CELLS:
        cells = [
            {"name": printable(name), "rack": printable(nodes.racks[rack])}
            for name, rack in zip(nodes.names, nodes.rack.tolist(), strict=True)
        ]
    elif nodes is not None:
        cells = [{"name": printable(name), "rack": ""} for name in nodes.racks]
    return {"title": printable(title), "cells": cells, "health": list(HEALTH)}


def _state(view: View, pace: Pace, ended: bool, racks: NodeTable | None) -> dict[str, Any]:
    import numpy as np

    part, health = view.part, view.health
    if racks is not None:
        count = np.bincount(racks.rack, minlength=len(racks.racks))
        part = np.bincount(racks.rack, weights=part, minlength=len(racks.racks)) / count
        worst = np.zeros(len(racks.racks), dtype=np.int8)
        np.maximum.at(worst, racks.rack, health)
        health = worst
    return {
        "time": view.time,
        "clock": clock_text(float(round(view.time)) if pace.playing else view.time),
        "horizon": view.horizon if math.isfinite(view.horizon) else None,
        "playing": pace.playing,
        "speed": pace.speed if math.isfinite(pace.speed) else None,
        "ended": ended,
        "counts": dict(view.counts),
        "used": {pool: view.held[pool] / whole for pool, whole in view.whole.items()},
        "part": np.round(part * 100).astype(int).tolist(),
        "health": health.tolist(),
        "running": [{"name": job.name, "since": view.time - job.since, "where": job.where} for job in view.running],
        "waiting": [{"name": job.name, "since": view.time - job.since, "where": ""} for job in view.waiting],
        "events": [{"clock": clock_text(each.time), "text": each.text, "failure": each.failure} for each in view.events],
        "failures": view.failures,
    }
