"""Finds the batches of the last days that ended badly, or stand still until somebody decides: for today's list.

However many were accepted since, so each is read until it has ended well, and then no more.
"""

from datetime import datetime, timedelta

from forebay.cli.deployment import Deployment
from forebay.cli.following.batch_facts import listed_facts
from forebay.cli.following.batch_list import BatchList
from forebay.cli.output.batch_state import BatchState
from forebay.web.api.readings import Facts

#: What is older is told by the windows of its extract, or by `forebay ls`.
LOOKED_BACK = timedelta(days=7)
#: Names of those that ended well.
MOST_REMEMBERED = 50_000
#: So many that have not ended well are read at a time: those that wait cost, too.
MOST_READ = 500
#: As `batch_list.BatchList` has it: where Redis has fewer, the ledger is asked what it has lost.
_FEW = 20

_WELL = (BatchState.LANDED, BatchState.CANCELED)


class TroubledBatches:
    """The batches of one deployment. One thread uses it."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._ended_well: set[str] = set()
        self.is_cut = False
        """Whether more have not ended well than are read."""

    def read(self, now: datetime) -> list[Facts]:
        """Gives all that are there and have not ended well, newest first. Raises StoreError and GovernorError."""
        listing = BatchList(self._deployment, _FEW, most_read=MOST_READ, passes=self._ended_well.__contains__)
        found = []
        for listed in listing.newest(now - LOOKED_BACK):
            if listed.state in _WELL:
                self._ended_well.add(listed.id)
            else:
                found.append(listed_facts(listed))
        self.is_cut = listing.is_cut
        if len(self._ended_well) > MOST_REMEMBERED:
            self._ended_well.clear()
        return found
