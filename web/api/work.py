"""Names what programs have a deployment do by the API, beside acts: batches are submitted, and links to results signed.

The composition root does it (`cli/serving/`), by the functions of the commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from forebay.web.access.identity import Identity
from forebay.web.api.readings import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedBatch:
    """A batch that somebody wants: of queries, or of a definition of the spec."""

    queries: tuple[Mapping[str, str], ...] = ()
    """Each with `sql`, and `name` and `account` where it has them; none where there is a definition."""
    definition: str = ""
    window: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    again: bool = False
    key: str | None = None
    to: str | None = None
    result_format: str | None = None
    account: str | None = None
    connection: str | None = None
    flow_class: str | None = None
    weight: float | None = None
    ceiling: int | None = None


class Work(Protocol):
    """What can be begun in one deployment. Thread safe. Each raises what the commands raise."""

    def submit(self, wanted: WantedBatch, who: Identity) -> Facts:
        """Accepts it, or finds what was accepted before: `created` tells. Raises `NotLetIn` for a place elsewhere."""

    def links(self, batch_id: str, lane: str, index: int, for_s: int) -> Facts:
        """Signs links to the results of a run, good for so many seconds. They are never kept and never logged."""
