"""Is the client for code that blocks: sends what `asking.py` writes, and carries out `dialogues.py`.

`async_client.py` is its twin, method by method; a test holds them together.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import date
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from forebay_client import asking, dialogues
from forebay_client.asked_queries import Queries
from forebay_client.asking import Terms
from forebay_client.batch_results import BatchLine, BatchStatus, FailureCause, LandedResult, RunStatus, SignedLink
from forebay_client.deployment_results import Costs, Deed, ExtractState, LaneState, Outlook, WindowState
from forebay_client.server_address import find_server
from forebay_client.wires import Wire


class Client:
    """A deployment of Forebay. May be shared by threads; `close` it, or use it as a context manager."""

    def __init__(
        self, url: str | None = None, *, token: str | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Talks to the server at `url`, else at `FOREBAY_URL` with `FOREBAY_TOKEN`. Asks nothing yet.

        Raises `InputRefused` where no server is named. `transport` carries requests in another way.
        """
        self._wire = Wire(find_server(url, token), transport)

    def submit(self, what: str | Queries, **terms: Unpack[Terms]) -> BatchHandle:
        """Submits a definition of the spec by its name, or queries, and returns once the batch is durable.

        With a `key` it may be called again after any error: the same key is the same batch. Raises `KeyTaken`,
        `InputRefused`, `AuthRefused`, `SafetyStop` (a budget) and `ServiceFault`.
        """
        accepted = self._wire.do(asking.submission(what, terms))
        return BatchHandle(self._wire, accepted.batch, created=accepted.created, warnings=accepted.warnings)

    def batch(self, batch_id: str) -> BatchHandle:
        """Gives a handle of a batch that was submitted before, by whomever. Asks nothing yet."""
        return BatchHandle(self._wire, batch_id)

    def batches(
        self,
        *,
        state: str | None = None,
        since: str | date | None = None,
        q: str | None = None,
        extract: str | None = None,
        limit: int = 50,
    ) -> list[BatchLine]:
        """Lists batches, newest first; `q` is a part of an id or of where they came from."""
        return self._wire.do(asking.batches(state=state, since=since, q=q, extract=extract, limit=limit))

    def extracts(self) -> list[ExtractState]:
        """Lists the extracts of the spec with their newest windows."""
        return self._wire.do(asking.extracts())

    def extract(self, name: str, *, windows: int = 60) -> ExtractState:
        """Shows an extract with so many of its newest windows. Raises `NotFound`."""
        return self._wire.do(asking.extract(name, windows))

    def window(self, extract: str, window: str | date) -> WindowState:
        """Shows how one window of an extract stands. Raises `NotFound`."""
        return self._wire.do(asking.window(extract, window))

    def pause_extract(self, name: str, *, why: str | None = None) -> Deed:
        """Has no windows of an extract begun by themselves."""
        return self._wire.do(asking.act(asking.extract_act(name, "pause"), why=why))

    def resume_extract(self, name: str, *, why: str | None = None) -> Deed:
        """Has windows of an extract begun by themselves again."""
        return self._wire.do(asking.act(asking.extract_act(name, "resume"), why=why))

    def backfill(
        self, extract: str, *, start: str | date | None = None, end: str | date | None = None, why: str | None = None
    ) -> Deed:
        """Begins to fill the gaps of an extract: all, or those from `start` to before `end`, by the clock of its zone.

        The server goes on with that until it is done, which `deed` tells. Raises `InputRefused` if there is no gap.
        """
        asked = asking.gaps_between(start, end)
        return self._wire.do(asking.act(asking.extract_act(extract, "backfill"), **asked, why=why))

    def preview_backfill(
        self, extract: str, *, start: str | date | None = None, end: str | date | None = None
    ) -> Outlook:
        """Says what that would come to, and does nothing."""
        asked = asking.gaps_between(start, end)
        return self._wire.do(asking.preview(asking.extract_act(extract, "backfill"), **asked))

    def stop_backfill(self, deed: str, *, why: str | None = None) -> Deed:
        """Has a backfill submit nothing further; windows that were submitted go on."""
        return self._wire.do(asking.act(asking.deed_act(deed, "stop"), why=why))

    def deed(self, deed: str) -> Deed:
        """Shows what was done, by its id: of a backfill whether it goes on, and how far it is. Raises `NotFound`."""
        return self._wire.do(asking.deed(deed))

    def lanes(self) -> list[LaneState]:
        """Shows the slots of each account or organization."""
        return self._wire.do(asking.lanes())

    def pause_lane(self, lane: str, *, why: str | None = None) -> Deed:
        """Grants no slot of a lane any more; what runs goes on."""
        return self._wire.do(asking.act(asking.lane_act(lane, "pause"), why=why))

    def resume_lane(self, lane: str, *, why: str | None = None) -> Deed:
        """Grants slots of a lane again."""
        return self._wire.do(asking.act(asking.lane_act(lane, "resume"), why=why))

    def limit_lane(self, lane: str, *, why: str | None = None, **limits: float) -> Deed:
        """Sets limits of a lane: `cap`, `margin`, `reserve_interactive`, `creates_per_s`, …"""
        return self._wire.do(asking.act(asking.lane_act(lane, "limits"), why=why, **limits))

    def costs(
        self,
        *by: str,
        since: str | date | None = None,
        until: str | date | None = None,
        definition: str | None = None,
        connection: str | None = None,
        account: str | None = None,
    ) -> Costs:
        """Sums what was spent, by `definition` (if nothing is said), `connection`, `account` or `day`."""
        wanted = {"definition": definition, "connection": connection, "account": account}
        return self._wire.do(asking.costs(by or ("definition",), since=since, until=until, **wanted))

    def close(self) -> None:
        """Closes its connections. What was submitted goes on."""
        self._wire.close()

    def __enter__(self) -> Self:
        """Gives itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Closes it."""
        self.close()


