"""Keeps which hosts of results each worker can reach from where it runs; `doctor` asks, and nothing depends on it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forebay.governor import keys
from forebay.governor.redis_client import Client
from forebay.governor.redis_errors import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """What one worker found out."""

    at: datetime
    """When, by its own clock."""
    troubles: Mapping[str, str]
    """Host → why it cannot be reached; empty where it can."""


class HostReports:
    """The reports of all workers, by the names of their nodes. Thread safe. Raises `GovernorError`."""

    def __init__(self, client: Client) -> None:
        self._client: Any = client

    @translated()
    def report(self, node: str, report: HostReport, good_for_s: int) -> None:
        """Says what a worker found out; forgotten after so long, unless it is said again."""
        said = {"at": report.at.isoformat(), "hosts": dict(report.troubles)}
        self._client.set(keys.host_report(node), json.dumps(said), ex=good_for_s)

    @translated()
    def of(self, nodes: Sequence[str]) -> dict[str, HostReport | None]:
        """Gives what the worker of each node found out last; None where it has not said, or as another release does."""
        with self._client.pipeline(transaction=False) as pipeline:
            for node in nodes:
                pipeline.get(keys.host_report(node))
            return {node: _read(text) for node, text in zip(nodes, pipeline.execute(), strict=True)}


def _read(text: str | None) -> HostReport | None:
    try:
        said = json.loads(text or "")
        return HostReport(at=datetime.fromisoformat(said["at"]), troubles={**said["hosts"]})
    except (ValueError, TypeError, KeyError):
        return None
