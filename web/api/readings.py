"""Names what the page and the API read of a deployment: one set of readings for both, made by the composition root.

A reading is an object of JSON whose fields are those that the commands write with `--json` (docs/json-events.md), and
some more.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from forebay.governor.states import RunState

#: A JSON object.
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchesWanted:
    """Which batches are listed."""

    limit: int
    state: str = ""
    """A word of `BatchState`."""
    since: datetime | None = None
    text: str = ""
    """A part of their ids, or of where they came from."""
    extract: str = ""
    """The definition that they are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsWanted:
    """Which runs of a batch are listed: those at or past a position that are like this."""

    start: int = 0
    """Counted through the batch's lanes in their order."""
    limit: int
    states: frozenset[RunState] = frozenset()
    """None: all."""
    text: str = ""
    """A part of their names, or of their accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsWanted:
    """Which costs are summed up, and by what."""

    by: tuple[str, ...]
    """Words of `scheduler.costs.spending.By`; none: by definition."""
    since: date | None
    until: date | None
    names: Mapping[str, str]
    """The definition, connection and account that are meant, by these words."""
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStates:
    """The states of the runs that a batch has on one lane."""

    lane: str
    runs: int
    packed: bytes
    """Half a byte a run in the order of `RunState`, the even index in the high half; empty where Redis knows none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedStates:
    """The states of all runs of a batch."""

    lanes: tuple[LaneStates, ...]
    columns: int = 0
    """So many runs are a row of the grid, one account; 0 where its runs are in no such order, or few an account."""

    @property
    def packed(self) -> bytes:
        """Puts the lanes one after the other; each begins at a whole byte."""
        return b"".join(lane.packed for lane in self.lanes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestProblem:
    """An error as callers see it, in the words of the commands."""

    status: int
    kind: str
    """The class that the commands' `--json` names."""
    message: str
    way_out: str = ""
    exit_code: int = 2
    """With which a command would end that meets it."""


class Readings(Protocol):
    """What is to be seen of one deployment. Thread safe. Whatever a method raises, `problem` says it."""

    def today(self) -> Facts:
        """Gathers what needs a person, and a line for each extract and lane."""

    def batches(self, wanted: BatchesWanted) -> Facts:
        """Lists batches, newest first."""

    def batch(self, batch_id: str) -> Facts:
        """Names all that is known of a batch as a whole, and what is in its way."""

    def runs(self, batch_id: str, wanted: RunsWanted) -> Facts:
        """Lists runs of a batch in their order."""

    def states(self, batch_id: str) -> PackedStates:
        """Reads the states of all its runs, half a byte each."""

    def run(self, batch_id: str, lane: str, index: int) -> Facts:
        """Names all that is known of a run, with its story."""

    def failures(self, batch_id: str) -> Facts:
        """Groups the failures of a batch that still stand by their causes."""

    def manifests(self, batch_id: str, start: int, limit: int) -> Facts:
        """Reads the manifests of those of so many runs, from a position on, that have landed."""

    def over(self, batch_ids: Collection[str]) -> Collection[str]:
        """Finds those of which it is worth while to say now how they stand: they ended, stopped, or cannot be read.

        Cheap, and raises nothing: it is asked all the time while somebody waits.
        """

    def lanes(self) -> Facts:
        """Shows each lane, and why nothing moves where nothing does."""

    def extracts(self) -> Facts:
        """Shows each extract with its newest windows, and those that the spec has no more."""

    def extract(self, name: str, windows: int) -> Facts:
        """Shows an extract with so many of its newest windows."""

    def window(self, extract: str, text: str) -> Facts:
        """Shows the window of an extract that a date or a time is in."""

    def costs(self, wanted: CostsWanted) -> Facts:
        """Sums up what was spent."""

    def accounts(self) -> Facts:
        """Shows each account of the extracts, and how it stands in the newest window of each that came to an end."""

    def account(self, account: str, windows: int) -> Facts:
        """Shows how an account stood in so many of the newest windows of each extract."""

    def deed(self, name: str) -> Facts:
        """Shows what somebody did by the page, and how far it is where it goes on."""

    def deeds(self, limit: int) -> Facts:
        """Lists what people did by the page, newest first."""

    def problem(self, error: Exception) -> RequestProblem:
        """Says an exception in the words of the commands."""
