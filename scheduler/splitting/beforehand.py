"""Decides which runs of a window are cut before anything is spent on them, by what their last windows came to.

Expansion asks it of each item and writes the answer into the item (`Item.parts`); the worker's `submit` then sends
nothing, and the closing cuts the run as if it had hit its wall. Only what can be cut for certain is: a wrong guess may
cost some small queries, and never a result.
"""

from functools import cached_property

from forebay.scheduler.batches.history import PastRuns, parts_wanted
from forebay.scheduler.splitting.cuttable import unsound_in
from forebay.scheduler.splitting.cutting import Rule, generations
from forebay.store.ledger.batch_policy import Splitting


class Beforehand:
    """Answers for one window of a definition."""

    def __init__(self, split: Splitting, past: PastRuns) -> None:
        self._split, self._past = split, past
        self._sound: dict[str, bool] = {}

    def parts(self, name: str, account: str | None) -> int | None:
        """Says into how many parts this run is cut; None: it runs whole. Raises `InputError`."""
        wanted = parts_wanted(self._past.get((account, name), ()), self._split.window)
        if wanted == 1 or not self._is_sound(name, account):
            return None
        sizes = self._sizes
        return next((size for size in sizes if size >= wanted), sizes[-1] if sizes else None)

    @cached_property
    def _sizes(self) -> list[int]:
        return [len(parts) for parts in generations(self._split.window, Rule.of(self._split))]

    def _is_sound(self, name: str, account: str | None) -> bool:
        """Says whether it can be cut, which is the same whatever account it is about."""
        if name not in self._sound:
            self._sound[name] = name in self._split.texts and not unsound_in(self._split, name, account)
        return self._sound[name]
