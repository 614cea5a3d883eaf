"""Verifies a landed tree: reads its manifests and what they vouch for, several at a time, in bounded memory."""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from forebay.landing.verifying.batch_claims import check_batch
from forebay.landing.verifying.discrepancies import Checked, Discrepancy
from forebay.landing.verifying.stored_result import TreeReading, check_stored
from forebay.landing.verifying.tree import Folder, is_batch_manifest, is_manifest, walk

#: What one process on a small machine reads at once: reading is waiting, hashing is a core's work.
PARALLEL = 8


class _NobodyListens(Exception):
    """Raised inside of a reading when nobody wants to know any more."""


class Verifier:
    """One pass over a tree. `read_bytes` grows while it goes on."""

    def __init__(
        self, reading: TreeReading, *, parallel: int = PARALLEL, report: Callable[[int], None] = lambda _: None
    ) -> None:
        """Takes `report`, which gets the bytes read so far after each piece, from one thread at a time."""
        self.read_bytes = 0
        self._counting = threading.Lock()
        self._stopping = threading.Event()
        self._report = report
        self._reading = replace(reading, progress=self._progress)
        self._parallel = parallel

    def verify(self, prefixes: Iterable[str]) -> Generator[Checked | Discrepancy]:
        """Checks all below these keys, and yields what came of each manifest, and each object that none vouches for.

        In the order in which readings end. Closing the iterator ends them. Raises StoreError where the store cannot be
        listed.
        """
        pending: dict[Future[Checked], Folder] = {}
        keys = (key for prefix in prefixes for key in self._reading.store.list(prefix))
        with ThreadPoolExecutor(self._parallel, thread_name_prefix="verify") as pool:
            try:
                for key, folder in walk(keys):
                    if not (is_manifest(key) or is_batch_manifest(key)):
                        yield from folder.extra() if folder.is_over else ()
                        continue
                    while len(pending) >= 2 * self._parallel:
                        yield from self._ended(pending)
                    pending[pool.submit(self._check, key)] = folder
                while pending:
                    yield from self._ended(pending)
            finally:
                self._stopping.set()
                for waiting in pending:
                    waiting.cancel()

    def _check(self, key: str) -> Checked:
        return check_batch(self._reading.store, key) if is_batch_manifest(key) else check_stored(self._reading, key)

    def _ended(self, pending: dict[Future[Checked], Folder]) -> Iterator[Checked | Discrepancy]:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        # In the order of their names, as far as they ended together.
        for one in [each for each in pending if each in done]:
            folder = pending.pop(one)
            yield folder.take(one.result())
            if folder.is_over:
                yield from folder.extra()

    def _progress(self, read: int) -> None:
        if self._stopping.is_set():
            raise _NobodyListens
        with self._counting:
            self.read_bytes += read
            self._report(self.read_bytes)
