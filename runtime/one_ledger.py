"""Sees to it that a Redis works for one ledger, at one place: what was left behind, or copied, is nobody's to work on.

Redis has a stamp with the ledger's id and URL, set by the first worker or beat. Whoever comes with another URL is told
so, unless the ledger has moved there by itself: the same id, and nothing left at the old place. Workers and beat look
again all the time, so one that still points to the old place ends as soon as the ledger was moved.
"""

from collections.abc import Callable
from dataclasses import dataclass

from forebay.config.errors import ConfigError
from forebay.governor.deployment.ledger_stamp import LedgerStamp, LedgerStamps
from forebay.governor.redis_client import Client
from forebay.store.errors import StoreError
from forebay.store.interface import Store
from forebay.store.ledger.place import LedgerPlace


class LedgerElsewhere(ConfigError):
    """Raised when Redis works for another ledger than the one that the settings name, or for it at another place."""


@dataclass(frozen=True, slots=True)
class OneLedger:
    """The ledger of a process, and the Redis that may work for another one. Its methods raise `GovernorError`."""

    redis: Client
    store: Store
    open_store: Callable[[str], Store]

    def check(self) -> None:
        """Raises `LedgerElsewhere`, and StoreError. Where all is well it costs no look at the store."""
        stamp = LedgerStamps(self.redis).read()
        if stamp and stamp.url != self.store.url:
            self._explain(stamp)

    def claim(self) -> None:
        """Does as `check`, and makes Redis work for this ledger if it works for none."""
        stamps = LedgerStamps(self.redis)
        if stamps.read() is None:
            place = LedgerPlace(self.store)
            if moved_to := place.moved_to():
                raise LedgerElsewhere(
                    f"the ledger that was at {place.url} is at {moved_to}: set FOREBAY_LEDGER to that"
                )
            stamps.claim(LedgerStamp(place.make_id(), place.url))
        self.check()

    def move(self) -> str | None:
        """Makes Redis work for the ledger at its new place, and returns the old one; None if it is there already.

        Raises `LedgerElsewhere` if this is no copy of it, and StoreError.
        """
        stamps, place = LedgerStamps(self.redis), LedgerPlace(self.store)
        stamp = stamps.read()
        own = LedgerStamp(place.make_id(), place.url)
        if stamp is None or stamp.url == own.url:
            stamps.claim(own)
            return None
        if stamp.id != own.id:
            raise self._another(stamp)
        stamps.move(own)
        return stamp.url

    def _explain(self, stamp: LedgerStamp) -> None:
        """Raises why this is not the ledger that Redis works for; or lets it be that, if it has moved here."""
        place = LedgerPlace(self.store)
        if place.id() != stamp.id:
            raise self._another(stamp)
        if self._is_gone(stamp):
            LedgerStamps(self.redis).move(LedgerStamp(stamp.id, place.url))
            return
        raise LedgerElsewhere(
            f"Redis works for the ledger at {stamp.url}, and FOREBAY_LEDGER names a copy of it, {place.url}. If it was "
            "moved, and nothing works on the old one any more, `forebay rebuild --moved` says so; else set "
            "FOREBAY_LEDGER to the first"
        )

    def _another(self, stamp: LedgerStamp) -> LedgerElsewhere:
        return LedgerElsewhere(
            f"Redis works for the ledger at {stamp.url}, and FOREBAY_LEDGER names another one, {self.store.url}: set "
            "it to the first, or give each its own Redis (or database)"
        )

    def _is_gone(self, stamp: LedgerStamp) -> bool:
        """Says whether nothing is left at the old place, as far as this process can see."""
        try:
            old = self.open_store(stamp.url)
            try:
                return LedgerPlace(old).id() is None
            finally:
                old.close()
        except StoreError:
            return False
