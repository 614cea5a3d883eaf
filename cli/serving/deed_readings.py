"""Reads what people did by the page, and how far that is which goes on."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import islice

from forebay.cli.deployment import Deployment
from forebay.cli.following.backfilling import windows_between
from forebay.cli.following.batch_facts import batch_counts
from forebay.cli.following.batch_list import standing_of
from forebay.cli.serving.extract_readings import ExtractReadings
from forebay.config.errors import ConfigError
from forebay.scheduler.batches.lookup import find_batch
from forebay.scheduler.definitions.expand import calendar_of
from forebay.scheduler.errors import BatchUnknown, InputError
from forebay.scheduler.extracts.decisions import WindowStatus
from forebay.scheduler.extracts.gaps import Filling, filling_of
from forebay.scheduler.windows.calendar import label
from forebay.store.errors import StoreError
from forebay.store.ledger.deeds import Deed
from forebay.web.acts.act import ActKind
from forebay.web.api.readings import Facts
from forebay.web.errors import NothingThere

#: Windows of a backfill that are named, of all that are counted.
SOME_WINDOWS = 100
#: How a window is shown, unless its batch ended otherwise.
_STATES = {Filling.LEFT: "waiting", Filling.RUNNING: "running", Filling.FILLED: "landed"}


class DeedReadings:
    """The deeds of a deployment."""

    def __init__(self, deployment: Deployment, extracts: ExtractReadings, now: Callable[[], datetime]) -> None:
        self._deployment = deployment
        self._extracts = extracts
        self._now = now

    def one(self, name: str) -> Facts:
        """Shows what was done, and how its batch stands, or the windows of a backfill. Raises `NothingThere`."""
        deed = self._deployment.ledger.deeds.one(name)
        if deed is None:
            raise NothingThere("Nothing was done by that name")
        going_on = deed.came is None and self._deployment.ledger.deeds.goes_on(name)
        filled = self._filled(deed) if deed.act == ActKind.BACKFILL_EXTRACT else None
        return {**_facts(name, deed), "going_on": going_on, "windows": filled, "batch": self._batch(deed)}

    def newest(self, limit: int) -> Facts:
        """Lists what was done, newest first."""
        newest = islice(self._deployment.ledger.deeds.newest(self._now()), limit)
        return {"deeds": [_facts(name, deed) for name, deed in newest]}

    def _batch(self, deed: Deed) -> Facts | None:
        """Shows how the batch stands now to which it was done; None where it was to something else, or that is gone."""
        if deed.act not in [*ActKind] or ActKind(deed.act).about != "batch":
            return None
        try:
            standing = standing_of(self._deployment, find_batch(self._deployment.ledger, deed.target))
        except (BatchUnknown, StoreError):  # pruned, or its place is away: the deed stands all the same
            return None
        return {"state": standing.state, **batch_counts(standing)}

    def _filled(self, deed: Deed) -> Facts | None:
        """Shows how the windows of a backfill stand; None where the spec has the extract, or its range, no more."""
        config, extract = self._deployment.config, deed.target
        if config.written is None or extract not in config.written.spec.extracts:
            return None
        try:
            asked = windows_between(config, extract, deed.asked.get("from"), deed.asked.get("to"), deed.at)
        except (ConfigError, InputError):  # what that is, is in what came of it: the deed stands all the same
            return None
        zone = calendar_of(config.written, extract).zone
        found = [
            (status, filling)
            for status in self._extracts.statuses(extract, asked)
            if (filling := filling_of(status, deed.at))
        ]
        counts = Counter(filling for _, filling in found)
        return {
            **{str(filling): counts[filling] for filling in Filling},
            "newest": [
                {"label": label(status.window, zone), "batch": status.batch, "state": _state(status, filling)}
                for status, filling in found[:SOME_WINDOWS]
            ],
        }


def _state(status: WindowStatus, filling: Filling) -> str:
    return _STATES.get(filling) or str(status.outcome)


def _facts(name: str, deed: Deed) -> Facts:
    return {
        "deed": name,
        "at": deed.at.isoformat(),
        "by": deed.by,
        "known_by": deed.known_by,
        "act": deed.act,
        "target": deed.target,
        "asked": dict(deed.asked),
        "why": deed.why,
        "came": deed.came,
        "done": deed.done,
    }
