"""Serves answers of Forebay's API that a test has written, over real HTTP, and keeps what was asked."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

PREFIX = "/api/v1"


@dataclass(kw_only=True)
class ScriptedServer:
    """What it answers to `GET /batches/B`, and what it was asked: method and path, with the body."""

    url: str
    answers: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=lambda: defaultdict(list))
    asked: list[tuple[str, Any]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)

    def answer(self, request: str, *bodies: dict[str, Any], status: int = 200) -> None:
        """Answers with each in its turn, and with the last from then on."""
        self.answers[request] += [(status, body) for body in bodies]

    def bodies(self, request: str) -> list[Any]:
        """Lists what came with a request."""
        return [body for each, body in self.asked if each == request]

    def next(self, request: str) -> tuple[int, dict[str, Any]]:
        """Gives the answer whose turn it is."""
        said = self.answers.get(request)
        if not said:
            return 404, {"title": f"{request} is not scripted", "class": "input", "exit": 2}
        return said.pop(0) if len(said) > 1 else said[0]


@contextmanager
def scripted_server() -> Iterator[ScriptedServer]:
    """Serves on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def _do(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            request = f"{self.command} {unquote(urlsplit(self.path).path).removeprefix(PREFIX)}"
            server.asked.append((request, body))
            server.tokens.add(self.headers.get("authorization"))
            status, answer = server.next(request)
            sent = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_words: Any) -> None:
            """Says nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = ScriptedServer(url=f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def batch_facts(batch: str = "b1", **facts: Any) -> dict[str, Any]:
    """Writes how a batch stands: landed, if nothing else is said."""
    counts = dict.fromkeys(("waiting", "starting", "alive", "ready", "failed", "canceled"), 0)
    landed = {"batch": batch, "state": "landed", "ended": True, "exit": 0, "created_at": "2026-11-27T06:15:00Z"}
    return {**landed, **counts, "runs": 2, "landed": 2, "records": 10, "bytes": 300, "output": "s3://b/p", **facts}


GOES_ON = {"state": "running", "ended": False, "exit": None, "landed": 0}


def failed(*classes: str) -> dict[str, Any]:
    """Says of a batch that runs failed of these."""
    failures = [{"error_class": each, "message": f"{each}!", "count": 1} for each in classes]
    return {"state": "failed", "exit": 1, "landed": 0, "failed": len(classes), "failures": failures}


def accepted(batch: str = "b1", *, created: bool = True) -> dict[str, Any]:
    """Writes what is answered to a submission."""
    return {"batch": batch, "created": created, "runs": 2, "output": "s3://b/p", "warnings": []}


def deed(act: str, **facts: Any) -> dict[str, Any]:
    """Writes what is answered to an act."""
    done = {"deed": "d1", "act": act, "target": "b1", "by": "airflow", "came": "1 run", "done": True, "going_on": False}
    return {**done, **facts}


def manifests(*objects: dict[str, Any], window: dict[str, str] | None = None) -> dict[str, Any]:
    """Writes a page of manifests, one run each."""
    runs = [
        {
            "lane": "acme",
            "index": index,
            "name": f"q{index}",
            "manifests": [{"object": each, "csv": {"records": 5, "columns": ["id"]}, "window": window}],
        }
        for index, each in enumerate(objects)
    ]
    return {"manifests": runs, "next": None}


def stored(sha256: str) -> dict[str, Any]:
    """Writes the object of a manifest."""
    return {"url": f"s3://b/p/{sha256}.csv", "format": "csv", "bytes": 150, "sha256": sha256}


def window_facts(day: str, after: str, **facts: Any) -> dict[str, Any]:
    """Writes how a window stands."""
    missing = {"state": "missing", "batch": None, "outcome": None, "gap": True}
    return {**missing, "label": day, "start": f"{day}T00:00:00Z", "end": f"{after}T00:00:00Z", **facts}
