"""Gives readings to handlers, pages and streams, each shared for a moment by all who look (`shared_answers.py`)."""

from __future__ import annotations

from collections.abc import Callable

from forebay.web.api.readings import BatchesWanted, CostsWanted, Facts, PackedStates, Readings, RunsWanted
from forebay.web.shared_answers import SharedAnswers

#: What changes by the second: slots, counts, states.
LIVE_S = 1.0
#: What is read from the ledger, of which each object is a request.
SLOW_S = 10.0


class Watched:
    """The readings of a deployment as one process gives them out."""

    def __init__(self, readings: Readings, monotonic_s: Callable[[], float]) -> None:
        self._readings = readings
        self._answers = SharedAnswers(monotonic_s)
        self.problem = readings.problem
        self.over = readings.over
        self.forget = self._answers.forget

    def today(self) -> Facts:
        """Gathers what needs a person."""
        return self._answers.ask("today", SLOW_S, self._readings.today)

    def batches(self, wanted: BatchesWanted) -> Facts:
        """Lists batches."""
        return self._answers.ask(("batches", wanted), LIVE_S, lambda: self._readings.batches(wanted))

    def batch(self, batch_id: str, *, ended: bool = False) -> Facts:
        """Shows a batch as a whole; one that `ended` a moment ago not as it was before."""
        return self._answers.ask(("batch", batch_id, ended), LIVE_S, lambda: self._readings.batch(batch_id))

    def runs(self, batch_id: str, wanted: RunsWanted) -> Facts:
        """Lists runs of a batch."""
        return self._answers.ask(("runs", batch_id, wanted), LIVE_S, lambda: self._readings.runs(batch_id, wanted))

    def states(self, batch_id: str) -> PackedStates:
        """Reads the states of all its runs."""
        return self._answers.ask(("states", batch_id), LIVE_S, lambda: self._readings.states(batch_id))

    def run(self, batch_id: str, lane: str, index: int) -> Facts:
        """Shows a run."""
        return self._answers.ask(
            ("run", batch_id, lane, index), LIVE_S, lambda: self._readings.run(batch_id, lane, index)
        )

    def failures(self, batch_id: str) -> Facts:
        """Groups failures by cause."""
        return self._answers.ask(("failures", batch_id), LIVE_S, lambda: self._readings.failures(batch_id))

    def manifests(self, batch_id: str, start: int, limit: int) -> Facts:
        """Reads manifests."""
        return self._answers.ask(
            ("manifests", batch_id, start, limit), LIVE_S, lambda: self._readings.manifests(batch_id, start, limit)
        )

    def lanes(self) -> Facts:
        """Shows lanes."""
        return self._answers.ask("lanes", LIVE_S, self._readings.lanes)

    def extracts(self) -> Facts:
        """Shows extracts."""
        return self._answers.ask("extracts", SLOW_S, self._readings.extracts)

    def extract(self, name: str, windows: int) -> Facts:
        """Shows an extract."""
        return self._answers.ask(("extract", name, windows), SLOW_S, lambda: self._readings.extract(name, windows))

    def window(self, extract: str, text: str) -> Facts:
        """Shows one window of an extract."""
        return self._answers.ask(("window", extract, text), LIVE_S, lambda: self._readings.window(extract, text))

    def costs(self, wanted: CostsWanted) -> Facts:
        """Sums up costs."""
        question = ("costs", wanted.by, wanted.since, wanted.until, *sorted(wanted.names.items()), wanted.limit)
        return self._answers.ask(question, SLOW_S, lambda: self._readings.costs(wanted))

    def accounts(self) -> Facts:
        """Shows accounts."""
        return self._answers.ask("accounts", SLOW_S, self._readings.accounts)

    def account(self, account: str, windows: int) -> Facts:
        """Shows an account."""
        return self._answers.ask(
            ("account", account, windows), SLOW_S, lambda: self._readings.account(account, windows)
        )

    def deed(self, name: str) -> Facts:
        """Shows what was done."""
        return self._answers.ask(("deed", name), SLOW_S, lambda: self._readings.deed(name))

    def deeds(self, limit: int) -> Facts:
        """Lists what was done."""
        return self._answers.ask(("deeds", limit), SLOW_S, lambda: self._readings.deeds(limit))