class BatchHandle:
    """A batch, by its id; asks the server with each call and remembers nothing."""

    def __init__(self, wire: Wire, batch_id: str, *, created: bool = False, warnings: Sequence[str] = ()) -> None:
        self._wire = wire
        self.id = batch_id
        self.created = created
        """It was made by this `submit`, and was not there before."""
        self.warnings = tuple(warnings)

    def __repr__(self) -> str:
        """Names it."""
        return f"BatchHandle({self.id!r})"

    def status(self) -> BatchStatus:
        """Says how it stands. Raises `NotFound`."""
        return self._wire.do(asking.batch(self.id))

    def wait(self, timeout: float | None = None, *, check: bool = True) -> BatchStatus:
        """Waits until it goes on no more by itself, for `timeout` seconds at most, and gives how it stands.

        Raises `StillRunning` when the time is over, which cancels nothing; with `check` `BatchFailed`, `ChecksFailed`,
        `SafetyStop` and `AuthRefused` for an end that is not good; in any case what asking raises.
        """
        waiting = dialogues.wait(self.id, timeout_s=timeout, check=check, now_s=time.monotonic)
        return self._wire.carry_out(waiting)

    def runs(self, *, state: str | None = None, q: str | None = None) -> Iterator[RunStatus]:
        """Yields its runs in their order: all, or those in `state` (several with commas), or like `q`."""
        return self._wire.each(lambda start: asking.runs(self.id, start, state=state, q=q))

    def results(self) -> Iterator[LandedResult]:
        """Yields what has landed, by manifests: where each object lies, its bytes, sha256 and records."""
        return self._wire.each(lambda start: asking.results(self.id, start))

    def failures(self) -> list[FailureCause]:
        """Lists why runs failed, each cause once."""
        return self._wire.do(asking.failures(self.id))

    def links(self, run: RunStatus | LandedResult, *, expires_s: int = 300) -> list[SignedLink]:
        """Gives links by which whoever has them reads what a run landed, for a while. Raises `InputRefused`."""
        return self._wire.do(asking.links(self.id, run.lane, run.index, expires_s))

    def retry(
        self,
        *,
        cause: str | None = None,
        account: str | None = None,
        name: str | None = None,
        why: str | None = None,
    ) -> Deed:
        """Takes up what failed: of a cause, an account, a name, or all of it. Raises `InputRefused` if nothing did."""
        return self._act("retry", cause=cause, account=account, name=name, why=why)

    def take_up(self, *, why: str | None = None) -> list[Deed]:
        """Takes up failed runs that may land now; all of them, where all would fail again: then a person asks for it.

        Runs that go on, have landed or were canceled stay as they are: so whatever is tried again may begin with it.
        """
        return self._wire.carry_out(dialogues.take_up(self.id, why=why, now_s=time.monotonic))

    def preview_retry(
        self, *, cause: str | None = None, account: str | None = None, name: str | None = None
    ) -> Outlook:
        """Says what that would come to, and does nothing."""
        return self._preview("retry", cause=cause, account=account, name=name)

    def cancel(self, *, why: str | None = None) -> Deed:
        """Drops what waits. What Stripe has started runs to its end there, and does not land."""
        return self._act("cancel", why=why)

    def preview_cancel(self) -> Outlook:
        """Says what that would come to, and does nothing."""
        return self._preview("cancel")

    def pause(self, *, why: str | None = None) -> Deed:
        """Holds back what waits."""
        return self._act("pause", why=why)

    def resume(self, *, why: str | None = None) -> Deed:
        """Lets what waits begin again."""
        return self._act("resume", why=why)

    def change(self, *, flow_class: str, why: str | None = None) -> Deed:
        """Serves it as another class from now on."""
        return self._act("change", class_=flow_class, why=why)

    def _act(self, verb: str, **asked: Any) -> Deed:
        return self._wire.do(asking.act(asking.batch_act(self.id, verb), **asked))

    def _preview(self, verb: str, **asked: Any) -> Outlook:
        return self._wire.do(asking.preview(asking.batch_act(self.id, verb), **asked))
