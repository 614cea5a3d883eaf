"""Describes the extracts of a spec as far as definitions of assets need them; the component keeps it as state."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from dagster_forebay.forebay_resource import ForebayResource
from forebay_client import Client, ExtractState, ServiceFault


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractDescription:
    """What is known of an extract before anything of it is asked for."""

    name: str
    every: str
    """A period (`1h`, `1d`, `1w`, `1mo`), or a cron line by the clock of `time_zone`."""
    time_zone: str
    first_start: str
    """Where the first window begins, as ISO 8601."""
    late_after: str | None = None
    """A period after a window's end; None where none is ever late."""
    checks: tuple[str, ...] = ()
    """What the spec has checked of results: `columns`, `rows`, `tie_out`."""

    @classmethod
    def of(cls, state: ExtractState) -> ExtractDescription:
        """Reads it from what the server says. Raises `ServiceFault` for a server that is older than this."""
        if state.cadence is None:
            raise ServiceFault(
                f"the server does not say how the time of {state.name} is cut into windows",
                kind="answer",
                way_out="it is older than dagster-forebay: upgrade it first",
            )
        return cls(
            name=state.name,
            every=state.cadence.every,
            time_zone=state.cadence.time_zone,
            first_start=state.cadence.first_start.isoformat(),
            late_after=state.cadence.late_after,
            checks=state.checks,
        )

    @property
    def first(self) -> datetime:
        """Gives where the first window begins."""
        return datetime.fromisoformat(self.first_start)


def describe_extracts(forebay: ForebayResource, select: Collection[str] | None = None) -> list[ExtractDescription]:
    """Asks the server for the extracts of its spec: all, or those of these names. Raises what `forebay_client` does."""
    deployment: ForebayResource = forebay.process_config_and_initialize()
    with deployment.get_client() as client:
        return [
            _described(client, name)
            for name in (select if select is not None else [state.name for state in client.extracts()])
        ]


def write_descriptions(extracts: Iterable[ExtractDescription]) -> str:
    """Writes them as JSON."""
    return json.dumps([asdict(extract) for extract in extracts], indent=1)


def read_descriptions(text: str) -> list[ExtractDescription]:
    """Reads what `write_descriptions` wrote."""
    facts: list[dict[str, Any]] = json.loads(text)
    return [ExtractDescription(**{**each, "checks": tuple(each["checks"])}) for each in facts]


def _described(client: Client, name: str) -> ExtractDescription:
    return ExtractDescription.of(client.extract(name, windows=1))
