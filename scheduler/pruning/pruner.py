"""Removes what was chosen (`choosing.py`): from Redis's list, from the ledger, and what is left in quarantine.

In this order, a page of batches at a time, so that a death at any moment leaves a ledger that everybody reads:

    open marks              read once more: what somebody took up since the choice stays
    pruned windows          so that nobody takes a window for one that never ran
    leftovers in quarantine of batches of which nothing stays there; `_batch.json`, how one ended, is no leftover
    answers                 of questions whether data are ready, which are nobody's results
    Redis's list            which would name batches of another ledger
    the batches             (`store/ledger/removals.py`), and only then the marks by which they were found

Results and their manifests stay as they are.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

from forebay.governor.deployment.recent_batches import RecentBatches
from forebay.governor.redis_client import Client
from forebay.landing.batch_manifest import BATCH_MANIFEST
from forebay.landing.result_paths import batch_folder, quarantine_of
from forebay.scheduler.extracts.ready import is_question
from forebay.scheduler.pruning.choosing import PrunableBatch, PruneChoice, choose
from forebay.scheduler.windows.calendar import Window, window_name
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.ledger import Ledger
from forebay.store.ledger.marks import Marks
from forebay.store.ledger.removals import AT_ONCE

#: Whatever else goes: a year can be held against the one before, up to the month that is under way.
USES_KEPT = timedelta(days=800)


@dataclass(slots=True, kw_only=True)
class Pruned:
    """What a pruning came to."""

    batches: int = 0
    objects: int = 0
    """Of the ledger."""
    leftovers: int = 0
    """Objects in quarantine that belonged to nothing."""


class Pruner:
    """Prunes one deployment's ledger. Its methods raise StoreError and `GovernorError`."""

    def __init__(
        self,
        ledger: Ledger,
        marks: Marks,
        client: Client,
        open_store: Callable[[str], Store],
        *,
        answers: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Takes as `answers` the place of those to questions whether data are ready."""
        self._ledger, self._marks, self._redis, self._open_store = ledger, marks, client, open_store
        self._answers, self._now = answers, now

    def choose(self, before: datetime) -> PruneChoice:
        """Chooses what may go of all that was accepted before a moment."""
        return choose(self._ledger, self._redis, before)

    def prune(self, choice: PruneChoice, before: datetime) -> Pruned:
        """Removes what was chosen, and what an earlier pruning left half done."""
        pruned = Pruned(objects=self._ledger.removals.finish())
        for page in _pages(choice.groups):
            self._prune(page, choice, pruned)
        pruned.objects += self._ledger.spent.prune(before.astimezone(UTC).date())
        pruned.objects += self._ledger.uses.prune(min(before, self._now() - USES_KEPT).astimezone(UTC).date())
        pruned.objects += self._ledger.deeds.prune(before)
        self._ledger.acceptances.remove(choice.gone)
        self._ledger.sweep(self._now())
        return pruned

    def _prune(self, page: Sequence[list[PrunableBatch]], choice: PruneChoice, pruned: Pruned) -> None:
        marks = self._ledger.open_marks.all()
        groups = [group for group in page if not any(batch.folder in marks for batch in group)]
        self._keep_windows(groups)
        groups = [group for group in groups if self._sweep_destinations(group, choice, pruned)]
        batches = list(chain.from_iterable(groups))
        if not batches:
            return
        RecentBatches(self._redis).remove([batch.id for batch in batches])
        pruned.objects += self._ledger.removals.remove(
            [batch.folder for batch in batches if batch.whole],
            [batch.folder for batch in batches if not batch.whole],
        )
        self._ledger.acceptances.remove(batch.acceptance for batch in batches)
        pruned.batches += len(batches)

    def _keep_windows(self, groups: Sequence[list[PrunableBatch]]) -> None:
        """Keeps that these windows ran, and forgets which of them were reported late."""
        windows = {
            (batch.definition, batch.window.start): batch.window
            for group in groups
            for batch in group
            if batch.definition and batch.window
        }
        for extract in {extract for extract, _ in windows}:
            own = [window for (definition, _), window in windows.items() if definition == extract]
            self._ledger.pruned.add(extract, own)
            self._marks.forget(extract, "late", [window_name(Window(each.start, each.end)) for each in own])

    def _sweep_destinations(self, group: list[PrunableBatch], choice: PruneChoice, pruned: Pruned) -> bool:
        """Removes what is left of a group where results go; False, and it stays, if one of the places refuses that."""
        complete = {batch.folder for batch in group if batch.complete}
        for batch in group:
            try:
                if batch.swept or batch.whole in complete:
                    pruned.leftovers += _sweep_quarantine(self._open_store(batch.output), batch)
                elif self._is_question(batch):
                    store = self._open_store(batch.output)
                    store.delete_all(list(store.list(batch_folder(batch.id))))
            except StoreError as error:
                choice.problems[batch.id] = f"{batch.output}: {error}"
                return False
        return True

    def _is_question(self, batch: PrunableBatch) -> bool:
        return is_question(batch.id) and batch.output == self._answers


def _sweep_quarantine(store: Store, batch: PrunableBatch) -> int:
    folder = quarantine_of(batch.id)
    left = [key for key in store.list(folder) if key != folder + BATCH_MANIFEST]
    store.delete_all(left)
    return len(left)


def _pages(groups: Sequence[list[PrunableBatch]]) -> Iterator[list[list[PrunableBatch]]]:
    """Cuts groups into pages of so many batches as are removed in one go; one larger group is a page of its own."""
    page: list[list[PrunableBatch]] = []
    batches = 0
    for group in groups:
        if page and batches + len(group) > AT_ONCE:
            yield page
            page, batches = [], 0
        page.append(group)
        batches += len(group)
    if page:
        yield page
